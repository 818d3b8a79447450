import { compareCodeUnits } from '../core/index.ts';
import { isInstalledByOs, packagePurl, type Package } from '../packages/index.ts';

/** A package brought the file that another one was recognised by. */
export interface Ownership {
  /** Id of the package that was recognised there. */
  readonly owned: string;
  /** Id of the package that brought the file. */
  readonly owner: string;
  /** The file, absolute: the owned package's evidence. */
  readonly path: string;
}

/** Catalogers whose packages are whole installations, with other ecosystems' packages and recognised programs in them. */
const OWNING_CATALOGERS: ReadonlySet<string> = new Set(['conda', 'declared', 'homebrew', 'jvm']);

/** Property of a package that came as part of another one: the owner's purl, or its id when it has none. */
export const OWNED_BY = 'waybill:owned-by';

function mayOwn(pkg: Package): boolean {
  return isInstalledByOs(pkg) || OWNING_CATALOGERS.has(pkg.foundBy);
}

/**
 * Which packages lie in files that an OS package (or a whole installation such as a JDK or a conda environment) brought. The direction is always that
 * one. A list of files beats a folder, a nearer folder a farther one; among equals the first by id counts. An OS package is never owned.
 */
export function findOwnership(packages: readonly Package[]): readonly Ownership[] {
  const claimed = new Map<string, string[]>();
  for (const pkg of packages) {
    if (isInstalledByOs(pkg)) continue;
    for (const { path } of pkg.locations) {
      const ids = claimed.get(path);
      if (ids) ids.push(pkg.id);
      else claimed.set(path, [pkg.id]);
    }
  }
  if (claimed.size === 0) return [];
  const { files, folders } = ownersOf(packages, claimed);
  const ownership: Ownership[] = [];
  for (const [path, ids] of claimed) {
    for (const owned of new Set(ids)) {
      const owner = files.get(path) ?? nearest(folders, path, owned);
      if (owner !== undefined && owner !== owned) ownership.push({ owned, owner, path });
    }
  }
  return ownership.toSorted((a, b) => compareCodeUnits(a.owned, b.owned) || compareCodeUnits(a.path, b.path));
}

interface Owners {
  /** By path of a claimed file, the id of the package that lists it. */
  readonly files: ReadonlyMap<string, string>;
  /** By folder, the id of the package whose it is. */
  readonly folders: ReadonlyMap<string, string>;
}

function ownersOf(packages: readonly Package[], claimed: ReadonlyMap<string, unknown>): Owners {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const note = (owners: Map<string, string>, path: string, id: string): void => {
    const other = owners.get(path);
    if (other === undefined || compareCodeUnits(id, other) < 0) owners.set(path, id);
  };
  for (const pkg of packages) {
    if (!mayOwn(pkg)) continue;
    // a conda package's own record is in the list of nobody else
    for (const path of pkg.files ?? []) if (claimed.has(path)) note(files, path, pkg.id);
    for (const folder of pkg.directories ?? []) note(folders, folder, pkg.id);
  }
  return { files, folders };
}

function nearest(folders: ReadonlyMap<string, string>, path: string, except: string): string | undefined {
  if (folders.size === 0) return undefined;
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const owner = folders.get(path.slice(0, end));
    if (owner !== undefined && owner !== except) return owner;
  }
  return undefined;
}

/** The packages that lie nowhere else than in owned files, by id, with the ids of their owners, sorted. */
export function whollyOwned(
  packages: readonly Package[],
  ownership: readonly Ownership[],
): ReadonlyMap<string, readonly string[]> {
  const owned = new Map<string, { readonly paths: Set<string>; readonly owners: Set<string> }>();
  for (const { owned: id, owner, path } of ownership) {
    const known = owned.get(id) ?? { paths: new Set<string>(), owners: new Set<string>() };
    owned.set(id, known);
    known.paths.add(path);
    known.owners.add(owner);
  }
  const wholly = new Map<string, readonly string[]>();
  for (const { id, locations } of packages) {
    const known = owned.get(id);
    if (known !== undefined && locations.every(({ path }) => known.paths.has(path)))
      wholly.set(id, [...known.owners].toSorted(compareCodeUnits));
  }
  return wholly;
}

/** Records the owners on packages that lie nowhere else than in owned files. */
export function markOwned(
  packages: readonly Package[],
  wholly: ReadonlyMap<string, readonly string[]>,
): readonly Package[] {
  const byId = new Map(packages.map((pkg) => [pkg.id, pkg]));
  return packages.map((pkg) => {
    const owners = wholly.get(pkg.id);
    if (owners === undefined) return pkg;
    const names = owners.map((id) => {
      const owner = byId.get(id);
      return (owner === undefined ? undefined : packagePurl(owner)) ?? id;
    });
    return { ...pkg, properties: { ...pkg.properties, [OWNED_BY]: names.toSorted(compareCodeUnits).join(' ') } };
  });
}
