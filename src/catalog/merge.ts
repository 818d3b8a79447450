import { compareCodeUnits } from '../core/index.ts';
import {
  packageKey,
  packagePurl,
  type IdentityEvidence,
  type LicenseClaim,
  type Location,
  type Package,
  type RecordedFile,
} from '../packages/index.ts';

/** One finding with the cataloger's result it belongs to. */
interface Finding {
  readonly pkg: Package;
  readonly key: string;
}

/**
 * Makes one package of all findings with the same identity, and turns edges between findings into edges between packages. Where findings differ in a
 * field that holds one value, the first cataloger's counts, then the first by path.
 * @param results one list per cataloger
 */
export function mergePackages(results: readonly (readonly Package[])[]): readonly Package[] {
  const groups = new Map<string, Ranked[]>();
  const dependencies = new Map<string, Set<string>>();
  const parents = new Map<string, (string | undefined)[]>();
  for (const [rank, findings] of keyed(results).entries()) {
    const keyOfId = new Map(findings.map(({ pkg, key }) => [pkg.id, key]));
    for (const { pkg, key } of findings) {
      const group = groups.get(key);
      if (group) group.push({ pkg, rank });
      else groups.set(key, [{ pkg, rank }]);
      const part = pkg.partOf === undefined ? undefined : keyOfId.get(pkg.partOf);
      const known = parents.get(key);
      const parent = part === key ? undefined : part;
      if (known) known.push(parent);
      else parents.set(key, [parent]);
      const edges = dependencies.get(key) ?? new Set<string>();
      dependencies.set(key, edges);
      for (const id of pkg.dependsOn) {
        const target = keyOfId.get(id);
        if (target !== undefined && target !== key) edges.add(target);
      }
    }
  }
  const wholes = new Map([...parents].map(([key, known]) => [key, commonParent(known)]));
  // two applications may hold the same library, and it is part of one: the other needs it as much
  for (const [key, known] of parents) {
    for (const parent of new Set(known)) {
      if (parent !== undefined && parent !== wholes.get(key)) dependencies.get(parent)?.add(key);
    }
  }
  return [...groups].map(([key, group]) => {
    const dependsOn = [...(dependencies.get(key) ?? [])].toSorted(compareCodeUnits);
    const { partOf: _, ...merged } = mergeGroup(group);
    const partOf = wholes.get(key);
    return { ...merged, id: key, dependsOn, ...(partOf === undefined ? {} : { partOf }) };
  });
}

/** What has one purl is one package, however its name is written: pip carries `pygments`, and `Pygments` is installed. */
function keyOf(pkg: Package): string {
  return packagePurl(pkg)?.slice('pkg:'.length) ?? packageKey(pkg);
}

/** What has the name of a published package but is known not to be it is another one. */
function keyed(results: readonly (readonly Package[])[]): readonly (readonly Finding[])[] {
  const all = results.map((result) => result.map((pkg): Finding => ({ pkg, key: keyOf(pkg) })));
  const isApart = ({ pkg }: Finding): boolean => pkg.purlKnown === false;
  const apart = new Set(all.flatMap((findings) => findings.filter(isApart).map(({ key }) => key)));
  if (apart.size === 0) return all;
  const published = new Set<string>();
  for (const findings of all) {
    for (const finding of findings) if (apart.has(finding.key) && !isApart(finding)) published.add(finding.key);
  }
  return all.map((findings) =>
    findings.map((finding) =>
      isApart(finding) && published.has(finding.key) ? { ...finding, key: `${finding.key}#unpublished` } : finding,
    ),
  );
}

/** What lies inside something wherever it was found; where it also stands alone it is part of nothing. The first parent by name when there are several. */
function commonParent(parents: readonly (string | undefined)[]): string | undefined {
  return parents.includes(undefined) ? undefined : parents.toSorted(compareOptional)[0];
}

function compareOptional(a = '', b = ''): number {
  return compareCodeUnits(a, b);
}

/** A finding and the place of its cataloger in the order in which findings win. */
interface Ranked {
  readonly pkg: Package;
  readonly rank: number;
}

function compareRanked(a: Ranked, b: Ranked): number {
  return (
    a.rank - b.rank ||
    compareCodeUnits(a.pkg.locations[0]?.path ?? '', b.pkg.locations[0]?.path ?? '') ||
    compareCodeUnits(a.pkg.id, b.pkg.id)
  );
}

function mergeGroup(group: readonly Ranked[]): Package {
  const sorted = group.toSorted(compareRanked).map(({ pkg }) => pkg);
  const [first] = sorted;
  if (first === undefined) throw new Error('a group of findings is never empty');
  if (sorted.length === 1) return first;
  // the first finding wins, others fill in what it does not say
  const filled = sorted.reduceRight<Package>((merged, pkg) => Object.assign(merged, pkg), { ...first });
  const { scope: _, firstParty: __, ...rest } = filled;
  const cpes = mergeList(sorted, (pkg) => pkg.cpes);
  const files = mergeList(sorted, (pkg) => pkg.files);
  const configFiles = mergeList(sorted, (pkg) => pkg.configFiles);
  const directories = mergeList(sorted, (pkg) => pkg.directories);
  const recordedFiles = mergeRecorded(sorted);
  return {
    ...rest,
    locations: uniqueLocations(sorted.flatMap((pkg) => pkg.locations)),
    evidence: uniqueEvidence(sorted.flatMap((pkg) => pkg.evidence)),
    licenses: uniqueLicenses(sorted.flatMap((pkg) => pkg.licenses)),
    ...(cpes === undefined ? {} : { cpes }),
    ...(files === undefined ? {} : { files }),
    ...(configFiles === undefined ? {} : { configFiles }),
    ...(directories === undefined ? {} : { directories }),
    ...(recordedFiles === undefined ? {} : { recordedFiles }),
    ...mergeProperties(sorted),
    // needed in one place is needed; published once is not first-party
    ...(sorted.every((pkg) => pkg.scope === 'optional') ? { scope: 'optional' as const } : {}),
    ...(sorted.every((pkg) => pkg.firstParty === true) ? { firstParty: true } : {}),
  };
}

function mergeList(
  group: readonly Package[],
  pick: (pkg: Package) => readonly string[] | undefined,
): readonly string[] | undefined {
  const all = new Set(group.flatMap((pkg) => pick(pkg) ?? []));
  return all.size === 0 ? undefined : [...all].toSorted(compareCodeUnits);
}

function mergeRecorded(group: readonly Package[]): ReadonlyMap<string, RecordedFile> | undefined {
  const merged = new Map<string, RecordedFile>();
  for (const { recordedFiles } of group) {
    for (const [path, recorded] of recordedFiles ?? []) if (!merged.has(path)) merged.set(path, recorded);
  }
  return merged.size === 0 ? undefined : merged;
}

function mergeProperties(group: readonly Package[]): { readonly properties?: Readonly<Record<string, string>> } {
  const merged: Record<string, string> = {};
  for (const pkg of group.toReversed()) Object.assign(merged, pkg.properties);
  return Object.keys(merged).length === 0 ? {} : { properties: merged };
}

function uniqueLocations(locations: readonly Location[]): readonly Location[] {
  const unique = new Map(
    locations.map((location) => [`${location.path}\0${location.inside ?? ''}\0${location.layer}`, location]),
  );
  return [...unique.values()].toSorted(
    (a, b) => compareCodeUnits(a.path, b.path) || compareCodeUnits(a.inside ?? '', b.inside ?? '') || a.layer - b.layer,
  );
}

function uniqueEvidence(evidence: readonly IdentityEvidence[]): readonly IdentityEvidence[] {
  const unique = new Map(
    evidence.map((item) => [`${item.field}\0${item.technique}\0${item.confidence}\0${item.value ?? ''}`, item]),
  );
  return [...unique].toSorted(([a], [b]) => compareCodeUnits(a, b)).map(([, item]) => item);
}

function uniqueLicenses(licenses: readonly LicenseClaim[]): readonly LicenseClaim[] {
  const unique = new Map<string, LicenseClaim>();
  for (const claim of licenses) if (!unique.has(claim.value)) unique.set(claim.value, claim);
  return [...unique.values()].toSorted((a, b) => compareCodeUnits(a.value, b.value));
}
