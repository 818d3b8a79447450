import { stripVTControlCharacters } from 'node:util';
import { safeText } from '../core/index.ts';

export interface TableColumn<Row> {
  readonly title: string;
  /** The text of a cell; escaped here. */
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** Columns with a higher number give up width first; without one, never. */
  readonly shrink?: number;
  /** Never cut below this; 6 unless told. */
  readonly least?: number;
}

export interface TableOptions {
  /** Columns of the terminal; undefined: piped, nothing is cut. */
  readonly width?: number | undefined;
  readonly color: boolean;
}

const GAP = '  ';
const MIN_WIDTH = 6;

/**
 * A table for people: aligned, without lines, titles in bold where colour is on. Cells are made safe for a terminal. On a terminal, columns that
 * may shrink are cut (with `…`) until a row fits; piped output is never cut. Ends in a line feed; without rows, only the titles.
 */
export function renderTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  options: TableOptions,
): string {
  const cells = rows.map((row) => columns.map(({ value }) => safeText(value(row))));
  const widths = columns.map(({ title }, index) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(title)),
  );
  if (options.width !== undefined) shrink(columns, widths, options.width);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => padded(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const titles = line(columns.map(({ title }) => title));
  return [options.color ? `\u001b[1m${titles}\u001b[22m` : titles, ...cells.map(line)]
    .map((text) => `${text}\n`)
    .join('');
}

function shrink<Row>(columns: readonly TableColumn<Row>[], widths: number[], available: number): void {
  const order = columns
    .map(({ shrink: rank, title, least = MIN_WIDTH }, index) => ({
      rank: rank ?? 0,
      index,
      least: Math.max(least, displayWidth(title)),
    }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank);
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1) - available;
  for (const { index, least } of order) {
    if (excess <= 0) return;
    const width = widths[index] ?? 0;
    const cut = Math.max(0, Math.min(excess, width - least));
    widths[index] = width - cut;
    excess -= cut;
  }
}

function padded(cell: string, width: number, align: 'left' | 'right'): string {
  const shown = fit(cell, width);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return align === 'right' ? padding + shown : shown + padding;
}

/** Cuts text to a display width; what is left out shows as `…`. */
export function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let shown = '';
  let used = 0;
  for (const char of text) {
    const wide = charWidth(char.codePointAt(0) ?? 0);
    if (used + wide > width - 1) break;
    shown += char;
    used += wide;
  }
  return `${shown}…`;
}

/** Columns that text takes on a terminal: East Asian wide characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of stripVTControlCharacters(text)) width += charWidth(char.codePointAt(0) ?? 0);
  return width;
}

/** First and last code points of wide ranges. @see https://www.unicode.org/reports/tr11/ */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function charWidth(code: number): number {
  if (code < 0x300) return 1;
  if (/^\p{Mn}$/u.test(String.fromCodePoint(code))) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
