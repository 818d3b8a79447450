import { AppError, isAppError, type Runtime } from '../../core/index.ts';
import { anyNeedsTrust, judgeLock, loadPolicy, lockBundlePath, type LoadedPolicy } from '../../policy/index.ts';
import type { Lock, LockRecord } from '../../provenance/index.ts';
import { appError } from '../errors.ts';
import type { PulledLock } from './lock-artifact.ts';
import { policyTrustPort, type PolicyTrustOptions } from '../gate/policy-trust.ts';

/** Where the trusted root is from that judging takes. */
export interface LockContext {
  readonly trust: PolicyTrustOptions;
  readonly runtime: Runtime;
}

/**
 * The signature to keep beside a lock that was fetched. One that somebody must have signed is not taken unsigned; the gate asks again.
 * @throws AppError LOCK_UNTRUSTED
 */
export async function trustedSignature(
  loaded: LoadedPolicy,
  pulled: PulledLock,
  context: LockContext,
): Promise<Uint8Array | undefined> {
  const { lock, lockSignedBy } = loaded.policy.bases ?? {};
  if (lock === undefined || lockSignedBy === undefined) return pulled.signatures[0];
  const root = await rootFor(loaded, lockSignedBy, context);
  let refused: { readonly code: string; readonly reason: string } | undefined;
  for (const signature of pulled.signatures) {
    const files = new Map([...loaded.files, [lock, pulled.bytes], [lockBundlePath(lock), signature]]);
    const judged = await judgeLock({ ...loaded, files, lock: pulled.lock }, [], {
      now: context.runtime.now(),
      ...root,
    });
    if (judged.refused === undefined) return signature;
    refused ??= judged.refused;
  }
  const reason =
    refused === undefined ? 'nothing that signs it is attached to it' : `${refused.code}: ${refused.reason}`;
  throw appError(
    'LOCK_UNTRUSTED',
    `the lock that was fetched is not signed by ${lockSignedBy.join(' or ')}: ${reason}`,
    {
      hint: 'have it pushed with its signature: base lock --key FILE --push REFERENCE',
    },
  );
}

/** The trusted root of the policy's repository, where one of these identities takes one. */
async function rootFor(
  loaded: LoadedPolicy,
  names: readonly string[],
  context: LockContext,
): Promise<{ readonly trustedRoot?: Uint8Array }> {
  const port = anyNeedsTrust(loaded.policy, names)
    ? policyTrustPort(loaded, context.trust, context.runtime)
    : undefined;
  if (port === undefined) return {};
  try {
    return { trustedRoot: await port.read(context.runtime.signal) };
  } catch (error) {
    if (!isAppError(error) || context.runtime.signal.aborted) throw error;
    context.runtime.progress({
      kind: 'warning',
      message: `no trusted root, so keyless signatures are not judged: ${error.message}`,
    });
    return {};
  }
}

export type LockedPolicy = LoadedPolicy & { readonly lock: Lock };

/**
 * A policy with a lock that gates would believe, for whoever tells what it says.
 * @throws AppError BASE_LOCK_EMPTY, BASE_LOCK_UNSIGNED, BASE_LOCK_UNTRUSTED, those of a trusted root that is missing, POLICY_*, LOCK_*
 */
export async function loadTrustedLock(policyFile: string, context: LockContext): Promise<LockedPolicy> {
  const loaded = await loadPolicy(policyFile);
  const { lock } = loaded;
  const { lock: name, lockSignedBy } = loaded.policy.bases ?? {};
  if (lock === undefined || lock.records.length === 0) {
    throw appError('BASE_LOCK_EMPTY', `the lock of ${policyFile} is missing or empty: nothing is known of the bases`, {
      hint:
        name === undefined
          ? 'add bases to the policy: entries, and lock: bases.lock.jsonl'
          : `run waybill base lock --policy ${policyFile}`,
    });
  }
  if (lockSignedBy === undefined) return { ...loaded, lock };
  const root = await rootFor(loaded, lockSignedBy, context);
  const { refused } = await judgeLock(loaded, [], { now: context.runtime.now(), ...root });
  if (refused === undefined) return { ...loaded, lock };
  throw new AppError(refused.code, refused.exitCode, refused.reason, { hint: refused.remedy });
}

/** A lock as it lies beside its policy. */
export interface WrittenLock {
  readonly lock: Lock;
  readonly bytes: Uint8Array;
  /** What lies beside it. */
  readonly signature: Uint8Array | undefined;
}

/** Why a gate will not believe the lock as it is now: the policy names who must have signed it. undefined when it will, or when it names nobody. */
export async function lockRefusedAs(
  loaded: LoadedPolicy,
  { lock, bytes, signature }: WrittenLock,
  context: LockContext,
): Promise<LockRefusal | undefined> {
  const { lock: name, lockSignedBy } = loaded.policy.bases ?? {};
  if (name === undefined || lockSignedBy === undefined) return undefined;
  const root = signature === undefined ? {} : await rootFor(loaded, lockSignedBy, context);
  const files = new Map([...loaded.files, [name, bytes]]);
  if (signature === undefined) files.delete(lockBundlePath(name));
  else files.set(lockBundlePath(name), signature);
  const { refused } = await judgeLock({ ...loaded, files, lock }, [], { now: context.runtime.now(), ...root });
  return refused === undefined ? undefined : { code: refused.code, reason: refused.reason };
}

export interface LockRefusal {
  readonly code: string;
  readonly reason: string;
}

/** Who vouches for a base. */
export interface JudgedBase {
  /** Names of the entry's `signedBy`: who should. */
  readonly signedBy: readonly string[];
  /** Identities of the entry's `signedBy` whose signature of the base was verified. */
  readonly authenticated: readonly string[];
  /** Why signatures could not be judged. */
  readonly unjudged?: string;
}

/** Who vouches for what was observed, as a gate will say. */
export async function judgeObserved(
  loaded: LoadedPolicy,
  records: readonly LockRecord[],
  context: LockContext,
): Promise<readonly JudgedBase[]> {
  const entries = loaded.policy.bases?.entries ?? [];
  const wanted = records.map(({ entry }) => entries.find(({ name }) => name === entry)?.signedBy ?? []);
  if (records.length === 0) return [];
  const root = await rootFor(loaded, wanted.flat(), context);
  const judged = await judgeLock(loaded, records, { now: context.runtime.now(), ...root });
  return judged.authenticated.map((authenticated, index) => {
    const reason = judged.missing[index]?.reason;
    return { signedBy: wanted[index] ?? [], authenticated, ...(reason === undefined ? {} : { unjudged: reason }) };
  });
}
