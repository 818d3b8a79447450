import { mkdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { accountDirectory, userDirectory } from './user-directories.ts';

/**
 * The user's cache folder for waybill: `WAYBILL_CACHE_DIR`, else `$XDG_CACHE_HOME/waybill`, else `~/.cache/waybill`. undefined when
 * `WAYBILL_CACHE_DIR` is set and empty, or no absolute path can be told.
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const own = env['WAYBILL_CACHE_DIR'];
  if (own !== undefined) return isAbsolute(own) ? own : undefined;
  return userDirectory(env, 'cache');
}

/**
 * The cache folder for whoever must not be weakened by environment variables (the gate): the user's own, by the account and not by `HOME`, and only when the
 * variables do not ask for another. Whoever chooses the folder could have filled it, key and compiled code included.
 * @returns undefined for no cache
 */
export function ownCacheDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const chosen = cacheDirectory(env);
  return chosen !== undefined && chosen === accountDirectory('cache') ? chosen : undefined;
}

/**
 * Makes a folder and what is above it, for the owner only. undefined when that cannot be done: caches are left out then. One folder at a time, as
 * Node's own recursive mkdir never ends in some special file systems (`/proc`).
 */
export function preparedDirectory(path: string | undefined): string | undefined {
  return path !== undefined && makeDirectory(path) ? path : undefined;
}

function makeDirectory(path: string): boolean {
  const outcome = tryMakeDirectory(path);
  if (outcome !== 'no parent') return outcome === 'there';
  const parent = dirname(path);
  return parent !== path && makeDirectory(parent) && tryMakeDirectory(path) === 'there';
}

function tryMakeDirectory(path: string): 'there' | 'no parent' | 'impossible' {
  try {
    mkdirSync(path, { mode: 0o700 });
    return 'there';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return 'there';
    return code === 'ENOENT' ? 'no parent' : 'impossible';
  }
}
