import { dirname, join } from 'node:path';
import {
  isAppError,
  LIMITS,
  readInputFile,
  sha256Digest,
  writeFileAtomic,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import { formatPlatform, isSamePlatform } from '../../image/index.ts';
import { loadPolicy, lockBundlePath, parsePolicy, type LoadedPolicy } from '../../policy/index.ts';
import {
  appendLockRecords,
  EMPTY_LOCK,
  mergeLocks,
  parseLock,
  type Lock,
  type LockRecord,
  type LockRecordDraft,
} from '../../provenance/index.ts';
import { appError } from '../errors.ts';
import { extendsLock, pullLock, pushLock, type PulledLock, type PushedLock } from './lock-artifact.ts';
import { appendLines, checkLockSize, openPin, replaceLock, signLock, speaksOf } from './lock-file.ts';
import {
  judgeObserved,
  lockRefusedAs,
  trustedSignature,
  type JudgedBase,
  type LockContext,
  type LockRefusal,
} from './lock-trust.ts';
import { observeBases, type ObserveOptions } from './observe-bases.ts';
import { openSigning } from '../signing/open-signing.ts';
import type { SigningAccess } from '../signing/signing-access.ts';

export interface LockBasesOptions extends ObserveOptions {
  readonly policyFile: string;
  /** Look where the tags lead now; true unless told. */
  readonly observe?: boolean;
  /** A reference: before all else, take the lock from there. */
  readonly pull?: string;
  /** Another lock, joined into the policy's before anything is observed. */
  readonly mergeFile?: string;
  /** A reference: at last, store the lock there. */
  readonly push?: string;
  /** Write the new head into the policy's `lockHead`. */
  readonly pinHead?: boolean;
  /** Signs the lock, with a key or as an identity. */
  readonly signing?: SigningAccess;
}

export interface LockedBase extends JudgedBase {
  readonly entry: string;
  readonly image: string;
  readonly tag: string | null;
  readonly digest: Digest;
  readonly platforms: number;
  readonly bundles: number;
  /** Platforms whose files are listed. */
  readonly fileLists: number;
  /** What the lock said of this tag before: nothing, the same digest, another one; `returned` when it led to this one earlier. */
  readonly change: 'new' | 'moved' | 'returned' | 'unchanged';
  /** Platforms that the tag had when it was last observed, and has no more. */
  readonly lostPlatforms: readonly string[];
}

type ObservedBase = Omit<LockedBase, keyof JudgedBase>;

export interface LockBasesResult {
  readonly lockFile: string;
  /** The lock's signature beside it, if one was made: what a policy's `lockSignedBy` asks for. */
  readonly signatureFile?: string;
  readonly head: Digest | null;
  readonly records: number;
  /** Why a gate will not believe the lock as it is now: nobody whom the policy names has signed it. */
  readonly refused?: LockRefusal;
  readonly locked: readonly LockedBase[];
  readonly pulled?: { readonly reference: string; readonly artifact: Digest; readonly added: number };
  /** Both heads are those before joining. */
  readonly merged?: {
    readonly file: string;
    readonly added: number;
    readonly heads: { readonly ours: Digest | null; readonly theirs: Digest | null };
  };
  readonly pushed?: PushedLock;
  /** The policy names this head now. */
  readonly pinned?: boolean;
}

/**
 * Keeps the lock of a policy: fetches it, joins another one, observes where the tags of allowed bases lead and appends what was seen, signs, pins and stores it;
 * what of that was asked for, in this order. All observations are made before anything is written.
 * @throws AppError NOTHING_TO_LOCK, BASE_ENTRY_UNKNOWN, LOCK_DIVERGED, LOCK_HEAD_NOT_PINNED, LOCK_*, POLICY_*, and the codes of reading and signing
 */
export async function lockBases(options: LockBasesOptions, runtime: Runtime): Promise<LockBasesResult> {
  const { policyFile, signing } = options;
  const lockName = await nameOfLock(policyFile);
  const pin = options.pinHead === true ? await openPin(policyFile) : undefined;
  await using signer = signing === undefined ? undefined : await openSigning(signing, runtime);
  const start = await startingLock(options, lockName, runtime);
  if (signer !== undefined) await warnOfUnsigned(start, lockName, { trust: options, runtime });
  const drafts = options.observe === false ? [] : await observeBases(start.loaded, options, runtime);
  const { lock, lines } = appendLockRecords(start.lock, drafts);
  const text = `${start.text}${lines}`;
  const observed = lock.records.slice(lock.records.length - drafts.length);
  const judged = await judgeObserved(start.loaded, observed, { trust: options, runtime });
  const lockFile = join(dirname(policyFile), lockName);
  await writeLock(lockFile, start.onDisk, text);
  const bytes = Buffer.from(text);
  const signatureFile =
    signer === undefined ? await keepSignature(lockFile, bytes, start) : await signLock(lockFile, signer);
  const signature = await signatureBeside(lockFile, bytes);
  const refused = await lockRefusedAs(start.loaded, { lock, bytes, signature }, { trust: options, runtime });
  if (pin !== undefined && lock.head !== null) await pin(lock.head);
  const pushed =
    options.push === undefined
      ? undefined
      : await pushLock(
          options.push,
          { bytes, lock, ...(signature === undefined ? {} : { signature }) },
          { access: options.access, runtime },
        );
  return {
    lockFile,
    ...(signatureFile === undefined ? {} : { signatureFile }),
    head: lock.head,
    records: lock.records.length,
    locked: drafts.map((draft, index) => ({
      ...summary(draft, start.lock),
      ...(judged[index] ?? { signedBy: [], authenticated: [] }),
    })),
    ...(refused === undefined ? {} : { refused }),
    ...start.told,
    ...(pushed === undefined ? {} : { pushed }),
    ...(pin === undefined ? {} : { pinned: lock.head !== null }),
  };
}

async function nameOfLock(policyFile: string): Promise<string> {
  const bytes = await readInputFile(policyFile, LIMITS.policyBytes);
  const { policy } = await parsePolicy({ bytes, name: policyFile });
  if (policy.bases?.lock !== undefined) return policy.bases.lock;
  throw appError('NOTHING_TO_LOCK', `${policyFile} names no lock`, { hint: 'add bases.lock: bases.lock.jsonl' });
}

/** The lock that observations are appended to. */
interface StartingLock {
  readonly loaded: LoadedPolicy;
  readonly lock: Lock;
  readonly text: string;
  /** The file as it is; undefined when there is none. */
  readonly onDisk: Uint8Array | undefined;
  /** What was fetched, with a signature that may be kept beside it. */
  readonly pulled: PulledLock | undefined;
  readonly signature: Uint8Array | undefined;
  readonly told: Pick<LockBasesResult, 'pulled' | 'merged'>;
}

async function startingLock(options: LockBasesOptions, lockName: string, runtime: Runtime): Promise<StartingLock> {
  const { policyFile, pull, mergeFile } = options;
  const anyLockHead = options.pinHead === true;
  const pulled = pull === undefined ? undefined : await pullLock(pull, options.access, runtime);
  // a lock that is fetched need not be here yet, whatever the policy pins
  const local = await loadPolicy(policyFile, { anyLockHead: anyLockHead || pulled !== undefined });
  const onDisk = local.files.get(lockName);
  const taken = pulled === undefined ? onDisk : takePulled(pulled, local.lock ?? EMPTY_LOCK, onDisk);
  const given = taken === undefined ? {} : { given: new Map([[lockName, taken]]) };
  const loaded = pulled === undefined ? local : await loadPolicy(policyFile, { ...given, anyLockHead });
  const signature =
    pulled === undefined ? undefined : await trustedSignature(loaded, pulled, { trust: options, runtime });
  const lock = loaded.lock ?? EMPTY_LOCK;
  const fetched =
    pulled === undefined || pull === undefined
      ? {}
      : {
          pulled: {
            reference: pull,
            artifact: pulled.artifact,
            added: Math.max(0, pulled.lock.records.length - (local.lock?.records.length ?? 0)),
          },
        };
  const common = { loaded, onDisk, pulled, signature };
  if (mergeFile === undefined) {
    return { ...common, lock, text: Buffer.from(taken ?? []).toString('utf8'), told: fetched };
  }
  const other = parseLock(await readInputFile(mergeFile, LIMITS.lockBytes));
  const merged = mergeLocks(lock, other);
  const heads = { ours: lock.head, theirs: other.head };
  return {
    ...common,
    lock: merged.lock,
    text: merged.text,
    told: { ...fetched, merged: { file: mergeFile, added: merged.added, heads } },
  };
}

/** Whichever of the two goes on from the other. @throws AppError LOCK_DIVERGED */
function takePulled(pulled: PulledLock, local: Lock, onDisk: Uint8Array | undefined): Uint8Array {
  if (extendsLock(pulled.lock, local)) return pulled.bytes;
  if (onDisk !== undefined && extendsLock(local, pulled.lock)) return onDisk;
  throw appError('LOCK_DIVERGED', 'the lock that was fetched and the one here go on from each other differently', {
    hint: 'fetch it to a policy of its own and join the two: base lock --merge FILE',
    details: { fetched: pulled.lock.head, here: local.head },
  });
}

function summary(draft: LockRecordDraft, lock: Lock): ObservedBase {
  const earlier = lock.records.filter((record) => record.entry === draft.entry && record.tag === draft.tag);
  const lost = (earlier.at(-1)?.platforms ?? []).filter(
    ({ platform }) => !draft.platforms.some((other) => isSamePlatform(other.platform, platform)),
  );
  return {
    entry: draft.entry,
    image: draft.image,
    tag: draft.tag,
    digest: draft.digest,
    platforms: draft.platforms.length,
    bundles: draft.bundles.length,
    fileLists: draft.platforms.filter(({ fileList }) => fileList !== undefined).length,
    change: changeOf(draft, earlier),
    lostPlatforms: lost.map(({ platform }) => formatPlatform(platform)),
  };
}

function changeOf({ digest }: LockRecordDraft, earlier: readonly LockRecord[]): LockedBase['change'] {
  const last = earlier.at(-1);
  if (last === undefined) return 'new';
  if (last.digest === digest) return 'unchanged';
  return earlier.some((record) => record.digest === digest) ? 'returned' : 'moved';
}

/** What only goes on is appended; anything else takes the file's place. */
async function writeLock(lockFile: string, onDisk: Uint8Array | undefined, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  checkLockSize(lockFile, bytes.byteLength);
  const isNew = onDisk === undefined;
  const start = onDisk?.byteLength ?? 0;
  const goesOn = isNew || Buffer.from(onDisk).equals(bytes.subarray(0, start));
  if (!goesOn) await replaceLock(lockFile, bytes);
  else if (bytes.byteLength > start) await appendLines(lockFile, bytes.subarray(start), isNew);
}

/** The signature of a lock that was fetched and to which nothing was added; one that is beside the lock already stays. */
async function keepSignature(
  lockFile: string,
  bytes: Uint8Array,
  { pulled, signature }: StartingLock,
): Promise<string | undefined> {
  if (pulled === undefined || signature === undefined || !Buffer.from(pulled.bytes).equals(bytes)) return undefined;
  const signatureFile = lockBundlePath(lockFile);
  await writeFileAtomic(signatureFile, signature, { ifExists: 'replace' });
  return signatureFile;
}

/** Signing a lock vouches for all of it: for what others may have added since it was last signed, too. */
async function warnOfUnsigned(start: StartingLock, lockName: string, context: LockContext): Promise<void> {
  const { loaded, lock, pulled, onDisk } = start;
  // what was fetched is judged when it is
  if (pulled !== undefined || onDisk === undefined || lock.records.length === 0) return;
  const signature = loaded.files.get(lockBundlePath(lockName));
  const refused = await lockRefusedAs(loaded, { lock: loaded.lock ?? EMPTY_LOCK, bytes: onDisk, signature }, context);
  if (refused === undefined) return;
  const { records } = loaded.lock ?? EMPTY_LOCK;
  context.runtime.progress({
    kind: 'warning',
    message: `signing the lock vouches for the ${records.length === 1 ? 'record' : `${records.length} records`} in it already, and gates do not believe it as it was: ${refused.reason}`,
  });
}

/** What is beside the lock, when it is a signature of these bytes. */
async function signatureBeside(lockFile: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const signature = await readInputFile(lockBundlePath(lockFile), LIMITS.bundleBytes).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  });
  return signature !== undefined && speaksOf(signature, sha256Digest(bytes)) ? signature : undefined;
}
