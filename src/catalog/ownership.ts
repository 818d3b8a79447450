import { compareCodeUnits } from '../core/index.ts';
import { packagePurl, type Package, type PackageType } from '../packages/index.ts';

/** An OS package brought the file that a language package was recognised by. */
export interface Ownership {
  /** Id of the language package. */
  readonly owned: string;
  /** Id of the OS package. */
  readonly owner: string;
  /** The file, absolute: the language package's evidence. */
  readonly path: string;
}

const OS_TYPES: ReadonlySet<PackageType> = new Set(['deb', 'apk', 'rpm']);

/** Property of a language package that came as part of an OS package: the owner's purl, or its id when it has none. */
export const OWNED_BY = 'waybill:owned-by';

/**
 * Which language packages lie in files that an OS package owns. The direction is always that one: the OS package is how the files came to be there.
 * Where two OS packages claim one file, the first by id counts.
 */
export function findOwnership(packages: readonly Package[]): readonly Ownership[] {
  const claimed = new Map<string, string[]>();
  for (const pkg of packages) {
    if (OS_TYPES.has(pkg.type)) continue;
    for (const { path } of pkg.locations) {
      const ids = claimed.get(path);
      if (ids) ids.push(pkg.id);
      else claimed.set(path, [pkg.id]);
    }
  }
  if (claimed.size === 0) return [];
  const owners = new Map<string, string>();
  for (const pkg of packages) {
    if (!OS_TYPES.has(pkg.type)) continue;
    for (const path of pkg.files ?? []) {
      if (!claimed.has(path)) continue;
      const other = owners.get(path);
      if (other === undefined || compareCodeUnits(pkg.id, other) < 0) owners.set(path, pkg.id);
    }
  }
  const ownership: Ownership[] = [];
  for (const [path, owner] of owners) {
    for (const owned of claimed.get(path) ?? []) ownership.push({ owned, owner, path });
  }
  return ownership.toSorted((a, b) => compareCodeUnits(a.owned, b.owned) || compareCodeUnits(a.path, b.path));
}

/** Records the owner on language packages that lie nowhere else than in owned files. */
export function markOwned(packages: readonly Package[], ownership: readonly Ownership[]): readonly Package[] {
  const byId = new Map(packages.map((pkg) => [pkg.id, pkg]));
  const owned = new Map<string, { readonly paths: Set<string>; readonly owners: Set<string> }>();
  for (const { owned: id, owner, path } of ownership) {
    const known = owned.get(id) ?? { paths: new Set<string>(), owners: new Set<string>() };
    owned.set(id, known);
    known.paths.add(path);
    known.owners.add(owner);
  }
  return packages.map((pkg) => {
    const known = owned.get(pkg.id);
    if (known === undefined || !pkg.locations.every(({ path }) => known.paths.has(path))) return pkg;
    const names = [...known.owners].map((id) => {
      const owner = byId.get(id);
      return (owner === undefined ? undefined : packagePurl(owner)) ?? id;
    });
    return { ...pkg, properties: { ...pkg.properties, [OWNED_BY]: names.toSorted(compareCodeUnits).join(' ') } };
  });
}
