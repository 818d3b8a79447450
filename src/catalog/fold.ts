import { compareCodeUnits } from '../core/index.ts';
import { asOtherName, isInstalledByOs, packagePurl, type Package } from '../packages/index.ts';
import type { Ownership } from './ownership.ts';
import { hasSameVersion, isSameSoftware } from './same-software.ts';

/**
 * Puts away what describes the same software as the packages that own its files: the owners stay, the finding becomes evidence (`alsoKnownAs`) of each of
 * them, edges to and from it are theirs. What an owner merely contains (programs and libraries bundled into an application) stays a package of its own.
 * @param wholly by id of a package that lies in owned files only, the ids of its owners
 */
export function foldOwned(
  packages: readonly Package[],
  wholly: ReadonlyMap<string, readonly string[]>,
  ownership: readonly Ownership[],
): readonly Package[] {
  const byId = new Map(packages.map((pkg) => [pkg.id, pkg]));
  const alone = countByOwnerAndType(packages, wholly);
  const folded = new Map<string, readonly string[]>();
  for (const [id, owners] of wholly) {
    const owned = byId.get(id);
    if (owned === undefined) continue;
    const isSame = owners.every((ownerId) => {
      const owner = byId.get(ownerId);
      const single = owners.length === 1 && alone.get(`${ownerId}\0${owned.type}`) === 1;
      return owner !== undefined && describesOwner(owner, owned, single);
    });
    if (isSame) folded.set(id, owners);
  }
  if (folded.size === 0) return packages;
  // a recognised program in a JDK that an OS package brought
  for (const [id, owners] of folded)
    folded.set(id, [...new Set(owners.flatMap((owner) => folded.get(owner) ?? [owner]))]);
  const evidence = new Map<string, Package[]>();
  for (const [id, owners] of folded) {
    for (const owner of owners) {
      const list = evidence.get(owner);
      if (list) list.push(byId.get(id)!);
      else evidence.set(owner, [byId.get(id)!]);
    }
  }
  const brought = new Set(ownership.map(({ owned, owner, path }) => [owned, owner, path].join('\0')));
  return packages.flatMap((pkg) => {
    if (folded.has(pkg.id)) return [];
    const put = (evidence.get(pkg.id) ?? []).map((other) => within(other, pkg, brought));
    return [withEvidence(redirect(pkg, folded), put, folded)];
  });
}

/** The finding with those of its places that the owner brought; with all of them when it owns through another package. */
function within(finding: Package, owner: Package, brought: ReadonlySet<string>): Package {
  const locations = finding.locations.filter(({ path }) => brought.has([finding.id, owner.id, path].join('\0')));
  return locations.length === 0 ? finding : { ...finding, locations };
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

/** Edges to what was put away lead to its owners. */
function redirect(pkg: Package, folded: ReadonlyMap<string, readonly string[]>): Package {
  const part = pkg.partOf === undefined ? undefined : (folded.get(pkg.partOf)?.[0] ?? pkg.partOf);
  const whole = part === undefined || part === pkg.partOf ? pkg : { ...pkg, partOf: part };
  if (!pkg.dependsOn.some((id) => folded.has(id))) return whole;
  return { ...whole, dependsOn: uniqueEdges(pkg.dependsOn, pkg.id, folded) };
}

function withEvidence(pkg: Package, put: readonly Package[], folded: ReadonlyMap<string, readonly string[]>): Package {
  if (put.length === 0) return pkg;
  const alsoKnownAs = put
    .map((other) => asOtherName(other, packagePurl(other)!))
    .toSorted((a, b) => compareCodeUnits(a.purl, b.purl) || compareCodeUnits(a.foundBy, b.foundBy));
  const edges = [...pkg.dependsOn, ...put.flatMap(({ dependsOn }) => dependsOn)];
  return {
    ...pkg,
    alsoKnownAs: [...(pkg.alsoKnownAs ?? []), ...alsoKnownAs],
    dependsOn: uniqueEdges(edges, pkg.id, folded),
  };
}

function uniqueEdges(
  ids: readonly string[],
  self: string,
  folded: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const targets = new Set(ids.flatMap((id) => folded.get(id) ?? [id]));
  targets.delete(self);
  return [...targets].toSorted(compareCodeUnits);
}
