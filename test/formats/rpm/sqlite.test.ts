import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { DatabaseSync } from 'node:sqlite';
import { readRpmDatabase } from '../../../src/formats/index.ts';
import { RPM_SCHEMA, withSqlite } from '../../support/rpm-database.ts';

interface Row {
  readonly record: number;
  readonly header: Buffer;
}

interface Contents {
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
}

function contents(bytes: Uint8Array, log?: Uint8Array): Contents {
  const items = [...(readRpmDatabase(bytes, log)?.items ?? [])];
  return {
    rows: items.flatMap((item) => ('header' in item ? [{ ...item, header: Buffer.from(item.header) }] : [])),
    problems: items.flatMap((item) => ('problem' in item ? [item.problem] : [])),
  };
}

interface Files {
  readonly bytes: Buffer;
  readonly log: Buffer | undefined;
  /** What SQLite itself reads. */
  readonly expected: readonly Row[];
}

/** Database and log as they lie on disk while the writer has not closed them. */
function written(fill: (database: DatabaseSync) => void): Files {
  let open: DatabaseSync | undefined;
  return withSqlite(
    (database) => {
      open = database;
      fill(database);
    },
    (path) => {
      const expected = open!.prepare('SELECT hnum, blob FROM Packages ORDER BY hnum').all();
      return {
        bytes: readFileSync(path),
        log: existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : undefined,
        expected: expected.map((row) => ({
          record: Number(row['hnum']),
          header: Buffer.from(row['blob'] as Uint8Array),
        })),
      };
    },
  );
}

function insert(database: DatabaseSync, sizes: readonly number[]): void {
  const statement = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
  for (const [index, size] of sizes.entries()) statement.run(Buffer.alloc(size, (index % 255) + 1));
}

const SIZES = [0, 1, 100, 445, 446, 447, 470, 477, 478, 4000, 4060, 4061, 4062, 5000, 65_000, 66_000, 300_000];

describe('readRpmDatabase on SQLite, against SQLite itself', () => {
  for (const pageBytes of [512, 1024, 4096, 65_536]) {
    it(`reads rows of all sizes in pages of ${pageBytes} bytes`, () => {
      const { bytes, expected } = written((database) => {
        database.exec(`PRAGMA page_size = ${pageBytes}`);
        database.exec("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL)");
        database.exec(RPM_SCHEMA);
        insert(database, SIZES);
      });
      assert.equal(expected.length, SIZES.length);
      assert.deepEqual(contents(bytes), { rows: expected, problems: [] });
    });
  }

  it('reads trees of several levels, with rows deleted and changed', () => {
    const { bytes, expected } = written((database) => {
      database.exec(`PRAGMA page_size = 512; ${RPM_SCHEMA}; BEGIN`);
      insert(
        database,
        Array.from({ length: 5000 }, (_, index) => index % 90),
      );
      database.exec(
        'DELETE FROM Packages WHERE hnum % 3 = 0; UPDATE Packages SET blob = zeroblob(700) WHERE hnum < 50',
      );
      database.exec(
        'INSERT INTO Packages VALUES (4294967296123, zeroblob(3)), (9007199254740991, zeroblob(4)); COMMIT',
      );
    });
    assert.ok(expected.length > 3000);
    assert.deepEqual(contents(bytes), { rows: expected, problems: [] });
  });

  it('reads what only the write-ahead log has, as far as it is committed', () => {
    const { bytes, log, expected } = written((database) => {
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; ${RPM_SCHEMA}`);
      insert(database, SIZES);
      database.exec('DELETE FROM Packages WHERE hnum = 3');
    });
    assert.ok(log !== undefined && log.length > 300_000);
    assert.deepEqual(contents(bytes, log), { rows: expected, problems: [] });
    // without it there is no table yet
    assert.deepEqual(contents(bytes).rows, []);
    // a transaction that is not whole did not happen; others did
    const cut = contents(bytes, log.subarray(0, log.length - 1));
    assert.deepEqual(cut.problems, []);
    assert.equal(cut.rows.length, expected.length + 1);
    const damaged = Buffer.from(log);
    damaged[damaged.length - 1]! ^= 1;
    assert.deepEqual(contents(bytes, damaged), cut);
  });

  it('leaves out frames that a log has left from before a checkpoint', () => {
    const { bytes, log, expected } = written((database) => {
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; ${RPM_SCHEMA}`);
      insert(database, SIZES);
      database.exec('PRAGMA wal_checkpoint(RESTART)');
      insert(database, [5]);
    });
    assert.deepEqual(contents(bytes, log), { rows: expected, problems: [] });
  });

  it('tells of a log that is none and reads the database alone', () => {
    const { bytes, expected } = written((database) => {
      database.exec(RPM_SCHEMA);
      insert(database, [1]);
    });
    const { rows, problems } = contents(bytes, Buffer.alloc(5000, 7));
    assert.deepEqual(rows, expected);
    assert.match(problems.join(), /write-ahead log is none/);
    assert.deepEqual(contents(bytes, new Uint8Array()).problems, []);
  });
});

describe('readRpmDatabase on hostile SQLite', () => {
  const file = (sql: string): Buffer =>
    withSqlite(
      (database) => database.exec(sql),
      (path) => readFileSync(path),
    );

  it('evaluates neither views nor anything else', () => {
    const view = file(
      "CREATE TABLE t (a); CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x, 'b' FROM c",
    );
    assert.deepEqual(contents(view), { rows: [], problems: ['there is no table Packages'] });
    const index = file(
      "CREATE TABLE Packages (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO Packages VALUES (1, x'00')",
    );
    assert.match(contents(index).problems[0]!, /no page of a table/);
    const text = file(
      'CREATE TABLE Packages (a INTEGER PRIMARY KEY, b); INSERT INTO Packages VALUES (1, NULL), (2, 5), (3, 1.5)',
    );
    assert.deepEqual(
      contents(text).problems,
      [1, 2, 3].map((row) => `row ${row}: has no header`),
    );
  });

  it('refuses text in UTF-16', () => {
    assert.deepEqual(contents(file(`PRAGMA encoding = 'UTF-16'; ${RPM_SCHEMA}`)).problems, ['its text is not UTF-8']);
  });

  it('does not walk trees or long rows in circles', () => {
    const { bytes } = written((database) => {
      database.exec(`PRAGMA page_size = 512; ${RPM_SCHEMA}`);
      insert(
        database,
        Array.from({ length: 30 }, () => 2000),
      );
    });
    // every page that follows another follows itself
    const pages = bytes.length / 512;
    let tried = 0;
    for (let page = 2; page <= pages; page += 1) {
      const start = (page - 1) * 512;
      const copy = Buffer.from(bytes);
      // the right-most child of an inner page, the next page of an overflow page
      copy.writeUInt32BE(page, copy[start] === 5 ? start + 8 : start);
      const { rows, problems } = contents(copy);
      assert.ok(rows.length <= 30);
      assert.ok(problems.length > 0 || copy.equals(bytes) || rows.length === 30, `page ${page}`);
      tried += 1;
    }
    assert.ok(tried > 50);
  });

  it('stops at trees that refer to more pages than there are', () => {
    const { bytes } = written((database) => {
      database.exec(`PRAGMA page_size = 512; ${RPM_SCHEMA}`);
      insert(
        database,
        Array.from({ length: 60 }, () => 300),
      );
    });
    // the tree's root, which has become an inner page, with as many children as a page can hold
    const root = Array.from({ length: bytes.length / 512 }, (_, page) => page * 512).find((at) => bytes[at] === 5);
    assert.ok(root !== undefined);
    bytes.writeUInt16BE(0xffff, root + 3);
    const { rows, problems } = contents(bytes);
    assert.deepEqual(rows, []);
    assert.deepEqual(problems, ['it refers to more pages than there are; the rest is not read']);
  });

  it('believes a log no number of pages that it does not have', () => {
    const { bytes, log, expected } = written((database) => {
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA page_size = 4096; ${RPM_SCHEMA}`);
      insert(database, [10, 5000]);
    });
    assert.ok(log);
    const last = log.length - 4096 - 24;
    log.writeUInt32BE(0xffffffff, last + 4);
    sign(log, last);
    assert.deepEqual(contents(bytes, log), { rows: expected, problems: [] });
  });

  it('survives sizes of pages that cannot be', () => {
    const bytes = file(RPM_SCHEMA);
    for (const size of [0, 2, 100, 511, 513, 0xffff]) {
      const copy = Buffer.from(bytes);
      copy.writeUInt16BE(size, 16);
      assert.equal(contents(copy).rows.length, 0);
      assert.ok(contents(copy).problems.length > 0);
    }
  });
});

/** Writes the right checksum into a frame of a log with pages of 4096 bytes. @see https://www.sqlite.org/fileformat2.html#checksum_algorithm */
function sign(log: Buffer, frame: number): void {
  const isBigEndian = (log[3]! & 1) === 1;
  const word = (at: number): number => (isBigEndian ? log.readUInt32BE(at) : log.readUInt32LE(at));
  // what stands before the frame is right
  let first = log.readUInt32BE(frame === 32 ? 24 : frame - 4096 - 8);
  let second = log.readUInt32BE(frame === 32 ? 28 : frame - 4096 - 4);
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at += 8) {
      first = (first + word(at) + second) >>> 0;
      second = (second + word(at + 4) + first) >>> 0;
    }
  };
  add(frame, frame + 8);
  add(frame + 24, frame + 24 + 4096);
  log.writeUInt32BE(first, frame + 16);
  log.writeUInt32BE(second, frame + 20);
}
