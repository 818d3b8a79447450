import { findBundles, type FoundBundle } from '../../attestation/index.ts';
import type { Digest, Runtime } from '../../core/index.ts';
import type { ReferrerStore } from '../../image/index.ts';
import { anyNeedsTrust, baseVoucher, type BaseEntry, type LoadedPolicy } from '../../policy/index.ts';
import { policyTrustPort, type PolicyTrustOptions } from '../gate/policy-trust.ts';

/** A signature of a base that the lock keeps. */
export interface BaseBundle {
  readonly subject: Digest;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface BaseBundleOptions {
  readonly loaded: LoadedPolicy;
  readonly entry: BaseEntry;
  readonly runtime: Runtime;
  readonly trust: PolicyTrustOptions;
}

/**
 * What the lock's verdicts about a base can rest on: signatures and passed verification summaries over this very digest that verify for somebody whom the
 * policy names, by key or by certificate. Whatever else somebody attached stays out, or it would fill a lock that only ever grows. Deciding verifies what is
 * kept again, with the policy's trusted root or the evidence's.
 * @throws AppError of TUF_ERRORS and NET_ERRORS, where the entry names identities that take a trusted root and it cannot be had
 */
export async function findBaseBundles(
  referrers: ReferrerStore,
  subjects: readonly Digest[],
  options: BaseBundleOptions,
): Promise<readonly BaseBundle[]> {
  const { runtime } = options;
  const found: (FoundBundle & { readonly subject: Digest })[] = [];
  for (const subject of subjects) {
    const { bundles } = await findBundles(referrers, subject, { signal: runtime.signal });
    found.push(...bundles.map((bundle) => ({ ...bundle, subject })));
  }
  if (found.length === 0) return [];
  const vouches = await baseVoucher(options.loaded, { now: runtime.now(), ...(await trustOf(options)) });
  const kept: BaseBundle[] = [];
  for (const { subject, digest, bytes } of found) {
    if (await vouches(bytes, subject)) kept.push({ subject, digest, bytes });
  }
  return kept;
}

async function trustOf(options: BaseBundleOptions): Promise<{ readonly trustedRoot?: Uint8Array }> {
  const { loaded, entry, runtime, trust } = options;
  const port = anyNeedsTrust(loaded.policy, entry.signedBy ?? []) ? policyTrustPort(loaded, trust, runtime) : undefined;
  return port === undefined ? {} : { trustedRoot: await port.read(runtime.signal) };
}
