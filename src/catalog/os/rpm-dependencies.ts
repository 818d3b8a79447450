import type { EdgeBudget } from '../edge-budget.ts';
import type { RpmRecord } from './rpm-record.ts';

export interface RpmDependencyOptions {
  readonly records: readonly RpmRecord[];
  /** For each record, its files as they are on disk. */
  readonly files: readonly (readonly string[])[];
  /** A path with the links of its parents followed, as it would be among `files`. */
  readonly canonical: (path: string) => string;
  /** Bounds the work; when it is spent, the edges found so far are given. */
  readonly budget: EdgeBudget;
}

/** Packages that provide one name; far more than any real name has, so that edges stay linear in a hostile database. */
const MAX_CANDIDATES = 64;

/**
 * For each record the records it needs, as rpm looks for them: by what packages provide, then, for paths, by the files they list. Indexes, sorted, without
 * itself. What rpm itself provides (`rpmlib(...)`) and conditions (`(a if b)`) give no edge.
 */
export function rpmDependencies(options: RpmDependencyOptions): readonly (readonly number[])[] {
  const { records, budget } = options;
  const provided = new Map<string, Set<number>>();
  for (const [index, record] of records.entries()) {
    add(provided, record.name, index);
    for (const name of record.provides) {
      if (!budget.take(1)) break;
      add(provided, name, index);
    }
  }
  const requires = records.map((record) => neededNames(record, budget));
  const byPath = ownersByPath(options, unprovidedPaths(requires, provided));
  return requires.map((names, self) => {
    const needed = new Set<number>();
    for (const name of names) {
      const found = provided.get(name) ?? byPath.get(name);
      if (found === undefined || !budget.take(found.size)) continue;
      for (const index of found) needed.add(index);
    }
    needed.delete(self);
    return [...needed].toSorted((a, b) => a - b);
  });
}

function neededNames(record: RpmRecord, budget: EdgeBudget): ReadonlySet<string> {
  const names = new Set<string>();
  for (const name of record.requires) {
    if (!budget.take(1)) break;
    if (name !== '' && !name.startsWith('(') && !name.startsWith('rpmlib(')) names.add(name);
  }
  return names;
}

function unprovidedPaths(
  requires: readonly ReadonlySet<string>[],
  provided: ReadonlyMap<string, unknown>,
): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const names of requires) {
    for (const name of names) if (name.startsWith('/') && !provided.has(name)) paths.add(name);
  }
  return paths;
}

/** Who lists each path, under the name it is needed by; where nobody lists it so, who owns the file it leads to (`/bin/x` after usrmerge). */
function ownersByPath(
  options: RpmDependencyOptions,
  paths: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<number>> {
  const owners = new Map<string, Set<number>>();
  if (paths.size === 0) return owners;
  for (const [index, { listed = [] }] of options.records.entries()) {
    for (const path of listed) if (paths.has(path)) add(owners, path, index);
  }
  const aliases = new Map<string, string[]>();
  for (const path of paths) {
    if (owners.has(path) || !options.budget.take(1)) continue;
    const real = options.canonical(path);
    const names = aliases.get(real);
    if (names === undefined) aliases.set(real, [path]);
    else if (names.length < MAX_CANDIDATES) names.push(path);
  }
  if (aliases.size === 0) return owners;
  for (const [index, files] of options.files.entries()) {
    for (const file of files) for (const path of aliases.get(file) ?? []) add(owners, path, index);
  }
  return owners;
}

function add(map: Map<string, Set<number>>, key: string, value: number): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else if (set.size < MAX_CANDIDATES) set.add(value);
}
