import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The user's cache folder for waybill: `WAYBILL_CACHE_DIR`, else `$XDG_CACHE_HOME/waybill`, else `~/.cache/waybill`. undefined when
 * `WAYBILL_CACHE_DIR` is set and empty, or no absolute path can be told.
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const own = env['WAYBILL_CACHE_DIR'];
  if (own !== undefined) return isAbsolute(own) ? own : undefined;
  const base = env['XDG_CACHE_HOME'];
  if (base !== undefined && isAbsolute(base)) return join(base, 'waybill');
  const home = env['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'waybill') : undefined;
}
