import { safeText } from '../core/index.ts';
import type { SbomComponent, SbomDocument } from '../sbom/index.ts';
import { renderTable, type TableColumn, type TableOptions } from './table.ts';

const COLUMNS: readonly TableColumn<SbomComponent>[] = [
  {
    title: 'NAME',
    value: ({ group, name }) => (group === undefined ? name : `${group}/${name}`),
    shrink: 2,
    least: 16,
  },
  { title: 'VERSION', value: ({ version }) => version ?? '-', shrink: 1 },
  { title: 'TYPE', value: ({ packageType, type }) => packageType ?? (type === 'operating-system' ? 'os' : type) },
  {
    title: 'LICENCE',
    value: ({ licenses }) => licenses.map(({ value }) => value).join(', ') || '-',
    shrink: 4,
    least: 16,
  },
  {
    title: 'LAYER',
    value: ({ introducedLayer, occurrences }) => layerText(introducedLayer ?? occurrences[0]?.layer),
    align: 'right',
  },
  { title: 'PATH', value: placeText, shrink: 3, least: 24 },
];

/** What notes are called; keys that an image trusts are no news. */
const NOTE_WORDS: Readonly<Record<string, string>> = {
  'known-unknown': 'not known',
  discrepancy: 'discrepancy',
  hidden: 'hidden',
  integrity: 'modified',
};

/**
 * The SBOM for people: one line per component, then a summary, then what could not be read. Safe for a terminal. Cut to `width` on a terminal
 * only.
 */
export function renderSbomTable(document: SbomDocument, options: TableOptions): string {
  const table = document.components.length === 0 ? '' : `${renderTable(COLUMNS, document.components, options)}\n`;
  return table + sbomSummary(document);
}

/** How many components of which type, and known unknowns; each line ends in a line feed. */
export function sbomSummary(document: SbomDocument): string {
  const counts = new Map<string, number>();
  for (const { packageType } of document.components) {
    if (packageType !== undefined) counts.set(packageType, (counts.get(packageType) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const byType = [...counts].map(([type, count]) => `${count} ${type}`).join(', ');
  const system = document.components.find(({ type }) => type === 'operating-system');
  const on =
    system === undefined ? '' : ` on ${system.name}${system.version === undefined ? '' : ` ${system.version}`}`;
  const lines = [`${total} ${total === 1 ? 'package' : 'packages'}${byType === '' ? '' : ` (${byType})`}${on}`];
  for (const { path, message } of document.knownUnknowns) {
    lines.push(`not known: ${path === undefined ? '' : `${path}: `}${message}`);
  }
  for (const { kind, path, message } of document.notes) {
    const word = NOTE_WORDS[kind];
    if (word !== undefined) lines.push(`${word}: ${path}: ${message}`);
  }
  return lines.map((line) => `${safeText(line)}\n`).join('');
}

function layerText(layer: number | undefined): string {
  return layer === undefined || layer < 0 ? '-' : String(layer);
}

function placeText({ occurrences }: SbomComponent): string {
  const [first, ...more] = occurrences;
  if (first === undefined) return '-';
  return more.length === 0 ? first.path : `${first.path} (+${more.length})`;
}
