import { checkBundle } from '../../verification/index.ts';
import type { LockRecord } from '../../provenance/index.ts';
import type { LockFacts } from '../context.ts';
import { authenticate, lockRefusal } from './lock-facts.ts';
import { policySigners } from '../signers/signers.ts';
import { anyNeedsTrust, policyTrustWith, type MissingTrust } from '../signers/trust.ts';
import type { LoadedPolicy } from '../file/types.ts';

export interface JudgeLockOptions {
  readonly now: Date;
  /** Bytes of the trusted root of the repository that the policy names; not asked for where it brings its own. */
  readonly trustedRoot?: Uint8Array;
}

/** What a gate will say of a lock's signatures. */
export interface JudgedLock {
  /** Why the lock's own signature does not do, where the policy demands one. */
  readonly refused?: LockFacts['refused'];
  /** For each record, in their order: names of the identities of its entry that vouch for platforms of it, sorted. */
  readonly authenticated: readonly (readonly string[])[];
  /** For each record: why that cannot be said, where its entry names identities that take a trusted root, and there is none. */
  readonly missing: readonly (MissingTrust | undefined)[];
}

/**
 * Judges what a lock keeps as deciding will: the lock's own signature by `lockSignedBy`, and of each record the signatures of the base by its entry's `signedBy`.
 * @param records the lock's, or ones that are not yet part of it
 */
export async function judgeLock(
  loaded: LoadedPolicy,
  records: readonly LockRecord[],
  options: JudgeLockOptions,
): Promise<JudgedLock> {
  const { now, trustedRoot } = options;
  const signers = await policySigners(loaded, policyTrustWith(loaded, trustedRoot), now);
  const judges = { signers, check: checkBundle };
  const refused = await lockRefusal(loaded, judges);
  const authenticated: (readonly string[])[] = [];
  const missing: (MissingTrust | undefined)[] = [];
  for (const record of records) {
    const entry = loaded.policy.bases?.entries.find((candidate) => candidate.name === record.entry);
    const found = new Map<string, string>();
    if (entry?.signedBy !== undefined) await authenticate(record, { ...judges, entry, authenticated: found });
    authenticated.push([...new Set(found.values())].toSorted());
    const wantsTrust = anyNeedsTrust(loaded.policy, entry?.signedBy ?? []);
    missing.push(found.size === 0 && wantsTrust ? signers.missingTrust : undefined);
  }
  return { ...(refused === undefined ? {} : { refused }), authenticated, missing };
}
