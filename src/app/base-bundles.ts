import { findBundles, SIGN_PREDICATE_TYPE, type FoundBundle } from '../attestation/index.ts';
import type { Digest, Runtime } from '../core/index.ts';
import type { ReferrerStore } from '../image/index.ts';
import type { BaseEntry, LoadedPolicy } from '../policy/index.ts';
import { checkBundle } from '../verification/index.ts';

/** Keyless signatures of one subject, which this version keeps for a later one to verify. */
const MAX_KEYLESS = 16;
const MAX_KEYLESS_BYTES = 256 * 1024;

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
}

/**
 * The signatures of a base that the lock's verdicts can rest on: by a key of the policy over this very digest; keyless ones where the entry names such an
 * identity. Whatever else somebody attached stays out, or it would fill a lock that only ever grows.
 */
export async function findBaseBundles(
  referrers: ReferrerStore,
  subjects: readonly Digest[],
  options: BaseBundleOptions,
): Promise<readonly BaseBundle[]> {
  const { loaded, entry, runtime } = options;
  const names = entry.signedBy ?? [];
  const isKeylessWanted = names.some((name) => loaded.policy.identities?.get(name)?.key === undefined);
  const kept: BaseBundle[] = [];
  for (const subject of subjects) {
    const { bundles } = await findBundles(referrers, subject, { signal: runtime.signal });
    let keyless = 0;
    for (const bundle of bundles) {
      const standing = await standingOf(bundle, subject, loaded);
      if (standing === 'keyless') keyless += 1;
      const isKept =
        standing === 'signed' ||
        (standing === 'keyless' &&
          isKeylessWanted &&
          keyless <= MAX_KEYLESS &&
          bundle.bytes.byteLength <= MAX_KEYLESS_BYTES);
      if (isKept) kept.push({ subject, digest: bundle.digest, bytes: bundle.bytes });
    }
  }
  return kept;
}

async function standingOf(
  { bytes }: FoundBundle,
  subject: Digest,
  { keys }: LoadedPolicy,
): Promise<'signed' | 'keyless' | 'other'> {
  const trusted = [...keys.values()].map((key) => ({ key }));
  if (trusted.length === 0) return 'other';
  const verdict = await checkBundle(bytes, { keys: trusted, subject, requireTransparencyLog: false });
  if (verdict.ok) return verdict.predicateType === SIGN_PREDICATE_TYPE ? 'signed' : 'other';
  return verdict.code === 'KEYLESS_UNSUPPORTED' ? 'keyless' : 'other';
}
