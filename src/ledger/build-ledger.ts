import { compareCodeUnits } from '../core/index.ts';
import type { FileEntry, FileView } from '../filesystem/index.ts';
import { createClassifier, isExecutable, type Classified } from './classify.ts';
import { LedgerColumns } from './columns.ts';
import { isExcludedOnPurpose } from './excluded.ts';
import { createOwnerNames, Owners } from './owners.ts';
import { LEDGER_RULES } from './rules.ts';
import { TotalsCounter } from './totals.ts';
import type { Ledger, LedgerDifference, LedgerEntry, LedgerFinding, LedgerOptions } from './types.ts';

/**
 * Accounts for every regular file and link of a view: one class each, and for files of packages how they compare with the packages' records. One pass,
 * linear; of each file a dozen bytes are kept. `createClassifier` documents which class wins.
 * @throws AppError FILESYSTEM_TOO_LARGE as the view does
 */
export function buildLedger(options: LedgerOptions): Ledger {
  const { view, packages, notes = [], layers = [], integrity = true } = options;
  const owners = new Owners(packages);
  const nameOf = createOwnerNames(packages);
  const seen = new Uint8Array(owners.slots);
  const columns = new LedgerColumns();
  const totals = new TotalsCounter();
  const differences = new Map<number, LedgerDifference>();
  const findings: LedgerFinding[] = [];
  const notChecked = new Map<number, number>();
  const classify = createClassifier(options, owners, (slot) => (seen[slot] = 1));
  for (const entry of view.entries()) {
    if (entry.type !== 'file' && entry.type !== 'symlink') continue;
    const row = classify(entry);
    totals.add(row, entry.sizeBytes, isExecutable(entry));
    const difference = differenceOf(row, nameOf);
    if (difference !== undefined) {
      differences.set(columns.length, difference);
      const owner = nameOf(row.owner ?? -1);
      if (row.integrity === 'modified' && owner !== undefined) {
        findings.push({ kind: 'modified', ...placeOf(options, entry), owner, ...difference });
      }
    }
    if (integrity && row.notChecked === true) notChecked.set(entry.layer, (notChecked.get(entry.layer) ?? 0) + 1);
    columns.push(row);
  }
  for (const [layer, files] of notChecked) {
    const { createdBy } = layers[layer] ?? {};
    findings.push({ kind: 'not-checked', layer, files, ...(createdBy === undefined ? {} : { createdBy }) });
  }
  const { missing, excluded } = findMissing({ view, owners, nameOf }, seen);
  const noteOf = new Map(notes.filter(({ kind }) => kind === 'known-unknown').map(({ path, code }) => [path, code]));
  return {
    totals: totals.finish({ missing: missing.length, excluded, knownUnknowns: noteOf.size }),
    findings: [...findings, ...missing].toSorted(compareFindings),
    integrity,
    packages,
    layers,
    entries: () => ledgerEntries(view, { columns, differences, noteOf, nameOf }),
  };
}

function placeOf(
  { layers = [] }: LedgerOptions,
  { path, layer }: FileEntry,
): {
  readonly path: string;
  readonly layer: number;
  readonly createdBy?: string;
} {
  const { createdBy } = layers[layer] ?? {};
  return { path: `/${path}`, layer, ...(createdBy === undefined ? {} : { createdBy }) };
}

type OwnerNames = ReturnType<typeof createOwnerNames>;

function differenceOf({ difference }: Classified, nameOf: OwnerNames): LedgerDifference | undefined {
  if (difference?.claim.recorded === undefined) return undefined;
  const { algorithm, hex } = difference.claim.recorded;
  const fits = difference.fits === undefined ? undefined : nameOf(difference.fits);
  return {
    algorithm,
    expected: hex,
    ...(difference.found === undefined ? {} : { found: difference.found }),
    ...(fits === undefined ? {} : { fits }),
  };
}

type MissingFinding = Extract<LedgerFinding, { readonly kind: 'missing' }>;

/** Recorded files that the pass over the view did not meet. */
function findMissing(
  from: { readonly view: FileView; readonly owners: Owners; readonly nameOf: OwnerNames },
  seen: Uint8Array,
): { readonly missing: readonly MissingFinding[]; readonly excluded: number } {
  const { view, owners, nameOf } = from;
  const missing: MissingFinding[] = [];
  let excluded = 0;
  for (let slot = 0; slot < seen.length; slot += 1) {
    if (seen[slot] === 1) continue;
    const { owner: index, recorded } = owners.first(slot);
    if (recorded === undefined) continue;
    const path = owners.path(slot);
    const owner = nameOf(index);
    // a path that leads through a link of the image is met under its other name
    if (owner === undefined || view.lookup(path.slice(1)) !== undefined) continue;
    if (isExcludedOnPurpose(path)) excluded += 1;
    else missing.push({ kind: 'missing', path, owner });
  }
  return { missing, excluded };
}

interface Decided {
  readonly columns: LedgerColumns;
  readonly differences: ReadonlyMap<number, LedgerDifference>;
  readonly noteOf: ReadonlyMap<string, string>;
  readonly nameOf: OwnerNames;
}

function* ledgerEntries(view: FileView, decided: Decided): Generator<LedgerEntry> {
  let index = 0;
  for (const entry of view.entries()) {
    if (entry.type !== 'file' && entry.type !== 'symlink') continue;
    yield ledgerEntry(entry, index, decided);
    index += 1;
  }
}

function ledgerEntry(entry: FileEntry, index: number, decided: Decided): LedgerEntry {
  const row = decided.columns.at(index);
  const path = `/${entry.path}`;
  const result: { -readonly [K in keyof LedgerEntry]: LedgerEntry[K] } = {
    path,
    type: entry.type === 'symlink' ? 'symlink' : 'file',
    sizeBytes: entry.sizeBytes,
    mode: entry.mode,
    layer: entry.layer,
    isExecutable: isExecutable(entry),
    class: row.class,
  };
  if (row.integrity !== undefined) result.integrity = row.integrity;
  const owner = decided.nameOf(row.owner);
  if (owner !== undefined) result.owner = owner;
  const also = decided.nameOf(row.also);
  if (also !== undefined) result.also = also;
  const rule = LEDGER_RULES[row.rule]?.id;
  if (rule !== undefined) result.rule = rule;
  const note = decided.noteOf.get(path);
  if (note !== undefined) result.note = note;
  if (entry.linkTarget !== undefined) result.linkTarget = entry.linkTarget;
  const difference = decided.differences.get(index);
  if (difference !== undefined) result.difference = difference;
  return result;
}

function compareFindings(a: LedgerFinding, b: LedgerFinding): number {
  const pathOf = (finding: LedgerFinding): string => ('path' in finding ? finding.path : '');
  const layerOf = (finding: LedgerFinding): number => ('layer' in finding ? finding.layer : -1);
  return compareCodeUnits(a.kind, b.kind) || compareCodeUnits(pathOf(a), pathOf(b)) || layerOf(a) - layerOf(b);
}
