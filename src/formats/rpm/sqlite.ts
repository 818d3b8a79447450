import { MAX_HEADER_BYTES, type RpmItem } from './item.ts';
import { openSqlite } from '../sqlite/pages.ts';
import { findTable, readTable, rowValues } from '../sqlite/table.ts';

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
  const { root, problems: damages } = findTable(pages, 'packages');
  for (const problem of damages) yield { problem };
  if (root === undefined) {
    yield { problem: 'there is no table Packages' };
    return;
  }
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
