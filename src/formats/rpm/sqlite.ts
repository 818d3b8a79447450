import { MAX_HEADER_BYTES, type RpmItem } from './item.ts';
import { openSqlite, type SqlitePages } from './sqlite-pages.ts';
import { readTable, rowValues } from './sqlite-table.ts';

const SCHEMA_PAGE = 1;
/** Definitions of tables are short; longer ones are of no table that rpm makes. */
const MAX_SCHEMA_ROW_BYTES = 64 * 1024;
const MAX_SCHEMA_ROWS = 10_000;
/** Row header, and the id that is stored as NULL. */
const ROW_OVERHEAD_BYTES = 32;

/**
 * Yields the headers in the table `Packages(hnum, blob)` of rpm's SQLite database. Only this table's tree is read: views, triggers, indexes and SQL of a
 * hostile file are never evaluated. Never throws.
 * @param log content of `rpmdb.sqlite-wal`, which may hold the newest rows
 * @see https://github.com/rpm-software-management/rpm/blob/rpm-4.20.x/lib/backend/sqlite.c
 */
export function* readSqlite(bytes: Uint8Array, log?: Uint8Array): Generator<RpmItem> {
  const { pages, problems } = openSqlite(bytes, log);
  for (const problem of problems) yield { problem };
  if (pages === undefined) return;
  const root = yield* findPackages(pages);
  if (root === undefined) return;
  for (const row of readTable(pages, root, MAX_HEADER_BYTES + ROW_OVERHEAD_BYTES)) {
    if ('problem' in row) {
      yield row;
      continue;
    }
    const blob = rowValues(row.payload, 2)?.[1];
    if (Buffer.isBuffer(blob)) yield { record: row.rowId, header: blob };
    else yield { problem: `row ${row.rowId}: has no header` };
  }
}

/** Root page of the table; tells when there is none. */
function* findPackages(pages: SqlitePages): Generator<RpmItem, number | undefined> {
  let rows = 0;
  for (const row of readTable(pages, SCHEMA_PAGE, MAX_SCHEMA_ROW_BYTES)) {
    rows += 1;
    if (rows > MAX_SCHEMA_ROWS) break;
    if ('problem' in row) {
      yield { problem: `the list of tables is damaged: ${row.problem}` };
      continue;
    }
    const [type, name, , root] = rowValues(row.payload, 4) ?? [];
    if (textOf(type) === 'table' && textOf(name).toLowerCase() === 'packages' && typeof root === 'number') return root;
  }
  yield { problem: 'there is no table Packages' };
  return undefined;
}

function textOf(value: Buffer | number | null | undefined): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}
