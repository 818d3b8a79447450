import { comparePackages, type Package } from '../packages/index.ts';

/** What a package is to the base that an image stands on. */
export interface BaseShare {
  /** `inherited`: the base has it too. `changed`: the base has another version of it, which is gone. `added`: the base has nothing of that name. */
  readonly share: 'inherited' | 'added' | 'changed';
  /** Versions that the base has, sorted; of `changed` only. */
  readonly from?: readonly string[];
}

export interface BaseSplit {
  /** By id of a package of the image. */
  readonly shares: ReadonlyMap<string, BaseShare>;
  /** Packages of the base of which the image has nothing left, by no version; sorted. */
  readonly removed: readonly Package[];
}

/** Tells what of an image's packages came with its base. Both lists as `runCatalogers` gives them. */
export function splitByBase(packages: readonly Package[], base: readonly Package[]): BaseSplit {
  const before = byName(base);
  const after = byName(packages);
  const shares = new Map<string, BaseShare>();
  for (const pkg of packages) {
    const known = before.get(nameOf(pkg)) ?? [];
    if (known.some(({ version }) => version === pkg.version)) {
      shares.set(pkg.id, { share: 'inherited' });
      continue;
    }
    const left = new Set((after.get(nameOf(pkg)) ?? []).map(({ version }) => version));
    const gone = known.filter(({ version }) => !left.has(version)).map(({ version = '' }) => version);
    const from = [...new Set(gone)].toSorted();
    shares.set(pkg.id, from.length === 0 ? { share: 'added' } : { share: 'changed', from });
  }
  return { shares, removed: base.filter((pkg) => !after.has(nameOf(pkg))).toSorted(comparePackages) };
}

function byName(packages: readonly Package[]): ReadonlyMap<string, readonly Package[]> {
  const groups = new Map<string, Package[]>();
  for (const pkg of packages) {
    const group = groups.get(nameOf(pkg));
    if (group) group.push(pkg);
    else groups.set(nameOf(pkg), [pkg]);
  }
  return groups;
}

/** Architectures are packages of their own. */
function nameOf({ type, namespace, name, qualifiers }: Package): string {
  return [type, namespace ?? '', name, qualifiers?.['arch'] ?? ''].join('\0');
}
