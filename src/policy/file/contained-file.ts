import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

/** Where a path leads, or why it may not be followed. */
export type ContainedFile =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: 'missing'; readonly cause: unknown }
  | { readonly ok: false; readonly reason: 'outside' };

/**
 * Follows a path that a file of unknown origin names: links are resolved, and what lies outside the root is refused.
 * @param root a folder, links resolved
 * @param path relative to `from`
 */
export async function containedFile(root: string, path: string, from = root): Promise<ContainedFile> {
  let real: string;
  try {
    real = await realpath(join(from, path));
  } catch (cause) {
    return { ok: false, reason: 'missing', cause };
  }
  const inside = relative(root, real);
  const outside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return outside ? { ok: false, reason: 'outside' } : { ok: true, path: real };
}
