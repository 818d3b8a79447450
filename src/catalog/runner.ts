import { compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import { comparePackages, type Diagnostic, type Distribution, type Package } from '../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from './contract.ts';
import { mergePackages } from './merge.ts';
import { detectDistribution } from './os/distribution.ts';
import { findOwnership, markOwned, type Ownership } from './ownership.ts';
import { CATALOGERS } from './registry.ts';

export interface CatalogOptions {
  readonly view: FileView;
  /** All of the registry unless told. */
  readonly catalogers?: readonly Cataloger[];
  /** Lets a cataloger's exception through instead of noting it: for tests. */
  readonly rethrow?: boolean;
}

/** Everything that was found in one image. The same for the same view and catalogers, byte for byte. */
export interface CatalogRun {
  readonly distribution: Distribution | undefined;
  /**
   * Sorted by type, namespace, name and version. Equal packages are merged: all locations, licences, edges and files. `id` and `dependsOn` are unique
   * over all catalogers.
   */
  readonly packages: readonly Package[];
  /** OS packages that brought a language package's files; both are in `packages`. Sorted. */
  readonly ownership: readonly Ownership[];
  /** Sorted by path, then code; at most `MAX_SAME_DIAGNOSTICS` of one kind, then one that says how many more. */
  readonly diagnostics: readonly Diagnostic[];
  readonly catalogers: readonly { readonly id: string; readonly version: number }[];
}

const MAX_SAME_DIAGNOSTICS = 100;

/**
 * Runs catalogers over a view and merges what they find. A cataloger that throws is the diagnostic `cataloger-failed`; the others go on. Nothing is
 * dropped: a language package that an OS package owns stays, with the property `waybill:owned-by` when every place it lies in is owned.
 */
export function runCatalogers(options: CatalogOptions): CatalogRun {
  const { view, catalogers = CATALOGERS, rethrow = false } = options;
  const { distribution, diagnostics: found } = detectDistribution(view);
  const results = catalogers.map((cataloger) => runOne(cataloger, { view, distribution }, rethrow));
  const merged = mergePackages(results.map((result) => result.packages));
  const ownership = findOwnership(merged);
  return {
    distribution,
    packages: markOwned(merged, ownership).toSorted(comparePackages),
    ownership,
    diagnostics: limitDiagnostics([...found, ...results.flatMap((result) => result.diagnostics)]),
    catalogers: catalogers.map(({ id, version }) => ({ id, version })),
  };
}

function runOne(cataloger: Cataloger, context: CatalogContext, rethrow: boolean): CatalogResult {
  try {
    return cataloger.catalog(context);
  } catch (error) {
    if (rethrow) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${cataloger.title} could not be catalogued and are missing: ${reason}`;
    return {
      packages: [],
      diagnostics: [{ code: 'cataloger-failed', severity: 'error', message, source: cataloger.id }],
    };
  }
}

function limitDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = diagnostics.toSorted(compareDiagnostics);
  const counts = new Map<string, number>();
  const kept: Diagnostic[] = [];
  for (const diagnostic of sorted) {
    const kind = `${diagnostic.source} ${diagnostic.code}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= MAX_SAME_DIAGNOSTICS) kept.push(diagnostic);
  }
  for (const [kind, count] of counts) {
    if (count <= MAX_SAME_DIAGNOSTICS) continue;
    const [source = '', code = ''] = kind.split(' ');
    const message = `${count - MAX_SAME_DIAGNOSTICS} more diagnostics ${code} are left out`;
    kept.push({ code: 'too-many-diagnostics', severity: 'warning', message, source });
  }
  return kept.toSorted(compareDiagnostics);
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareCodeUnits(a.path ?? '', b.path ?? '') ||
    compareCodeUnits(a.source, b.source) ||
    compareCodeUnits(a.code, b.code) ||
    compareCodeUnits(a.message, b.message)
  );
}
