import { posix } from 'node:path';
import { compareCodeUnits } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';

/**
 * Folders that came with a recognised program and hold nothing else: its standard library, its headers.
 * @param templates relative to the program's folder; `{version}`, `{major}` and `{minor}` are filled in
 * @param file path of the program and its version
 * @returns absolute, sorted, only what is there and no link
 */
export function ownedFolders(
  view: FileView,
  templates: readonly string[],
  file: { readonly path: string; readonly version: string },
): readonly string[] {
  const [major = '', minor = ''] = file.version.split('.');
  const parts: Readonly<Record<string, string>> = { version: file.version, major, minor };
  const folders = templates.flatMap((template) => {
    const relative = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? '');
    const path = posix.join('/', posix.dirname(file.path), relative).slice(1);
    // a link leads to what somebody else put there
    return path !== '' && view.folder(path)?.path === path ? [`/${path}`] : [];
  });
  return [...new Set(folders)].toSorted(compareCodeUnits);
}
