import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Base directories that a user has for every program. */
type BaseDirectory = 'cache' | 'config';

/**
 * waybill's folder in a base directory: `$XDG_CACHE_HOME/waybill`, else `~/.cache/waybill`. undefined when no absolute path can be told.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function userDirectory(
  env: Readonly<Record<string, string | undefined>>,
  kind: BaseDirectory,
): string | undefined {
  const base = env[`XDG_${kind.toUpperCase()}_HOME`];
  if (base !== undefined && isAbsolute(base)) return join(base, 'waybill');
  const home = env['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, `.${kind}`, 'waybill') : undefined;
}

/** The same by the account: no variable has a say, `HOME` included. */
export function accountDirectory(kind: BaseDirectory): string | undefined {
  try {
    return join(userInfo().homedir, `.${kind}`, 'waybill');
  } catch {
    // a container's user without an account
    return undefined;
  }
}
