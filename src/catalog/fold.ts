import { compareCodeUnits } from '../core/index.ts';
import { isInstalledByOs, packagePurl, type AlsoKnownAs, type Package } from '../packages/index.ts';
import { hasSameVersion, isSameSoftware } from './same-software.ts';

/**
 * Puts away what describes the same software as the package that owns its files: the owner stays, the finding becomes its evidence
 * (`alsoKnownAs`), edges to and from it are the owner's. What an owner merely contains (libraries bundled into an application) stays a package of its own.
 * @param wholly by id of a package that lies in owned files only, the ids of its owners
 */
export function foldOwned(
  packages: readonly Package[],
  wholly: ReadonlyMap<string, readonly string[]>,
): readonly Package[] {
  const byId = new Map(packages.map((pkg) => [pkg.id, pkg]));
  const alone = countByOwnerAndType(packages, wholly);
  const folded = new Map<string, string>();
  for (const [id, owners] of wholly) {
    const owned = byId.get(id);
    const owner = owners.length === 1 ? byId.get(owners[0]!) : undefined;
    if (owned === undefined || owner === undefined) continue;
    const single = alone.get(`${owner.id}\0${owned.type}`) === 1;
    if (describesOwner(owner, owned, single)) folded.set(id, owner.id);
  }
  if (folded.size === 0) return packages;
  // a recognised program in a JDK that an OS package brought
  for (const [id, owner] of folded) folded.set(id, folded.get(owner) ?? owner);
  const evidence = new Map<string, Package[]>();
  for (const [id, owner] of folded) {
    const list = evidence.get(owner);
    if (list) list.push(byId.get(id)!);
    else evidence.set(owner, [byId.get(id)!]);
  }
  return packages.flatMap((pkg) =>
    folded.has(pkg.id) ? [] : [withEvidence(redirect(pkg, folded), evidence.get(pkg.id) ?? [], folded)],
  );
}

function describesOwner(owner: Package, owned: Package, single: boolean): boolean {
  if (packagePurl(owned) === undefined) return false;
  if (owner.foundBy === 'jvm' || owner.foundBy === 'declared') return owned.foundBy === 'binary';
  if (!isInstalledByOs(owner)) return false;
  if (isSameSoftware(owner, owned)) return true;
  const linked = owned.type === 'golang' || owned.type === 'cargo' || owned.partOf !== undefined;
  return single && !linked && hasSameVersion(owner, owned);
}

/** How many packages of a type an owner has. */
function countByOwnerAndType(
  packages: readonly Package[],
  wholly: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { id, type } of packages) {
    for (const owner of wholly.get(id) ?? []) {
      const key = `${owner}\0${type}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** Edges to what was put away lead to its owner. */
function redirect(pkg: Package, folded: ReadonlyMap<string, string>): Package {
  const part = pkg.partOf === undefined ? undefined : (folded.get(pkg.partOf) ?? pkg.partOf);
  const whole = part === undefined || part === pkg.partOf ? pkg : { ...pkg, partOf: part };
  if (!pkg.dependsOn.some((id) => folded.has(id))) return whole;
  return { ...whole, dependsOn: uniqueEdges(pkg.dependsOn, pkg.id, folded) };
}

function withEvidence(pkg: Package, put: readonly Package[], folded: ReadonlyMap<string, string>): Package {
  if (put.length === 0) return pkg;
  const alsoKnownAs = put
    .map((other): AlsoKnownAs => ({
      purl: packagePurl(other)!,
      foundBy: other.foundBy,
      locations: other.locations,
    }))
    .toSorted((a, b) => compareCodeUnits(a.purl, b.purl) || compareCodeUnits(a.foundBy, b.foundBy));
  const edges = [...pkg.dependsOn, ...put.flatMap(({ dependsOn }) => dependsOn)];
  return {
    ...pkg,
    alsoKnownAs: [...(pkg.alsoKnownAs ?? []), ...alsoKnownAs],
    dependsOn: uniqueEdges(edges, pkg.id, folded),
  };
}

function uniqueEdges(ids: readonly string[], self: string, folded: ReadonlyMap<string, string>): readonly string[] {
  const targets = new Set(ids.map((id) => folded.get(id) ?? id));
  targets.delete(self);
  return [...targets].toSorted(compareCodeUnits);
}
