import type { FileView } from '../../filesystem/index.ts';

/** Finds which installed folder a name means, seen from another folder. */
export interface NpmResolver {
  /** The folder (without leading slash) of the package that `name` resolves to from inside `folder`, or undefined when none is installed. */
  resolve(folder: string, name: string): string | undefined;
}

/** Folders above a package that are searched; deeper nesting is not something an installer makes. */
const MAX_LEVELS = 128;

/**
 * Node's own look-up: `node_modules/<name>` in the folder, then in each folder above it; symbolic links (workspaces, pnpm) are followed
 * inside the image. Each `node_modules` folder is listed once.
 * @param roots folders that hold a package, without leading slash
 * @see https://nodejs.org/api/modules.html#loading-from-node_modules-folders
 */
export function createNpmResolver(view: FileView, roots: ReadonlySet<string>): NpmResolver {
  const linked = new Map<string, ReadonlyMap<string, string>>();
  const linksIn = (modules: string): ReadonlyMap<string, string> => {
    let links = linked.get(modules);
    if (links === undefined) {
      links = readLinks(view, modules, roots);
      linked.set(modules, links);
    }
    return links;
  };
  return {
    resolve(folder, name) {
      let at: string | undefined = folder;
      for (let level = 0; at !== undefined && level < MAX_LEVELS; level += 1) {
        if (!at.endsWith('/node_modules') && at !== 'node_modules') {
          const modules: string = at === '' ? 'node_modules' : `${at}/node_modules`;
          const candidate: string = `${modules}/${name}`;
          if (roots.has(candidate)) return candidate;
          const target = linksIn(modules).get(name);
          if (target !== undefined) return target;
        }
        at = parentOf(at);
      }
      // Debian's node looks here last
      const system = `usr/share/nodejs/${name}`;
      return roots.has(system) ? system : undefined;
    },
  };
}

const NO_LINKS: ReadonlyMap<string, string> = new Map();

/** Symbolic links in one `node_modules` folder (scopes included) that lead to a known package. */
function readLinks(view: FileView, modules: string, roots: ReadonlySet<string>): ReadonlyMap<string, string> {
  if (view.lookup(modules) === undefined) return NO_LINKS;
  const links = new Map<string, string>();
  const add = (path: string, name: string): void => {
    const target = view.resolve(path)?.path;
    if (target !== undefined && roots.has(target)) links.set(name, target);
  };
  for (const entry of view.list(modules)) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    if (entry.type === 'symlink') add(entry.path, name);
    if (!name.startsWith('@')) continue;
    for (const inner of view.list(entry.path)) {
      if (inner.type === 'symlink') add(inner.path, `${name}/${inner.path.slice(inner.path.lastIndexOf('/') + 1)}`);
    }
  }
  return links;
}

function parentOf(folder: string): string | undefined {
  if (folder === '') return undefined;
  const slash = folder.lastIndexOf('/');
  return slash === -1 ? '' : folder.slice(0, slash);
}
