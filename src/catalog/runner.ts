import { compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import {
  comparePackages,
  type CatalogNote,
  type Diagnostic,
  type Distribution,
  type Package,
} from '../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from './contract.ts';
import { mergePackages } from './merge.ts';
import { detectDistribution } from './os/distribution.ts';
import { crossCheckDeclared } from './declared/cross-check.ts';
import { declaredCataloger } from './declared/declared.ts';
import { foldOwned } from './fold.ts';
import { findOwnership, markOwned, whollyOwned, type Ownership } from './ownership.ts';
import { PackageLimits } from './limit-packages.ts';
import { limitView } from './limit-view.ts';
import { joinRecognisedPrograms } from './recognised-programs.ts';
import { CATALOGERS } from './registry.ts';

export interface CatalogOptions {
  readonly view: FileView;
  /** All of the registry unless told. */
  readonly catalogers?: readonly Cataloger[];
  /** Whether language packages shall list the files they own; true unless told. OS packages always do. */
  readonly languageFiles?: boolean;
  /** Whether packages shall carry what their records say of their files; false unless told. */
  readonly recordedFiles?: boolean;
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
  /** Packages that brought another one's files. The other is in `packages`, or put away as the owner's `alsoKnownAs`. Sorted. */
  readonly ownership: readonly Ownership[];
  /** Sorted by path, then code; at most `MAX_SAME_DIAGNOSTICS` of one kind, then one that says how many more. */
  readonly diagnostics: readonly Diagnostic[];
  /** Sorted by path, then code. At most 10,000 of a cataloger. */
  readonly notes: readonly CatalogNote[];
  readonly catalogers: readonly { readonly id: string; readonly version: number }[];
}

const MAX_SAME_DIAGNOSTICS = 100;
const MAX_NOTES = 10_000;

/**
 * Runs catalogers over a view and merges what they find. A cataloger that throws is the diagnostic `cataloger-failed`; the others go on. More than 100,000
 * packages of one cataloger or of all (2,000 of each in any case), or 250,000 files of one rule, are the diagnostic `too-many-packages`, more than a million
 * edges of all (100,000 of each in any case) `dependencies-incomplete`; those beyond are missing. Nothing else is dropped:
 * a package that lies wholly in another one's files becomes that one's evidence when both are the same software, else it has the property `waybill:owned-by`.
 */
export function runCatalogers(options: CatalogOptions): CatalogRun {
  const { view, catalogers = CATALOGERS, languageFiles = true, recordedFiles = false, rethrow = false } = options;
  const { distribution, diagnostics: found } = detectDistribution(view);
  const limits = new PackageLimits();
  const results = catalogers.map((cataloger) =>
    limits.apply(cataloger, runOne(cataloger, { view, distribution, languageFiles, recordedFiles }, rethrow)),
  );
  const merged = joinRecognisedPrograms(mergePackages(results.map((result) => result.packages)));
  const declared = crossCheck(catalogers, { view, packages: merged }, rethrow);
  const ownership = findOwnership(merged);
  const wholly = whollyOwned(merged, ownership);
  return {
    distribution,
    packages: markOwned(foldOwned(merged, wholly, ownership), wholly).toSorted(comparePackages),
    ownership,
    diagnostics: limitDiagnostics([
      ...found,
      ...results.flatMap((result) => result.diagnostics),
      ...declared.diagnostics,
    ]),
    notes: [...results, declared].flatMap(({ notes = [] }) => notes.slice(0, MAX_NOTES)).toSorted(compareNotes),
    catalogers: catalogers.map(({ id, version }) => ({ id, version })),
  };
}

/** What documents inside the image say otherwise than all catalogers together, when they are read at all. */
function crossCheck(
  catalogers: readonly Cataloger[],
  found: { readonly view: FileView; readonly packages: readonly Package[] },
  rethrow: boolean,
): Omit<CatalogResult, 'packages'> {
  if (!catalogers.includes(declaredCataloger)) return { diagnostics: [] };
  try {
    return crossCheckDeclared(found.view, found.packages);
  } catch (error) {
    if (rethrow) throw error;
    const message = `documents in the image could not be compared: ${error instanceof Error ? error.message : String(error)}`;
    return {
      diagnostics: [{ code: 'cataloger-failed', severity: 'error', message, source: declaredCataloger.id }],
    };
  }
}

function runOne(cataloger: Cataloger, context: CatalogContext, rethrow: boolean): CatalogResult {
  const { view, diagnostics: limited } = limitView(context.view, cataloger);
  try {
    const { packages, diagnostics, notes = [] } = cataloger.catalog({ ...context, view });
    return { packages, diagnostics: [...diagnostics, ...limited], notes };
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

function compareNotes(a: CatalogNote, b: CatalogNote): number {
  return (
    compareCodeUnits(a.path, b.path) ||
    compareCodeUnits(a.source, b.source) ||
    compareCodeUnits(a.code, b.code) ||
    compareCodeUnits(a.message, b.message)
  );
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareCodeUnits(a.path ?? '', b.path ?? '') ||
    compareCodeUnits(a.source, b.source) ||
    compareCodeUnits(a.code, b.code) ||
    compareCodeUnits(a.message, b.message)
  );
}
