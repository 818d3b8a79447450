import { isBerkeleyHash, readBerkeleyHash } from './berkeley.ts';
import type { RpmItem } from './item.ts';
import { isNdb, readNdb } from './ndb.ts';
import { isSqlite } from '../sqlite/pages.ts';
import { readSqlite } from './sqlite.ts';

/** The three forms of rpm's database. */
export type RpmBackend = 'sqlite' | 'ndb' | 'berkeley-db';

export interface RpmDatabase {
  readonly backend: RpmBackend;
  /** Headers and problems in the order of the file; read as they are asked for. Can be gone through once. */
  readonly items: Iterable<RpmItem>;
}

const MAX_RECORDS = 250_000;
/** What of a damaged database is told. */
const MAX_PROBLEMS = 100;
/** More problems than this are no damage but an attack on the reader's time. */
const MAX_UNTOLD_PROBLEMS = 100_000;

/**
 * Recognises and reads a package database by its content: SQLite, ndb, Berkeley DB hash in either byte order. Hostile input: never throws, never loops;
 * as in any real database the headers together are at most as long as the file.
 * @param log content of the write-ahead log next to a SQLite database
 * @returns undefined when it is none of the three
 */
export function readRpmDatabase(bytes: Uint8Array, log?: Uint8Array): RpmDatabase | undefined {
  const maxBytes = bytes.length + (log?.length ?? 0);
  if (isSqlite(bytes)) return { backend: 'sqlite', items: bounded(readSqlite(bytes, log), maxBytes) };
  if (isNdb(bytes)) return { backend: 'ndb', items: bounded(readNdb(bytes), maxBytes) };
  if (isBerkeleyHash(bytes)) return { backend: 'berkeley-db', items: bounded(readBerkeleyHash(bytes), maxBytes) };
  return undefined;
}

function* bounded(items: Iterable<RpmItem>, maxBytes: number): Generator<RpmItem> {
  let records = 0;
  let problems = 0;
  let bytes = 0;
  for (const item of items) {
    if ('problem' in item) {
      problems += 1;
      if (problems <= MAX_PROBLEMS) yield item;
      if (problems > MAX_UNTOLD_PROBLEMS) break;
      continue;
    }
    records += 1;
    bytes += item.header.length;
    if (records > MAX_RECORDS || bytes > maxBytes) {
      yield { problem: 'it has more records than any real database; the rest is not read' };
      return;
    }
    yield item;
  }
  if (problems > MAX_PROBLEMS) yield { problem: `${problems - MAX_PROBLEMS} more such problems` };
}
