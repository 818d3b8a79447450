import { compareCodeUnits } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';

/** An installed package as far as its programs go. */
export interface NpmPrograms {
  /** Without leading slash. */
  readonly folder: string;
  /** Names of its programs. */
  readonly bins: readonly string[];
}

/** Scripts that pnpm writes are some 1,000 bytes; long paths stand in them twice. */
const MAX_STARTER_BYTES = 16 * 1024;
/** Programs of all packages together: far above what 10,000 real packages have. */
const MAX_PROGRAMS = 200_000;

/**
 * What pnpm (and npm on Windows) puts into `node_modules/.bin` to start packages' programs: small scripts of their names, where npm and Yarn make links. Of
 * several packages with a program of that name the one beside it counts, else the first by path.
 * @param projects folders of projects, without leading slash
 * @returns absolute paths, sorted, by folder of the package
 */
export function npmStarters(
  view: FileView,
  packages: readonly NpmPrograms[],
  projects: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>();
  let left = MAX_PROGRAMS;
  for (const { folder, bins } of packages.toSorted((a, b) => compareCodeUnits(a.folder, b.folder))) {
    left -= bins.length;
    if (left < 0) break;
    for (const bin of bins) owners.set(bin, [...(owners.get(bin) ?? []).slice(0, 16), folder]);
  }
  const starters = new Map<string, string[]>();
  if (owners.size === 0) return starters;
  for (const modules of modulesOf(packages, projects)) {
    for (const { path, type, sizeBytes } of view.list(`${modules}/.bin`)) {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.(?:cmd|ps1)$/i, '');
      const candidates = type === 'file' && sizeBytes <= MAX_STARTER_BYTES ? owners.get(name) : undefined;
      if (candidates === undefined) continue;
      const owner = candidates.find((folder) => folder.startsWith(`${modules}/`)) ?? candidates[0]!;
      starters.set(owner, [...(starters.get(owner) ?? []), `/${path}`]);
    }
  }
  return new Map([...starters].map(([folder, paths]) => [folder, paths.toSorted(compareCodeUnits)]));
}

/** All `node_modules` that packages lie in, those of projects, and the one that pnpm keeps for what nobody asked for. */
function modulesOf(packages: readonly NpmPrograms[], projects: readonly string[]): ReadonlySet<string> {
  const all = new Set(projects.map((folder) => (folder === '' ? 'node_modules' : `${folder}/node_modules`)));
  for (const { folder } of packages) {
    const at = folder.lastIndexOf('node_modules/');
    if (at === -1) continue;
    all.add(folder.slice(0, at + 'node_modules'.length));
    const store = folder.lastIndexOf('/.pnpm/');
    if (store !== -1) all.add(`${folder.slice(0, store)}/.pnpm/node_modules`);
    if (store !== -1) all.add(folder.slice(0, store));
  }
  return all;
}
