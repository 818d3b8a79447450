import { open, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted } from '../../core/index.ts';
import { imageError } from '../errors.ts';

const RETRY_MS = 20;
const ATTEMPTS = 500;

/**
 * Runs work while holding a lock file, so that writers in other processes wait. The lock is held for milliseconds; one that stays for ten seconds was left
 * behind by a killed process or lies on a stuck disk, and a person must decide.
 * @throws AppError LAYOUT_LOCKED, STORE_UNWRITABLE, INTERRUPTED
 */
export async function withLock<T>(lockPath: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; !(await tryLock(lockPath)); attempt += 1) {
    throwIfAborted(signal);
    if (attempt >= ATTEMPTS) {
      throw imageError('LAYOUT_LOCKED', `another process is writing to the layout: ${lockPath} exists`, {
        hint: 'if no other process is running, remove that file',
      });
    }
    await delay(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lockPath, { force: true });
  }
}

async function tryLock(lockPath: string): Promise<boolean> {
  try {
    await (await open(lockPath, 'wx', 0o600)).close();
    return true;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') return false;
    throw imageError('STORE_UNWRITABLE', `cannot write ${lockPath}: ${String(code ?? cause)}`, { cause });
  }
}
