import { comparePackages, type Diagnostic, type Package } from '../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogResult } from './contract.ts';
import { tooMany } from './limit-view.ts';
import { mergePackages } from './merge.ts';

/** Far above any real image; a made-up one must not need gigabytes of packages and of SBOM. */
const MAX_PACKAGES = 100_000;
/** Of all catalogers; those that come when it is used up may still find a few, so that no flood of one kind hides the others. */
const MAX_ALL_PACKAGES = 100_000;
const ALWAYS_PACKAGES = 2000;
/** Edges of all catalogers: large images have some ten thousand, and a few thousand packages that all need each other have millions. */
const MAX_ALL_EDGES = 1_000_000;
const ALWAYS_EDGES = 100_000;

/** What the catalogers of one run may find together. */
export class PackageLimits {
  #packagesLeft = MAX_ALL_PACKAGES;
  #edgesLeft = MAX_ALL_EDGES;

  /** The result without what is too much; its diagnostics tell of that. Catalogers in their order. */
  apply(cataloger: Cataloger, result: CatalogResult): CatalogResult {
    const most = Math.min(MAX_PACKAGES, Math.max(this.#packagesLeft, ALWAYS_PACKAGES));
    const limited = limitPackages(cataloger, result, most);
    this.#packagesLeft -= limited.packages.length;
    const allowed = Math.max(this.#edgesLeft, ALWAYS_EDGES);
    const { packages, edges, without } = limitEdges(limited.packages, allowed);
    this.#edgesLeft -= edges;
    if (without === 0) return limited;
    const message = `${cataloger.title}: more dependencies than any real image has; those of ${without} packages are missing`;
    const told: Diagnostic = { code: 'dependencies-incomplete', severity: 'warning', message, source: cataloger.id };
    return { ...limited, packages, diagnostics: [...limited.diagnostics, told] };
  }
}

function limitEdges(
  packages: readonly Package[],
  allowed: number,
): { readonly packages: readonly Package[]; readonly edges: number; readonly without: number } {
  let [edges, without] = [0, 0];
  const kept = packages.map((pkg) => {
    const count = pkg.dependsOn.length;
    if (edges + count <= allowed) {
      edges += count;
      return pkg;
    }
    without += 1;
    return { ...pkg, dependsOn: [] };
  });
  return { packages: without === 0 ? packages : kept, edges, without };
}

/** Packages that are found again and again count once: a hundred programs may be built from the same thousand modules. */
function limitPackages(cataloger: Cataloger, result: CatalogResult, limit: number): CatalogResult {
  const found = result.packages.length;
  if (found <= limit) return result;
  const packages = mergePackages([result.packages]);
  const isCut = packages.length > limit;
  const diagnostics = [...result.diagnostics];
  if (isCut) {
    const message = `${packages.length} are more than any real image has; after ${limit} the rest is missing`;
    diagnostics.push(tooMany(cataloger, message));
  } else if (found >= ENOUGH_PACKAGES) {
    diagnostics.push(
      tooMany(cataloger, `${found} findings are more than any real image has; further files may not have been read`),
    );
  }
  return { ...result, packages: isCut ? packages.toSorted(comparePackages).slice(0, limit) : packages, diagnostics };
}
