import { IN_TOTO_PAYLOAD_TYPE } from '../attestation/index.ts';
import type { JsonValue } from '../core/index.ts';
import type { HashName, SignedArtifact } from './artifact.ts';
import { base64 } from './service/json-members.ts';
import type { SigningCertificate } from './signer/contract.ts';
import type { Testimony } from './witness/contract.ts';

/** Whether a bundle holds the leaf alone, or the leaf and its intermediates (which not every verifier reads). */
export type ChainInBundle = 'leaf' | 'chain';

export interface BundleParts {
  readonly certificate?: SigningCertificate;
  readonly testimonies: readonly Testimony[];
  readonly chain: ChainInBundle;
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const HASH_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const satisfies Record<
  HashName,
  string
>;

/**
 * A Sigstore bundle of version 0.3 as JSON, members in one order. There is no `keyid`: cosign 3.1 refuses bundles that have one.
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export function bundleDocument(signed: SignedArtifact, parts: BundleParts): JsonValue {
  const entries = parts.testimonies.flatMap((testimony) =>
    testimony.kind === 'log-entry' ? [testimony.entry.json] : [],
  );
  const timestamps = parts.testimonies.flatMap((testimony) =>
    testimony.kind === 'timestamp' ? [{ signedTimestamp: base64(testimony.timestamp.response) }] : [],
  );
  return {
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      ...keyMaterial(signed, parts),
      ...(entries.length === 0 ? {} : { tlogEntries: entries }),
      ...(timestamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps: timestamps } }),
    },
    ...content(signed),
  };
}

function keyMaterial({ publicKey }: SignedArtifact, parts: BundleParts): { readonly [key: string]: JsonValue } {
  const { certificate, chain } = parts;
  if (certificate === undefined) return { publicKey: { hint: publicKey.hint } };
  const [leaf, ...rest] = [certificate.leaf, ...certificate.intermediates].map(({ raw }) => ({
    rawBytes: base64(raw),
  }));
  if (chain === 'chain' && leaf !== undefined && rest.length > 0)
    return { x509CertificateChain: { certificates: [leaf, ...rest] } };
  return { certificate: leaf ?? {} };
}

function content({ artifact, signature, hashName, digest }: SignedArtifact): { readonly [key: string]: JsonValue } {
  if (artifact.kind === 'statement') {
    return {
      dsseEnvelope: {
        payload: base64(artifact.payload),
        payloadType: IN_TOTO_PAYLOAD_TYPE,
        signatures: [{ sig: base64(signature) }],
      },
    };
  }
  return {
    messageSignature: {
      messageDigest: { algorithm: HASH_NAMES[hashName], digest: base64(digest) },
      signature: base64(signature),
    },
  };
}
