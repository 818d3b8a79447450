import { compareCodeUnits } from '../core/index.ts';
import { asOtherName, packagePurl, type Package } from '../packages/index.ts';

/**
 * A program that a classifier recognised, and that another cataloger knows by what was linked into it, is one package: the other one. It takes the
 * recognised version when it has none of its own (a Go program that was built outside a release); else the finding becomes its evidence.
 */
export function joinRecognisedPrograms(packages: readonly Package[]): readonly Package[] {
  const known = new Map<string, Package>();
  for (const pkg of packages) {
    if (pkg.foundBy === 'binary') continue;
    for (const { path } of pkg.locations) known.set(keyAt(pkg, path), pkg);
  }
  const joined = new Map<string, Package>();
  const renamed = new Map<string, string>();
  for (const finding of packages) {
    if (finding.foundBy !== 'binary') continue;
    const others = new Set(finding.locations.map(({ path }) => known.get(keyAt(finding, path))));
    const [other] = others;
    if (other === undefined || others.size !== 1) continue;
    joined.set(other.id, join(joined.get(other.id) ?? other, finding));
    renamed.set(finding.id, other.id);
  }
  if (renamed.size === 0) return packages;
  return packages.flatMap((pkg) => (renamed.has(pkg.id) ? [] : [redirected(joined.get(pkg.id) ?? pkg, renamed)]));
}

function keyAt({ type, namespace, name }: Package, path: string): string {
  return [type, namespace ?? '', name, path].join('\0');
}

function join(pkg: Package, finding: Package): Package {
  const purl = packagePurl(finding);
  if (pkg.version === undefined && finding.version !== undefined) {
    // a classifier knows which module its program is
    const { purlKnown: _, ...known } = pkg;
    return {
      ...(purl === undefined ? pkg : known),
      version: finding.version,
      evidence: [...pkg.evidence, ...finding.evidence.filter(({ field }) => field !== 'name')],
      ...(finding.cpes === undefined ? {} : { cpes: finding.cpes }),
      ...(pkg.licenses.length === 0 ? { licenses: finding.licenses } : {}),
    };
  }
  if (purl === undefined || finding.version === pkg.version) return pkg;
  return { ...pkg, alsoKnownAs: [...(pkg.alsoKnownAs ?? []), asOtherName(finding, purl)] };
}

function redirected(pkg: Package, renamed: ReadonlyMap<string, string>): Package {
  if (!pkg.dependsOn.some((id) => renamed.has(id))) return pkg;
  const targets = new Set(pkg.dependsOn.map((id) => renamed.get(id) ?? id));
  targets.delete(pkg.id);
  return { ...pkg, dependsOn: [...targets].toSorted(compareCodeUnits) };
}
