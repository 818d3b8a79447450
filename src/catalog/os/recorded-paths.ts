import type { FileView } from '../../filesystem/index.ts';
import type { RecordedFile } from '../../packages/index.ts';

/**
 * What records say of files, by the path on disk: links of parent folders resolved (`/bin/x` is `/usr/bin/x` after usrmerge). Paths that are no regular files
 * in the view, and those outside the root, are left out.
 * @param root folder that is the root of the system, without slashes at either end; '' for the image's own
 */
export function recordedOnDisk(
  view: FileView,
  root: string,
  recorded: ReadonlyMap<string, RecordedFile>,
): ReadonlyMap<string, RecordedFile> {
  const found = new Map<string, RecordedFile>();
  const prefix = root === '' ? '' : `${root}/`;
  for (const [path, file] of recorded) {
    const entry = view.lookup(`${prefix}${path.replace(/^\/+/, '')}`);
    if (entry?.type === 'file' && entry.path.startsWith(prefix)) found.set(`/${entry.path}`, file);
  }
  return found;
}
