import { hash } from 'node:crypto';
import { pae, type ParsedBundle } from '../attestation/index.ts';
import { hexOf, sameBytes } from './bytes.ts';

/** Hashes by their names in Sigstore's formats, old and new. */
export const HASH_NAMES: Readonly<Record<string, HashName>> = {
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  SHA2_256: 'sha256',
  SHA2_384: 'sha384',
  SHA2_512: 'sha512',
};
export type HashName = 'sha256' | 'sha384' | 'sha512';

/** What was signed, as far as log entries and timestamps ask for it. */
export interface SignedContent {
  readonly signature: Uint8Array;
  /** What timestamps are over; the signature unless told. */
  readonly stamped?: Uint8Array;
  /** Whether this is the digest of the bytes that were signed. */
  readonly isSignedDigest: (algorithm: HashName, digest: Uint8Array) => boolean;
  /** Whether this is the digest of an envelope's payload; never for files. */
  readonly isPayloadDigest: (algorithm: HashName, digest: Uint8Array) => boolean;
}

/** The content of a bundle with a statement. */
export function envelopeContent(bundle: ParsedBundle): SignedContent {
  const signed = pae(bundle.payloadType, bundle.payload);
  return {
    signature: bundle.signature,
    isSignedDigest: comparesWith(signed),
    isPayloadDigest: comparesWith(bundle.payload),
  };
}

/** Hashes once for each algorithm: several parts of a log entry are compared. */
function comparesWith(bytes: Uint8Array): (algorithm: HashName, digest: Uint8Array) => boolean {
  const digests = new Map<HashName, Uint8Array>();
  return (algorithm, digest) => {
    const own = digests.get(algorithm) ?? hash(algorithm, bytes, 'buffer');
    digests.set(algorithm, own);
    return sameBytes(own, digest);
  };
}

/** The content of a bundle over a file: its digests by algorithm, in hex, each compared with the file before. */
export function fileContent(signature: Uint8Array, digests: ReadonlyMap<HashName, string>): SignedContent {
  return {
    signature,
    isSignedDigest: (algorithm, digest) => digests.get(algorithm) === hexOf(digest),
    isPayloadDigest: () => false,
  };
}
