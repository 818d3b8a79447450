import { pae, type ParsedBundle } from '../attestation/index.ts';
import { verifySignature } from '../keys/index.ts';
import type { TrustedKey } from './types.ts';

/**
 * The trusted key that signed the bundle, or undefined. The library checks; wrapped is what it lacks: the hash that follows from the key (it knows only
 * SHA-256 for envelopes). Log entries and timestamps are left out: they are not evaluated here.
 */
export async function findSigningKey(
  bundle: ParsedBundle,
  keys: readonly TrustedKey[],
): Promise<TrustedKey | undefined> {
  const { toSignedEntity, VerificationError, Verifier } = await import('@sigstore/verify');
  const signed = pae(bundle.payloadType, bundle.payload);
  const entity = toSignedEntity({
    mediaType: bundle.mediaType,
    content: {
      $case: 'dsseEnvelope',
      dsseEnvelope: {
        payloadType: bundle.payloadType,
        payload: Buffer.from(bundle.payload),
        signatures: [{ sig: Buffer.from(bundle.signature), keyid: bundle.keyid }],
      },
    },
    verificationMaterial: {
      content: { $case: 'publicKey', publicKey: { hint: hintOf(bundle) } },
      tlogEntries: [],
      timestampVerificationData: { rfc3161Timestamps: [] },
    },
  });
  for (const trusted of keys) {
    entity.signature.verifySignature = () => verifySignature(trusted.key, signed, bundle.signature);
    const verifier = new Verifier(
      {
        certificateAuthorities: [],
        timestampAuthorities: [],
        tlogs: [],
        ctlogs: [],
        publicKey: () => ({ publicKey: trusted.key.key, validFor: () => true }),
      },
      { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
    );
    try {
      verifier.verify(entity);
      return trusted;
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
    }
  }
  return undefined;
}

/** The hint a keyed bundle states. */
export function hintOf(bundle: ParsedBundle): string {
  if (bundle.material.kind !== 'public-key') return '';
  return bundle.material.hint === '' ? bundle.keyid : bundle.material.hint;
}
