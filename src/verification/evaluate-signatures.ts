import { SIGN_PREDICATE_TYPE, type PredicateType } from '../attestation/index.ts';
import type { Digest } from '../core/index.ts';
import { checkBundle } from './check-bundle.ts';
import { verificationError } from './errors.ts';
import type { CheckBundleOptions, RejectedBundle, TrustedKey, VerifiedBundle, VerifiedSigner } from './types.ts';

/** A bundle's bytes and where they were found; `FoundBundle` is one, and so is what an evidence file keeps. */
export interface CandidateBundle {
  readonly bytes: Uint8Array;
  readonly manifest?: { readonly digest: Digest };
}

interface EvaluateCommon {
  readonly keys: readonly TrustedKey[];
  readonly subject: Digest;
  readonly requireTransparencyLog: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How many distinct keys must have signed; 1 unless told. */
  readonly threshold?: number;
  readonly maxBytes?: number;
}

/** Image signatures are statements of cosign's `sign/v1` and nothing else; attestations are of the type asked for. */
export type EvaluateOptions =
  | (EvaluateCommon & { readonly kind: 'signature' })
  | (EvaluateCommon & { readonly kind: 'attestation'; readonly predicateType: PredicateType });

export type AcceptedCandidate = VerifiedBundle & { readonly manifestDigest?: Digest };
export type RejectedCandidate = RejectedBundle & { readonly manifestDigest?: Digest };

export interface SignatureEvaluation {
  /** Whether at least `threshold` distinct keys signed. False when there is nothing to look at. */
  readonly satisfied: boolean;
  readonly threshold: number;
  /** Every key that signed, once, in the order of the first bundle accepted from it. */
  readonly signers: readonly VerifiedSigner[];
  readonly accepted: readonly AcceptedCandidate[];
  /** Every other bundle with its reason; one bad bundle never spoils a good one. */
  readonly rejected: readonly RejectedCandidate[];
}

/**
 * Checks every bundle found at an image and counts distinct signers. In memory, no I/O: the same input gives the same result later.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_THRESHOLD
 */
export async function evaluateSignatures(
  candidates: readonly CandidateBundle[],
  options: EvaluateOptions,
): Promise<SignatureEvaluation> {
  const threshold = checkThreshold(options);
  const check: CheckBundleOptions = { ...options, predicateType: wantedType(options) };
  const accepted: AcceptedCandidate[] = [];
  const rejected: RejectedCandidate[] = [];
  for (const candidate of candidates) {
    const verdict = await checkBundle(candidate.bytes, check);
    const found = candidate.manifest === undefined ? {} : { manifestDigest: candidate.manifest.digest };
    if (verdict.ok) accepted.push({ ...verdict, ...found });
    else rejected.push({ ...verdict, ...found });
  }
  const signers = new Map<string, VerifiedSigner>();
  for (const { signer } of accepted) if (!signers.has(signer.fingerprint)) signers.set(signer.fingerprint, signer);
  return { satisfied: signers.size >= threshold, threshold, signers: [...signers.values()], accepted, rejected };
}

function wantedType(options: EvaluateOptions): PredicateType {
  return options.kind === 'signature' ? { uri: SIGN_PREDICATE_TYPE } : options.predicateType;
}

function checkThreshold({ threshold = 1, keys }: EvaluateOptions): number {
  const distinctKeys = new Set(keys.map(({ key }) => key.fingerprint)).size;
  if (distinctKeys === 0)
    throw verificationError('VERIFICATION_NO_KEYS', 'no key to verify with', { hint: 'give --key FILE' });
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > distinctKeys) {
    throw verificationError(
      'VERIFICATION_THRESHOLD',
      `a threshold of ${threshold} cannot be met by ${distinctKeys} distinct keys`,
      {
        hint: `give a whole number from 1 to ${distinctKeys}`,
      },
    );
  }
  return threshold;
}
