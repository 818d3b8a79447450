import type { Digest } from '../../core/index.ts';
import { checkBundle } from '../../verification/index.ts';
import type { JudgeLockOptions } from './judge-lock.ts';
import { authenticates } from './lock-facts.ts';
import { judgeBundle, policySigners } from '../signers/signers.ts';
import { policyTrustWith } from '../signers/trust.ts';
import type { LoadedPolicy } from '../file/types.ts';

/** Judges a bundle about a base: whether it vouches for the subject in the name of somebody whom the policy names. Hostile input. */
export async function baseVoucher(
  loaded: LoadedPolicy,
  { now, trustedRoot }: JudgeLockOptions,
): Promise<(bundle: Uint8Array, subject: Digest) => Promise<boolean>> {
  const signers = await policySigners(loaded, policyTrustWith(loaded, trustedRoot), now);
  return async (bundle, subject) => {
    const verdict = await judgeBundle(signers, (options) => checkBundle(bundle, { ...options, subject }));
    return verdict.ok && authenticates(verdict.statement);
  };
}
