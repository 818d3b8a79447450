import type { Digest } from '../../core/index.ts';
import { checkBundle } from '../../verification/index.ts';
import { authenticates } from './lock-facts.ts';
import { judgeBundle, policySigners } from '../signers/signers.ts';
import { needsTrust, policyTrust, policyTuf } from '../signers/trust.ts';
import type { BaseEntry, LoadedPolicy, Policy } from '../file/types.ts';

export interface BaseVoucherOptions {
  readonly now: Date;
  /** Bytes of the trusted root of the policy's repository; not asked for where the policy brings its own. */
  readonly trustedRoot?: Uint8Array;
}

/** Judges a bundle about a base: whether it vouches for the subject in the name of somebody whom the policy names. Hostile input. */
export async function baseVoucher(
  loaded: LoadedPolicy,
  { now, trustedRoot }: BaseVoucherOptions,
): Promise<(bundle: Uint8Array, subject: Digest) => Promise<boolean>> {
  const source = policyTuf(loaded)?.source;
  const roots = trustedRoot === undefined || source === undefined ? [] : [{ source, bytes: trustedRoot }];
  const signers = await policySigners(loaded, policyTrust(loaded, { trustedRoots: roots, images: [] }), now);
  return async (bundle, subject) => {
    const verdict = await judgeBundle(signers, (options) => checkBundle(bundle, { ...options, subject }));
    return verdict.ok && authenticates(verdict.statement);
  };
}

/** Whether judging what vouches for an entry's bases takes a trusted root. */
export function entryNeedsTrust({ identities }: Policy, { signedBy = [] }: BaseEntry): boolean {
  return signedBy.some((name) => needsTrust(identities?.get(name)));
}
