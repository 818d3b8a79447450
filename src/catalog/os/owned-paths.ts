import { LIMITS } from '../../core/index.ts';
import type { FileView, FolderView } from '../../filesystem/index.ts';
import { parentOf } from './parent-of.ts';

/** Turns the paths of a package's file list into what is on disk. */
export interface OwnedPaths {
  /**
   * Absolute paths of the files and links a package owns, sorted, each once: parent links resolved (`/bin/sh` is `/usr/bin/sh` after usrmerge),
   * directories and what is not on disk left out.
   * @param listed paths as the database has them, with or without leading slash
   */
  onDisk(listed: readonly string[]): readonly string[];
  /**
   * Absolute path where a listed file is on disk, or would be if it were there. undefined for what is no path of a file below the root.
   * @param listed path as the database has it, with or without leading slash
   */
  locate(listed: string): string | undefined;
}

/**
 * Resolver for one root; keep it for all packages of a database, since it remembers folders.
 * @param root folder that is the root of the system, without slashes at either end; '' for the image's own. Nothing outside it is owned. Package managers that
 * are installed below a folder (Entware, Termux) list paths with it, which are understood.
 */
export function createOwnedPaths(view: FileView, root: string): OwnedPaths {
  const folders = new Map<string, FolderView | undefined>();
  const isInside = (path: string): boolean => root === '' || path === root || path.startsWith(`${root}/`);
  const rooted = (folder: string): string => (root === '' ? folder : folder === '' ? root : `${root}/${folder}`);
  const inRoot = (listed: string): string => {
    const path = withoutSlashes(listed);
    return root !== '' && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  };
  const findFolder = (folder: string): FolderView | undefined => {
    if (folders.has(folder)) return folders.get(folder);
    const entry = view.folder(rooted(folder));
    const found = entry !== undefined && isInside(entry.path) ? entry : undefined;
    folders.set(folder, found);
    return found;
  };
  return {
    onDisk(listed) {
      const paths = listed.map(inRoot);
      const parents = parentsOf(paths);
      // what is found where it is listed is a folder: only of the others the paths have to be asked
      const elsewhere = new Set(uniqueRuns(parents).filter((parent) => findFolder(parent)?.path !== rooted(parent)));
      const result: string[] = [];
      let folder = '\0';
      let found: FolderView | undefined;
      for (const [index, given] of listed.entries()) {
        const path = paths[index] ?? '';
        // a parent of another entry was a directory in the package, even where it is a link on disk
        if (path === '' || (elsewhere.size > 0 && elsewhere.has(path))) continue;
        const parent = parents[index] ?? '';
        if (parent !== folder) {
          folder = parent;
          found = findFolder(folder);
        }
        if (found === undefined) continue;
        const name = path.slice(folder === '' ? 0 : folder.length + 1);
        if (found.fileId(name) === undefined) continue;
        const onDisk = found.path === folder ? path : join(found.path, name);
        // the common case keeps the string that exists
        result.push(
          onDisk === path && given.length === path.length + 1 && given.startsWith('/') ? given : `/${onDisk}`,
        );
      }
      return uniqueSorted(result);
    },
    locate(listed) {
      const path = inRoot(listed);
      if (path === '' || path.length >= LIMITS.pathBytes || DOTS.test(path)) return undefined;
      const folder = parentOf(path);
      const found = findFolder(folder);
      if (found !== undefined) return found.path === folder ? `/${path}` : `/${join(found.path, nameOf(path))}`;
      // what is missing with its folder is still told by its place after usrmerge; a walk through every parent would be quadratic
      const [top = ''] = path.split('/', 1);
      const place = findFolder(top)?.path ?? join(root, top);
      return `/${place}${path.slice(top.length)}`;
    },
  };
}

/** The folder of each path, the same string for paths that lie beside each other. */
function parentsOf(paths: readonly string[]): readonly string[] {
  let parent = '\0';
  return paths.map((path) => {
    if (!isChild(path, parent)) parent = parentOf(path);
    return parent;
  });
}

/** Without what is the same as the one before. */
function uniqueRuns(values: readonly string[]): readonly string[] {
  return values.filter((value, index) => index === 0 || value !== values[index - 1]);
}

/** Lists go folder by folder: asking this about the folder of the line before saves making and hashing a string for each line. */
function isChild(path: string, folder: string): boolean {
  return path.lastIndexOf('/') === folder.length && path.startsWith(folder);
}

/** Segments that no list has. */
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** By UTF-16 code units, which is what sorting strings without a comparison does. Many lists are in order already. */
function uniqueSorted(paths: string[]): readonly string[] {
  if (paths.every((path, index) => index === 0 || (paths[index - 1] as string) < path)) return paths;
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
