import type { FileEntry, FileId, FileView } from '../filesystem/index.ts';
import { createClassifier, isExecutable, type Classified } from './classify.ts';
import { LedgerColumns } from './columns.ts';
import { PossibleCopies } from './copies.ts';
import { isExcludedOnPurpose } from './excluded.ts';
import { compareFindings, historyOf } from './findings.ts';
import { createOwnerNames, Owners } from './owners.ts';
import { createPackedCheck } from './packed.ts';
import { withRemovers, type MissingFinding } from './removers.ts';
import { LEDGER_RULES } from './rules.ts';
import { TotalsCounter } from './totals.ts';
import type { Ledger, LedgerDifference, LedgerEntry, LedgerFinding, LedgerOptions } from './types.ts';
import { withUcfFiles } from './ucf.ts';

/**
 * Accounts for every regular file and link of a view: one class each, and for files of packages how they compare with the packages' records. One pass,
 * linear; of each file a dozen bytes are kept. `createClassifier` documents which class wins.
 * @throws AppError FILESYSTEM_TOO_LARGE as the view does
 */
export function buildLedger(options: LedgerOptions): Ledger {
  const { view, packages, notes = [], layers = [], integrity = true } = options;
  const owners = new Owners(withUcfFiles(packages, view), view);
  const nameOf = createOwnerNames(packages);
  const columns = new LedgerColumns(view.idLimit);
  const totals = new TotalsCounter();
  const differences = new Map<FileId, LedgerDifference>();
  const findings: LedgerFinding[] = [];
  const notChecked = new Map<number, number>();
  const classifierOf = createClassifier(options, owners);
  const copies = new PossibleCopies(view);
  for (const folder of view.folders()) {
    const classify = classifierOf(folder);
    for (const [name, entry] of folder.files()) {
      if (entry.type !== 'file' && entry.type !== 'symlink') {
        owners.missAt(entry);
        continue;
      }
      const row = classify(name, entry);
      copies.add(entry, row);
      totals.add(row, entry.sizeBytes, isExecutable(entry));
      columns.set(entry.id, row);
      if (row.notChecked === true) notChecked.set(entry.layer, (notChecked.get(entry.layer) ?? 0) + 1);
      const difference = differenceOf(row, nameOf);
      if (difference === undefined) continue;
      differences.set(entry.id, difference);
      const owner = nameOf(row.owner ?? -1);
      if (row.integrity === 'modified' && owner !== undefined) {
        const { path, layer } = entry;
        findings.push({ kind: 'modified', path: `/${path}`, layer, ...historyOf(layers, layer), owner, ...difference });
      }
    }
  }
  for (const { id, from, row, ...size } of copies.find(packages)) {
    totals.move(from, row.class, size);
    columns.set(id, row);
  }
  for (const [layer, files] of integrity ? notChecked : []) {
    findings.push({ kind: 'not-checked', layer, files, ...historyOf(layers, layer) });
  }
  const { missing, excluded } = findMissing(owners, nameOf);
  const noteOf = new Map(notes.filter(({ kind }) => kind === 'known-unknown').map(({ path, code }) => [path, code]));
  return {
    totals: totals.finish({ missing: missing.length, excluded, knownUnknowns: noteOf.size }),
    findings: [...findings, ...withRemovers(missing, options)].toSorted(compareFindings),
    integrity,
    packages,
    layers,
    entries: () => ledgerEntries(view, { columns, differences, noteOf, nameOf }),
  };
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

/** Recorded files that are not there. */
function findMissing(
  owners: Owners,
  nameOf: OwnerNames,
): {
  readonly missing: readonly MissingFinding[];
  readonly excluded: number;
} {
  const missing: MissingFinding[] = [];
  const isPackedByOs = createPackedCheck(owners);
  let excluded = 0;
  for (const [path, { owner: index }] of owners.absent) {
    const owner = nameOf(index);
    if (owner === undefined) continue;
    if (isPackedByOs(index, path)) continue;
    if (isExcludedOnPurpose(path)) excluded += 1;
    else missing.push({ kind: 'missing', path, owner });
  }
  return { missing, excluded };
}

interface Decided {
  readonly columns: LedgerColumns;
  readonly differences: ReadonlyMap<FileId, LedgerDifference>;
  readonly noteOf: ReadonlyMap<string, string>;
  readonly nameOf: OwnerNames;
}

function* ledgerEntries(view: FileView, decided: Decided): Generator<LedgerEntry> {
  for (const entry of view.entries()) {
    if (entry.type === 'file' || entry.type === 'symlink') yield ledgerEntry(entry, decided);
  }
}

function ledgerEntry(entry: FileEntry, decided: Decided): LedgerEntry {
  const row = decided.columns.at(entry.id);
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
  const difference = decided.differences.get(entry.id);
  if (difference !== undefined) result.difference = difference;
  return result;
}
