import { safeText } from '../core/index.ts';
import type { LedgerEntry, LedgerFinding, LedgerOwner } from '../ledger/index.ts';
import type { ListFilesResult } from '../app/index.ts';
import { renderTable, type TableColumn, type TableOptions } from './table.ts';

const MAX_SHOWN = 50;
const MAX_COMMAND_CHARS = 100;

const FILE_COLUMNS: readonly TableColumn<LedgerEntry>[] = [
  {
    title: 'PATH',
    value: ({ path, type, linkTarget }) => (type === 'symlink' ? `${path} -> ${linkTarget ?? ''}` : path),
    shrink: 1,
    least: 40,
  },
  { title: 'CLASS', value: ({ class: name, integrity }) => (integrity === undefined ? name : `${name} ${integrity}`) },
  {
    title: 'OF',
    value: ({ owner, rule, note }) => owner?.purl ?? owner?.id ?? rule ?? note ?? '-',
    shrink: 2,
    least: 24,
  },
  { title: 'SIZE', value: ({ type, sizeBytes }) => (type === 'symlink' ? '-' : String(sizeBytes)), align: 'right' },
  { title: 'MODE', value: ({ mode }) => mode.toString(8).padStart(4, '0'), align: 'right' },
  { title: 'LAYER', value: ({ layer }) => (layer < 0 ? '-' : String(layer)), align: 'right' },
];

interface TotalsRow {
  readonly title: string;
  readonly files: number;
  readonly bytes: number;
  readonly executables: number;
}

const TOTALS_COLUMNS: readonly TableColumn<TotalsRow>[] = [
  { title: 'CLASS', value: ({ title }) => title },
  { title: 'FILES', value: ({ files }) => String(files), align: 'right' },
  { title: 'EXECUTABLES', value: ({ executables }) => String(executables), align: 'right' },
  { title: 'BYTES', value: ({ bytes }) => String(bytes), align: 'right' },
];

/**
 * The ledger for people: a line for each file that was asked for, findings, totals by class, and what they say. Safe for a terminal; cut to its
 * width there only.
 */
export function renderFiles(result: ListFilesResult, options: TableOptions): string {
  const parts: string[] = [];
  if (result.files !== null && result.files.length > 0) parts.push(renderTable(FILE_COLUMNS, result.files, options));
  if (result.findings.length > 0) parts.push(findingLines(result.findings));
  parts.push(renderTable(TOTALS_COLUMNS, totalsRows(result), options), closingLines(result));
  return parts.join('\n').trimEnd();
}

function totalsRows({ totals }: ListFilesResult): readonly TotalsRow[] {
  const classes = Object.entries(totals.byClass).map(([title, count]) => ({ title, ...count }));
  const { files, bytes, executables } = totals;
  return [
    ...classes.filter((row) => row.files > 0 || row.title === 'unaccounted'),
    { title: 'all', files, bytes, executables },
  ];
}

function closingLines(result: ListFilesResult): string {
  const { integrity, missing, excluded } = result.totals;
  const { verified, modified, configuration, unchecked } = integrity;
  const compared = result.integrity
    ? `${verified} verified, ${modified} modified, ${configuration} configuration, ${unchecked} unchecked, ${missing} missing (and ${excluded} left out on purpose)`
    : 'not compared (--no-integrity)';
  const lines = [`files of packages: ${compared}`, `inventory: ${result.completeness}, ${result.reason}`];
  if (result.document !== null) lines.push(`ledger: ${result.document.file} ${result.document.digest}`);
  if (result.failed.length > 0) lines.push(`FAILED: ${result.failed.join(', ')}`);
  return lines.map((line) => `${safeText(line)}\n`).join('');
}

function findingLines(findings: readonly LedgerFinding[]): string {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  for (const finding of findings) {
    const count = (counts.get(finding.kind) ?? 0) + 1;
    counts.set(finding.kind, count);
    if (count <= MAX_SHOWN) lines.push(...findingText(finding));
  }
  for (const [kind, count] of counts) {
    if (count > MAX_SHOWN) lines.push(`and ${count - MAX_SHOWN} more ${kind}: see --json`);
  }
  return lines.map((line) => `${safeText(line)}\n`).join('');
}

function findingText(finding: LedgerFinding): readonly string[] {
  const { kind } = finding;
  if (kind === 'modified') return modifiedText(finding);
  if (kind === 'missing') return [missingText(finding)];
  if (kind === 'not-checked') {
    return [`not checked: ${finding.files} recorded files of layer ${placeText(finding.layer, finding.createdBy)}`];
  }
  if (kind === 'database-removed') {
    const remover = placeText(finding.removedInLayer, finding.createdBy);
    return [`stripped: ${finding.path}, a package database of layer ${finding.layer}, was removed by layer ${remover}`];
  }
  const what = kind === 'orphaned-list' ? 'is the list' : 'is the licence';
  return [`stripped: ${finding.path} ${what} of a package that is in no database`];
}

function missingText(finding: Extract<LedgerFinding, { readonly kind: 'missing' }>): string {
  const { path, owner, removedInLayer, createdBy } = finding;
  const by = removedInLayer === undefined ? '' : `, removed by layer ${placeText(removedInLayer, createdBy)}`;
  return `missing: ${path} of ${nameOf(owner)}${by}`;
}

function modifiedText(finding: Extract<LedgerFinding, { readonly kind: 'modified' }>): readonly string[] {
  const { path, owner, fits, found, algorithm, expected, layer, createdBy } = finding;
  const other = fits === undefined ? '' : `; it is the file of ${nameOf(fits)}`;
  return [
    `modified: ${path} of ${nameOf(owner)}, by layer ${placeText(layer, createdBy)}${other}`,
    `  ${algorithm} ${expected} recorded, ${found ?? 'a link'} found`,
  ];
}

function nameOf({ purl, id }: LedgerOwner): string {
  return purl ?? id;
}

function placeText(layer: number, createdBy: string | undefined): string {
  if (layer < 0) return '-';
  if (createdBy === undefined) return String(layer);
  return `${layer} (${createdBy.length > MAX_COMMAND_CHARS ? `${createdBy.slice(0, MAX_COMMAND_CHARS)}…` : createdBy})`;
}
