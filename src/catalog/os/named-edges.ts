import type { EdgeBudget } from '../edge-budget.ts';

/** What edges of one package are made of: names, without versions. */
export interface NamedPackage {
  readonly name: string;
  readonly provides: Iterable<string>;
  readonly needs: Iterable<string>;
}

/** Packages that stand for one name; far more than any real name has, so that edges stay linear in a hostile database. */
const MAX_CANDIDATES = 64;

/**
 * For each package those it needs: by name, else by what others provide. Indexes, sorted, without itself.
 * @param budget bounds the work; when it is spent, the edges found so far are given
 */
export function namedEdges(packages: readonly NamedPackage[], budget: EdgeBudget): readonly (readonly number[])[] {
  const byName = new Map<string, Set<number>>();
  const byProvided = new Map<string, Set<number>>();
  for (const [index, { name, provides }] of packages.entries()) {
    add(byName, name, index);
    for (const provided of provides) if (budget.take(1)) add(byProvided, provided, index);
  }
  return packages.map(({ needs }, self) => {
    const needed = new Set<number>();
    for (const name of needs) {
      const found = byName.get(name) ?? byProvided.get(name);
      if (!budget.take(1 + (found?.size ?? 0))) break;
      for (const index of found ?? []) needed.add(index);
    }
    needed.delete(self);
    return [...needed].toSorted((a, b) => a - b);
  });
}

function add(map: Map<string, Set<number>>, key: string, value: number): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else if (set.size < MAX_CANDIDATES) set.add(value);
}
