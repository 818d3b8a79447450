import { SIGN_PREDICATE_TYPE, type LegacyCandidate, type PredicateType } from '../attestation/index.ts';
import type { Digest } from '../core/index.ts';
import { checkBundle } from './check-bundle.ts';
import { checkLegacy } from './check-legacy.ts';
import { requireSigners } from './check-signer.ts';
import { countDistinctSigners } from './count-signers.ts';
import { verificationError } from './errors.ts';
import type {
  CheckBundleOptions,
  RejectedBundle,
  SignerOptions,
  VerifiedBundle,
  VerifiedLegacySignature,
  VerifiedSigner,
} from './types.ts';

/** A bundle's bytes and where they were found; `FoundBundle` is one, and so is what an evidence file keeps. */
export interface CandidateBundle {
  readonly bytes: Uint8Array;
  readonly manifest?: { readonly digest: Digest };
}

interface EvaluateCommon extends SignerOptions {
  readonly subject: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How many distinct keys and identities must have signed; 1 unless told. */
  readonly threshold?: number;
  /** What was found in the layout of cosign 1 and 2; only where somebody asked for it. */
  readonly legacy?: readonly LegacyCandidate[];
}

/** Image signatures are statements of cosign's `sign/v1` and nothing else; attestations are of the type asked for. */
export type EvaluateOptions =
  | (EvaluateCommon & { readonly kind: 'signature' })
  | (EvaluateCommon & { readonly kind: 'attestation'; readonly predicateType: PredicateType });

export type AcceptedCandidate = VerifiedBundle & { readonly manifestDigest?: Digest };
export type AcceptedLegacy = VerifiedLegacySignature & { readonly manifestDigest: Digest };
export type RejectedCandidate = RejectedBundle & { readonly manifestDigest?: Digest };

export interface SignatureEvaluation {
  /** Whether at least `threshold` distinct signers met as many distinct keys or identities. False when there is nothing to look at. */
  readonly satisfied: boolean;
  readonly threshold: number;
  /** Every key and every owner of a certificate that signed, once, in the order of the first bundle accepted from it. */
  readonly signers: readonly VerifiedSigner[];
  readonly accepted: readonly AcceptedCandidate[];
  /** Signatures in the layout of cosign 1 and 2; attestations in it are among the accepted. */
  readonly acceptedLegacy: readonly AcceptedLegacy[];
  /** Every other bundle with its reason; one bad bundle never spoils a good one. */
  readonly rejected: readonly RejectedCandidate[];
}

/**
 * Checks every bundle found at an image and counts distinct signers. In memory, no I/O: the same input gives the same result later.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT, VERIFICATION_THRESHOLD
 */
export async function evaluateSignatures(
  candidates: readonly CandidateBundle[],
  options: EvaluateOptions,
): Promise<SignatureEvaluation> {
  requireSigners(options);
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
  const acceptedLegacy: AcceptedLegacy[] = [];
  for (const candidate of options.legacy ?? []) {
    if (candidate.kind !== options.kind) continue;
    const verdict = await checkLegacy(candidate, check);
    const manifestDigest = candidate.manifest;
    if (!verdict.ok) rejected.push({ ...verdict, manifestDigest });
    else if ('layout' in verdict) acceptedLegacy.push({ ...verdict, manifestDigest });
    else accepted.push({ ...verdict, manifestDigest });
  }
  const all = [...accepted, ...acceptedLegacy].map(({ signer }) => signer);
  const satisfied = countSatisfied(all) >= threshold;
  return { satisfied, threshold, signers: distinctSigners(all), accepted, acceptedLegacy, rejected };
}

/** What makes two signatures those of one signer: the key, or the issuer and the identity that it vouches for. */
export function signerId(signer: VerifiedSigner): string {
  return signer.kind === 'key' ? signer.fingerprint : JSON.stringify([signer.issuer ?? null, signer.identity]);
}

function distinctSigners(signers: readonly VerifiedSigner[]): readonly VerifiedSigner[] {
  const byId = new Map<string, VerifiedSigner>();
  for (const signer of signers) if (!byId.has(signerId(signer))) byId.set(signerId(signer), signer);
  return [...byId.values()];
}

function countSatisfied(signers: readonly VerifiedSigner[]): number {
  const rulesById = new Map<string, Set<string>>();
  for (const signer of signers) {
    const id = signerId(signer);
    rulesById.set(id, new Set([...(rulesById.get(id) ?? []), ...rulesOf(signer)]));
  }
  return countDistinctSigners(rulesById);
}

function rulesOf(signer: VerifiedSigner): readonly string[] {
  return signer.kind === 'key' ? [signer.fingerprint] : signer.rules.map((index) => `identity ${index}`);
}

function wantedType(options: EvaluateOptions): PredicateType {
  return options.kind === 'signature' ? { uri: SIGN_PREDICATE_TYPE } : options.predicateType;
}

function checkThreshold({ threshold = 1, keys, identities = [] }: EvaluateOptions): number {
  const distinctKeys = new Set(keys.map(({ key }) => key.fingerprint)).size;
  const most = distinctKeys + identities.length;
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > most) {
    const what = identities.length === 0 ? 'distinct keys' : 'distinct keys and identities';
    throw verificationError('VERIFICATION_THRESHOLD', `a threshold of ${threshold} cannot be met by ${most} ${what}`, {
      hint: `give a whole number from 1 to ${most}`,
    });
  }
  return threshold;
}
