import { isAppError, parseStrictJson } from '../../core/index.ts';
import type { CapturedFile, FileEntry } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asObject } from '../language/json-fields.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { parseBrewFormula, type BrewFormula } from './homebrew-formula.ts';
import { namedEdges } from './named-edges.ts';
import { parentOf } from './parent-of.ts';
import { homepageOf, summaryOf } from './supplier.ts';

const SOURCE = 'homebrew';
const MAX_BYTES = 1024 * 1024;
const NAME = /^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._+~,-]{0,127}$/;
const TAP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const ARCHITECTURE = /^[a-z0-9_]{1,32}$/;
/** The tap of formulae that name none. */
const CORE = 'homebrew/core';

/** Formulae that Homebrew installed: each version in a folder of its own below Cellar. Formulae of taps that are not installed are none. */
export const homebrewCataloger: Cataloger = {
  id: SOURCE,
  title: 'Homebrew formulae',
  version: 1,
  specifications: [
    'https://docs.brew.sh/Formula-Cookbook#homebrew-terminology',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/brew-definition.md',
  ],
  statement: {
    packageTypes: ['brew'],
    reads: ['Cellar/*/*/INSTALL_RECEIPT.json', 'Cellar/*/*/.brew/*.rb'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'homebrew/receipt', pathSuffixes: ['Cellar/*/*/INSTALL_RECEIPT.json'], maxBytes: MAX_BYTES },
    { id: 'homebrew/formula', pathSuffixes: ['Cellar/*/*/.brew/*'], maxBytes: MAX_BYTES },
  ],
  catalog,
};

/** What Homebrew wrote down when it installed. */
interface Receipt {
  readonly tap?: string;
  readonly architecture?: string;
  /** Names of formulae. */
  readonly needs: readonly string[];
}

/** One version of a formula. */
interface Keg {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** The receipt, else the formula. */
  readonly entry: FileEntry;
  readonly receipt: Receipt;
  readonly formula: BrewFormula;
}

function catalog({ view }: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const formulae = new Map<string, CapturedFile>();
  for (const file of view.captured('homebrew/formula')) {
    if (file.entry.path.endsWith('.rb')) formulae.set(parentOf(parentOf(file.entry.path)), file);
  }
  const receipts = new Map(view.captured('homebrew/receipt').map((file) => [parentOf(file.entry.path), file]));
  const kegs = [...new Set([...receipts.keys(), ...formulae.keys()])]
    .toSorted()
    .flatMap((folder) => kegOf(folder, { receipt: receipts.get(folder), formula: formulae.get(folder) }, diagnostics));
  const byCellar = Map.groupBy(kegs, ({ folder }) => parentOf(parentOf(folder)));
  return { packages: [...byCellar].flatMap(([cellar, own]) => cellarPackages(cellar, own, diagnostics)), diagnostics };
}

function cellarPackages(cellar: string, kegs: readonly Keg[], diagnostics: Diagnostic[]): readonly Package[] {
  const budget = new EdgeBudget();
  const edges = namedEdges(
    kegs.map(({ name, receipt }) => ({ name, provides: [], needs: receipt.needs })),
    budget,
  );
  if (budget.isSpent) {
    const message = 'has more dependencies than any real installation; those beyond the limit are missing';
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path: `/${cellar}`, source: SOURCE });
  }
  return kegs.map((keg, index) => toPackage(keg, (edges[index] ?? []).map((at) => kegs[at]!.folder).toSorted()));
}

function kegOf(
  folder: string,
  files: { readonly receipt: CapturedFile | undefined; readonly formula: CapturedFile | undefined },
  diagnostics: Diagnostic[],
): readonly Keg[] {
  const report = (message: string): void => {
    const path = `/${folder}`;
    diagnostics.push({ code: 'malformed-record', severity: 'warning', message, path, source: SOURCE });
  };
  const [name = '', version = ''] = folder.split('/').slice(-2);
  const entry = (files.receipt ?? files.formula)?.entry;
  if (entry === undefined) return [];
  if (!NAME.test(name) || !VERSION.test(version)) {
    report('is named as no version of a formula can be; it is left out');
    return [];
  }
  const receipt = files.receipt === undefined ? { needs: [] } : receiptOf(files.receipt, report);
  const formula = files.formula === undefined ? {} : parseBrewFormula(files.formula.bytes);
  return [{ folder, name, version, entry, receipt, formula }];
}

function receiptOf({ bytes }: CapturedFile, report: (message: string) => void): Receipt {
  try {
    const document = asObject(parseStrictJson(bytes, 'the receipt', { maxBytes: MAX_BYTES }));
    const tap = textOf(asObject(document?.['source'])?.['tap'], TAP);
    const architecture = textOf(document?.['arch'], ARCHITECTURE);
    const dependencies = document?.['runtime_dependencies'];
    const needs = (Array.isArray(dependencies) ? dependencies : []).flatMap((dependency) => {
      // formulae of other taps are named with them
      const name = textOf(asObject(dependency)?.['full_name'], /^[^\s]{1,300}$/)
        ?.split('/')
        .at(-1);
      return name === undefined ? [] : [name];
    });
    return {
      needs,
      ...(tap === undefined ? {} : { tap: tap.toLowerCase() }),
      ...(architecture === undefined ? {} : { architecture }),
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    report(`its receipt cannot be read, dependencies are missing: ${error.message}`);
    return { needs: [] };
  }
}

function toPackage(keg: Keg, dependsOn: readonly string[]): Package {
  const { folder, name, version, entry, receipt, formula } = keg;
  const { tap, architecture } = receipt;
  const description = summaryOf(formula.description);
  const homepage = homepageOf(formula.homepage);
  return {
    type: 'brew',
    ...(tap === undefined || tap === CORE ? {} : { namespace: tap }),
    name,
    version,
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `folder /${folder}` }],
    licenses: formula.license === undefined ? [] : [{ value: formula.license }],
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    directories: [`/${folder}`],
    ...(architecture === undefined ? {} : { properties: { 'brew:arch': architecture } }),
    id: folder,
    dependsOn,
  };
}

function textOf(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
