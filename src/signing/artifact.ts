import { hash } from 'node:crypto';
import { IN_TOTO_PAYLOAD_TYPE, pae } from '../attestation/index.ts';
import { signatureHash, type PublicKeyIdentity } from '../keys/index.ts';

/** What is signed. */
export type Artifact =
  /** An in-toto statement: becomes a bundle with a DSSE envelope. */
  | { readonly kind: 'statement'; readonly payload: Uint8Array }
  /** A file: becomes a bundle with a signature over its bytes, which are not in the bundle. */
  | { readonly kind: 'file'; readonly bytes: Uint8Array };

export type HashName = 'sha256' | 'sha384' | 'sha512';

/** An artifact whose signature exists: what witnesses testify to. */
export interface SignedArtifact {
  readonly artifact: Artifact;
  /** The bytes that the signature is over: of a statement its pre-authentication encoding. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** The hash that the key signs with; SHA-256 for keys that take the message itself. */
  readonly hashName: HashName;
  readonly digest: Uint8Array;
  readonly publicKey: PublicKeyIdentity;
  /** DER of the leaf, when there is one. */
  readonly certificate?: Uint8Array;
}

/** The bytes that are signed. */
export function bytesToSign(artifact: Artifact): Uint8Array {
  return artifact.kind === 'statement' ? pae(IN_TOTO_PAYLOAD_TYPE, artifact.payload) : artifact.bytes;
}

export function digestFor(
  publicKey: PublicKeyIdentity,
  bytes: Uint8Array,
): Pick<SignedArtifact, 'hashName' | 'digest'> {
  const hashName = signatureHash(publicKey.algorithm) ?? 'sha256';
  return { hashName, digest: hash(hashName, bytes, 'buffer') };
}
