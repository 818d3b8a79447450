import { randomUUID } from 'node:crypto';
import { lstat, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import { currentOwner, formatOwner, ownerState, tryParseOwner, type LockOwner } from './lock-owner.ts';

const RETRY_MS = 20;
const ATTEMPTS = 500;
/** After so many attempts it is no mere contention. */
const CONTENDED_ATTEMPTS = 5;
/** Age at which a lock whose owner cannot be seen counts as left behind. It is held for milliseconds. */
const ABANDONED_MS = 10 * 60 * 1000;

/** A lock that is held. */
export interface HeldLock {
  /**
   * To be called right before the protected change.
   * @throws AppError LAYOUT_LOCKED when the lock was taken away meanwhile, as from a process that slept for very long
   */
  confirm(): Promise<void>;
}

/**
 * Runs work while holding a lock, so that writers in other processes wait. The lock is a symbolic link whose text says who holds it: it is made in one step
 * and always whole. One left behind by a killed process is removed:
 * - by the process alone that holds a second lock, named after that one holding, and that finds the same holder still there. So nobody removes a lock that
 *   was taken meanwhile. The second lock can be left behind as well, and is then treated in the same way;
 * - at once if its owner would be seen from here and is not; else if it is ten minutes old by the clock of its file system.
 * @throws AppError LAYOUT_LOCKED, STORE_UNWRITABLE, INTERRUPTED
 */
export async function withLock<T>(
  lockPath: string,
  signal: AbortSignal,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const text = formatOwner(currentOwner(randomUUID()));
  let broken = false;
  for (let attempt = 0; !(await tryLock(lockPath, text)); attempt += 1) {
    throwIfAborted(signal);
    const owner = await readOwner(lockPath);
    const state = owner === undefined ? 'out-of-sight' : ownerState(owner);
    const last = attempt >= ATTEMPTS;
    const suspect = state === 'gone' || (state === 'out-of-sight' && (attempt === CONTENDED_ATTEMPTS || last));
    if (owner !== undefined && suspect && (await breakLock({ lockPath, owner, signal }))) {
      broken = true;
      continue;
    }
    if (last) throw lockedError(lockPath, owner);
    await delay(RETRY_MS);
  }
  try {
    if (broken && rootName(lockPath) === basename(lockPath)) await removeLeftovers(lockPath);
    return await work({
      confirm: async () => {
        if ((await readText(lockPath)) !== text)
          throw imageError('LAYOUT_LOCKED', `the lock ${lockPath} was taken away from this process`);
      },
    });
  } finally {
    if ((await readText(lockPath)) === text) await rm(lockPath, { force: true });
  }
}

/** @returns whether the way is free to try again */
async function breakLock(options: {
  readonly lockPath: string;
  readonly owner: LockOwner;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { lockPath, owner, signal } = options;
  const breakPath = join(dirname(lockPath), `${rootName(lockPath)}.break-${owner.nonce}`);
  return withLock(breakPath, signal, async () => {
    const present = await readOwner(lockPath);
    if (present?.nonce !== owner.nonce) return true;
    const state = ownerState(present);
    if (state === 'running') return false;
    if (state === 'out-of-sight' && !(await isAbandoned(lockPath, breakPath))) return false;
    await rm(lockPath, { force: true });
    return true;
  });
}

/** Both times are of one file system's clock. */
async function isAbandoned(lockPath: string, breakPath: string): Promise<boolean> {
  const [old, fresh] = await Promise.all([lstat(lockPath), lstat(breakPath)]);
  return fresh.mtimeMs - old.mtimeMs > ABANDONED_MS;
}

function rootName(lockPath: string): string {
  return basename(lockPath).replace(/\.break-[0-9a-f-]{36}$/, '');
}

async function tryLock(lockPath: string, text: string): Promise<boolean> {
  try {
    await symlink(text, lockPath);
    return true;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') return false;
    throw imageError('STORE_UNWRITABLE', `cannot write ${lockPath}: ${String(code ?? cause)}`, { cause });
  }
}

async function readText(lockPath: string): Promise<string | undefined> {
  try {
    return await readlink(lockPath);
  } catch {
    return undefined;
  }
}

async function readOwner(lockPath: string): Promise<LockOwner | undefined> {
  const text = await readText(lockPath);
  return text === undefined ? undefined : tryParseOwner(text);
}

/**
 * What a killed writer left beside its lock: half an index, and second locks, which are void since the holding they name is over. Only who holds the lock
 * makes such files.
 */
async function removeLeftovers(lockPath: string): Promise<void> {
  const folder = dirname(lockPath);
  const second = `${basename(lockPath)}.break-`;
  for (const name of await readdir(folder)) {
    if (name.startsWith(second) || /^\.index\.json\.[0-9a-f-]{36}\.tmp$/.test(name))
      await rm(join(folder, name), { force: true });
  }
}

function lockedError(lockPath: string, owner: LockOwner | undefined): Error {
  const who = owner === undefined ? 'another process' : `process ${owner.processId} on ${owner.host}`;
  return imageError('LAYOUT_LOCKED', `${who} is writing to the layout: ${lockPath} exists`, {
    hint: 'if that process no longer runs, remove that file',
  });
}
