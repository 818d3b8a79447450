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

/** Paths of all but folders that lie in a folder, by its path on disk. */
export type FolderListings = Map<string, ReadonlySet<string>>;

/** A folder as it is on disk. */
interface Folder {
  readonly real: string;
  readonly files: ReadonlySet<string>;
}

/**
 * Resolver for one root; keep it for all packages of a database, since it remembers folders.
 * @param root folder that is the root of the system, without slashes at either end; '' for the image's own. Nothing outside it is owned.
 * @param listings shared by the resolvers of several roots in one view, so that no folder is listed twice
 */
export function createOwnedPaths(view: FileView, root: string, listings: FolderListings = new Map()): OwnedPaths {
  const folders = new Map<string, Folder | undefined>();
  const isInside = (path: string): boolean => root === '' || path === root || path.startsWith(`${root}/`);
  const findFolder = (folder: string): Folder | undefined => {
    if (folders.has(folder)) return folders.get(folder);
    const path = root === '' ? folder : folder === '' ? root : `${root}/${folder}`;
    const entry = path === '' ? undefined : view.resolve(path);
    const real = path === '' ? '' : entry?.type === 'directory' ? entry.path : undefined;
    const found = real === undefined || !isInside(real) ? undefined : { real, files: filesIn(real) };
    folders.set(folder, found);
    return found;
  };
  // one listing of a folder is cheaper than looking up what lies in it path by path
  const filesIn = (real: string): ReadonlySet<string> => {
    const known = listings.get(real);
    if (known !== undefined) return known;
    const files = new Set<string>();
    for (const entry of view.list(real)) if (entry.type !== 'directory') files.add(entry.path);
    listings.set(real, files);
    return files;
  };
  return {
    onDisk(listed) {
      const parents = parentsOf(listed);
      const result: string[] = [];
      let folder = '\0';
      let found: Folder | undefined;
      for (const given of listed) {
        const path = withoutSlashes(given);
        // a parent of another entry was a directory in the package, even where it is a link on disk
        if (path === '' || parents.has(path)) continue;
        if (!isChild(path, folder)) {
          folder = parentOf(path);
          found = findFolder(folder);
        }
        if (found === undefined) continue;
        const { real, files } = found;
        const onDisk = real === folder ? path : join(real, path.slice(folder === '' ? 0 : folder.length + 1));
        if (!files.has(onDisk)) continue;
        // the common case keeps the string that exists
        result.push(
          onDisk === path && given.length === path.length + 1 && given.startsWith('/') ? given : `/${onDisk}`,
        );
      }
      return uniqueSorted(result);
    },
  };
}

function parentsOf(listed: readonly string[]): ReadonlySet<string> {
  const parents = new Set<string>();
  let parent = '\0';
  for (const given of listed) {
    const path = withoutSlashes(given);
    if (isChild(path, parent)) continue;
    parent = parentOf(path);
    parents.add(parent);
  }
  return parents;
}

/** Lists go folder by folder: asking this about the folder of the line before saves making and hashing a string for each line. */
function isChild(path: string, folder: string): boolean {
  return path.lastIndexOf('/') === folder.length && path.startsWith(folder);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** By UTF-16 code units, which is what sorting strings without a comparison does. */
function uniqueSorted(paths: string[]): readonly string[] {
  const sorted = paths.toSorted();
  return sorted.filter((path, index) => index === 0 || path !== sorted[index - 1]);
}

/** `/usr/bin/x` and `./usr/bin/x` as `usr/bin/x`. */
function withoutSlashes(path: string): string {
  let start = path.startsWith('./') ? 1 : 0;
  while (path.charCodeAt(start) === 47) start++;
  let end = path.length;
  while (end > start && path.charCodeAt(end - 1) === 47) end--;
  return end - start === 1 && path[start] === '.' ? '' : path.slice(start, end);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
