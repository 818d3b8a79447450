import { PageMarks } from '../page-marks.ts';
import type { SqlitePages } from './pages.ts';

/** One row of a table, not decoded; or why one, or a page of them, cannot be read. */
export type SqliteItem = { readonly rowId: number; readonly payload: Buffer } | { readonly problem: string };

/** A value of a row; reals are left out as null, since no table that is read here has any. */
export type SqliteValue = Buffer | number | null;

interface Varint {
  readonly value: number;
  readonly end: number;
}

interface Leaf {
  readonly page: Buffer;
  readonly number: number;
}

const INTERIOR = 0x05;
const LEAF = 0x0d;
const FILE_HEADER_BYTES = 100;

/**
 * Yields the rows of a table tree in the order of their ids. Hostile input: never throws; every page, of the tree or of a long row, is used once, so that
 * trees cannot be cyclic. Cells of one page may overlap, which the caller bounds.
 * @param maxRowBytes longer rows are problems
 * @see https://www.sqlite.org/fileformat2.html#b_tree_pages
 */
export function* readTable(pages: SqlitePages, root: number, maxRowBytes: number): Generator<SqliteItem> {
  const marks = new PageMarks(pages.pageCount);
  const pending = [root];
  for (let number = pending.pop(); number !== undefined; number = pending.pop()) {
    const page = marks.take(number) ? pages.page(number) : undefined;
    if (page === undefined) {
      yield { problem: `page ${number} is outside of the file or was used before` };
      continue;
    }
    const start = number === 1 ? FILE_HEADER_BYTES : 0;
    const type = page[start];
    if (type === INTERIOR) {
      pending.push(...childrenOf(page, start).toReversed());
      if (pending.length > pages.pageCount) {
        yield { problem: 'it refers to more pages than there are; the rest is not read' };
        return;
      }
    } else if (type === LEAF) {
      for (const cell of cellsOf(page, start, 8)) {
        yield readRow(pages, { page, number }, { cell, marks, maxRowBytes });
      }
    } else yield { problem: `page ${number} is no page of a table` };
  }
}

function childrenOf(page: Buffer, start: number): readonly number[] {
  const children = cellsOf(page, start, 12).map((cell) => (cell + 4 <= page.length ? page.readUInt32BE(cell) : 0));
  return [...children, page.readUInt32BE(start + 8)];
}

/** Offsets of the cells: a list after the page's header. */
function cellsOf(page: Buffer, start: number, headerBytes: number): readonly number[] {
  const count = page.readUInt16BE(start + 3);
  const cells: number[] = [];
  for (let at = start + headerBytes; cells.length < count && at + 2 <= page.length; at += 2) {
    cells.push(page.readUInt16BE(at));
  }
  return cells;
}

function readRow(
  pages: SqlitePages,
  leaf: Leaf,
  options: { readonly cell: number; readonly marks: PageMarks; readonly maxRowBytes: number },
): SqliteItem {
  const { page, number } = leaf;
  const size = readVarint(page, options.cell);
  const rowId = size === undefined ? undefined : readVarint(page, size.end);
  if (size === undefined || rowId === undefined) return { problem: `page ${number}: a row lies outside of it` };
  const bad = (reason: string): SqliteItem => ({ problem: `row ${rowId.value}: ${reason}` });
  const length = size.value;
  if (length > options.maxRowBytes || length > pages.sizeBytes) return bad(`${length} bytes are more than there are`);
  const local = localBytes(length, pages.usableBytes);
  const end = rowId.end + local;
  if (end + (local < length ? 4 : 0) > pages.usableBytes) return bad('lies outside of its page');
  if (local === length) return { rowId: rowId.value, payload: page.subarray(rowId.end, end) };
  const parts = [page.subarray(rowId.end, end)];
  let left = length - local;
  for (let next = page.readUInt32BE(end); left > 0;) {
    const overflow = options.marks.take(next) ? pages.page(next) : undefined;
    if (overflow === undefined) return bad(`page ${next} of it is outside of the file or was used before`);
    const taken = Math.min(left, pages.usableBytes - 4);
    parts.push(overflow.subarray(4, 4 + taken));
    left -= taken;
    next = overflow.readUInt32BE(0);
  }
  return { rowId: rowId.value, payload: Buffer.concat(parts, length) };
}

/** How much of a row is in its leaf; the rest follows on overflow pages. @see https://www.sqlite.org/fileformat2.html#cell_payload_overflow_pages */
function localBytes(length: number, usable: number): number {
  const most = usable - 35;
  if (length <= most) return length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((length - least) % (usable - 4));
  return wanted <= most ? wanted : least;
}

/**
 * The first values of a row, in the order of the table's columns; undefined when the row is not well-formed.
 * @see https://www.sqlite.org/fileformat2.html#record_format
 */
export function rowValues(payload: Buffer, columns: number): readonly SqliteValue[] | undefined {
  const header = readVarint(payload, 0);
  if (header === undefined || header.value > payload.length) return undefined;
  const values: SqliteValue[] = [];
  let at = header.value;
  for (let next = header.end; next < header.value && values.length < columns;) {
    const type = readVarint(payload, next);
    if (type === undefined) return undefined;
    next = type.end;
    const size = sizeOf(type.value);
    if (size === undefined || at + size > payload.length) return undefined;
    values.push(valueOf(type.value, payload.subarray(at, at + size)));
    at += size;
  }
  return values;
}

const INTEGER_BYTES: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function sizeOf(type: number): number | undefined {
  return type >= 12 ? Math.floor((type - 12) / 2) : INTEGER_BYTES[type];
}

function valueOf(type: number, bytes: Buffer): SqliteValue {
  if (type >= 12) return bytes;
  if (type === 8 || type === 9) return type - 8;
  if (type === 0 || type === 7) return null;
  return bytes.length === 8 ? Number(bytes.readBigInt64BE(0)) : bytes.readIntBE(0, bytes.length);
}

/** Up to nine bytes, seven bits each, eight in the last. Values beyond 2^53 are not exact, and beyond every limit. */
function readVarint(bytes: Buffer, offset: number): Varint | undefined {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    if (index === 8) return { value: value * 256 + byte, end: offset + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: offset + index + 1 };
  }
  return undefined;
}

/** Definitions of tables are short. */
const MAX_SCHEMA_ROW_BYTES = 64 * 1024;
const MAX_SCHEMA_ROWS = 10_000;
const SCHEMA_PAGE = 1;

/** Root page of a table, by its name in lower case. Definitions are not evaluated. */
export function findTable(
  pages: SqlitePages,
  table: string,
): { readonly root: number | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  let rows = 0;
  for (const row of readTable(pages, SCHEMA_PAGE, MAX_SCHEMA_ROW_BYTES)) {
    rows += 1;
    if (rows > MAX_SCHEMA_ROWS) break;
    if ('problem' in row) {
      problems.push(`the list of tables is damaged: ${row.problem}`);
      continue;
    }
    const [type, name, , root] = rowValues(row.payload, 4) ?? [];
    if (sqliteText(type) === 'table' && sqliteText(name).toLowerCase() === table && typeof root === 'number') {
      return { root, problems };
    }
  }
  return { root: undefined, problems };
}

/** Text of a value; empty for what is none. */
export function sqliteText(value: SqliteValue | undefined): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}
