import type { FileView } from '../../filesystem/index.ts';

/** Finds which installed folder a name means, seen from another folder. */
export interface NpmResolver {
  /** The folder (without leading slash) of the package that `name` resolves to from inside `folder`, or undefined when none is installed. */
  resolve(folder: string, name: string): string | undefined;
  /** true once the budget of look-ups was used up: from then on nothing is resolved. */
  readonly exhausted: boolean;
}

/** Folders above a package that are searched; deeper nesting is not something an installer makes. */
const MAX_LEVELS = 128;
/** Look-ups for one image. Ten thousand real packages take some hundred thousand; only a made-up tree comes near. */
const MAX_LOOKUPS = 20_000_000;

/** One `node_modules` folder that holds packages, and those further up. */
interface Level {
  readonly names: ReadonlyMap<string, string>;
  readonly above: Level | undefined;
}

/**
 * Node's own look-up: `node_modules/<name>` in the folder, then in each folder above it; symbolic links (workspaces, pnpm) are followed
 * inside the image. Each `node_modules` folder is listed once.
 * @param roots folders that hold a package, without leading slash
 * @param maxLookups after so many, nothing is resolved any more
 * @see https://nodejs.org/api/modules.html#loading-from-node_modules-folders
 */
export function createNpmResolver(
  view: FileView,
  roots: ReadonlySet<string>,
  maxLookups: number = MAX_LOOKUPS,
): NpmResolver {
  const installed = groupByModules(roots);
  // Debian's node looks there last
  const system = [...installed].filter(([modules]) => isDebianModules(modules)).map(([, names]) => names);
  const levels = new Map<string, Level | undefined>();
  let lookups = 0;
  const levelOf = (folder: string, depth: number): Level | undefined => {
    if (levels.has(folder) || depth > MAX_LEVELS) return levels.get(folder);
    const parent = parentOf(folder);
    const above = parent === undefined ? undefined : levelOf(parent, depth + 1);
    const names = isModules(folder) ? undefined : namesIn(view, join(folder, 'node_modules'), { installed, roots });
    const level = names === undefined ? above : { names, above };
    levels.set(folder, level);
    return level;
  };
  return {
    resolve(folder, name) {
      for (let level = levelOf(folder, 0); level !== undefined; level = level.above) {
        lookups += 1;
        if (lookups > maxLookups) return undefined;
        const found = level.names.get(name);
        if (found !== undefined) return found;
      }
      for (const names of system) {
        const found = names.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    get exhausted() {
      return lookups > maxLookups;
    },
  };
}

type Installed = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** `node_modules` folder to the names right inside it to their folders. */
function groupByModules(roots: ReadonlySet<string>): Installed {
  const groups = new Map<string, Map<string, string>>();
  for (const root of roots) {
    const slash = root.lastIndexOf('/');
    const parent = root.slice(0, Math.max(0, slash));
    const scoped = parent.slice(parent.lastIndexOf('/') + 1).startsWith('@');
    const modules = scoped ? parent.slice(0, Math.max(0, parent.lastIndexOf('/'))) : parent;
    if (!isModules(modules) && !isDebianModules(modules)) continue;
    const names = groups.get(modules) ?? new Map<string, string>();
    groups.set(modules, names);
    names.set(root.slice(modules.length + 1), root);
  }
  return groups;
}

/** `usr/share/nodejs`, `usr/lib/nodejs`, `usr/lib/<triplet>/nodejs`: where Debian's packages put modules for everybody. */
export function isDebianModules(folder: string): boolean {
  return /^usr\/(?:share|lib|lib\/[\w-]+-linux-[\w-]+)\/nodejs$/.test(folder);
}

function isModules(folder: string): boolean {
  return folder === 'node_modules' || folder.endsWith('/node_modules');
}

/** Packages in one `node_modules` folder by name, symbolic links (also those in scopes) that lead to a known package included. */
function namesIn(
  view: FileView,
  modules: string,
  { installed, roots }: { readonly installed: Installed; readonly roots: ReadonlySet<string> },
): ReadonlyMap<string, string> | undefined {
  const folders = installed.get(modules);
  if (view.lookup(modules) === undefined) return folders;
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
  return links.size === 0 ? folders : new Map([...links, ...(folders ?? [])]);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function parentOf(folder: string): string | undefined {
  if (folder === '') return undefined;
  const slash = folder.lastIndexOf('/');
  return slash === -1 ? '' : folder.slice(0, slash);
}
