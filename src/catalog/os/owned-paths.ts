import { compareCodeUnits } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';

/** Turns the paths of a package's file list into what is on disk. */
export interface OwnedPaths {
  /**
   * Absolute paths of the files and links a package owns, sorted, each once: parent links resolved (`/bin/sh` is `/usr/bin/sh` after usrmerge),
   * directories and what is not on disk left out.
   * @param listed paths as the database has them, with or without leading slash
   */
  onDisk(listed: readonly string[]): readonly string[];
}

/**
 * Resolver for one root; keep it for all packages of a database, since it remembers folders.
 * @param root folder that is the root of the system, without slashes at either end; '' for the image's own
 */
export function createOwnedPaths(view: FileView, root: string): OwnedPaths {
  const folders = new Map<string, string | undefined>();
  const realFolder = (folder: string): string | undefined => {
    if (folders.has(folder)) return folders.get(folder);
    const path = root === '' ? folder : folder === '' ? root : `${root}/${folder}`;
    const entry = path === '' ? undefined : view.resolve(path);
    const real = path === '' ? '' : entry?.type === 'directory' ? entry.path : undefined;
    folders.set(folder, real);
    return real;
  };
  return {
    onDisk(listed) {
      const paths = listed.map(withoutSlashes);
      // a parent of another entry was a directory in the package, even where it is a link on disk
      const parents = new Set(paths.map(parentOf));
      const result: string[] = [];
      for (const path of paths) {
        if (path === '' || parents.has(path)) continue;
        const folder = realFolder(parentOf(path));
        if (folder === undefined) continue;
        const name = path.slice(path.lastIndexOf('/') + 1);
        const real = folder === '' ? name : `${folder}/${name}`;
        const entry = view.lookup(real);
        if (entry !== undefined && entry.type !== 'directory') result.push(`/${real}`);
      }
      return uniqueSorted(result);
    },
  };
}

function uniqueSorted(paths: string[]): readonly string[] {
  const sorted = paths.sort(compareCodeUnits);
  return sorted.filter((path, index) => index === 0 || path !== sorted[index - 1]);
}

function withoutSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === '/' || (path[start] === '.' && path[start + 1] === '/')) start += path[start] === '/' ? 1 : 2;
  while (end > start && path[end - 1] === '/') end--;
  const bare = path.slice(start, end);
  return bare === '.' ? '' : bare;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
