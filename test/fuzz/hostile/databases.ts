import { readFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import {
  berkeleyDatabase,
  ndbDatabase,
  RPM_SCHEMA,
  rpmHeader,
  rpmPackage,
  sqliteDatabase,
  withSqlite,
} from '../../support/rpm-database.ts';
import { file, numbered, repeated, small, type HostileCase } from './case.ts';

const MiB = 1024 * 1024;
const RPM = 'var/lib/rpm';

/** Every overflow page leads to itself, every hash page is full of places that lead to the same chain. */
function circularBerkeley(): Buffer {
  const bytes = berkeleyDatabase(
    Array.from({ length: 100 }, (_, index) => rpmPackage(`p${index}`, { summary: 'x'.repeat(9000) })),
    { pageBytes: 4096 },
  );
  for (let at = 2 * 4096; at < bytes.length; at += 4096) bytes.writeUInt32LE(at / 4096, at + 16);
  return bytes;
}

/** Nothing but hash pages, each of which says that it has all entries a page can have, all in the same place. */
function fullBerkeley(): Buffer {
  const bytes = berkeleyDatabase([rpmPackage('x', { summary: 'x'.repeat(60_000) })], { pageBytes: 4096 });
  const page = Buffer.from(bytes.subarray(4096, 8192));
  const item = page.readUInt16LE(26 + 2 * 3);
  for (let entry = 0; entry < 2000; entry += 1) page.writeUInt16LE(item, 26 + 2 * entry);
  page.writeUInt16LE(2000, 20);
  bytes.writeUInt32LE(12_000 + bytes.length / 4096 - 1, 32);
  return Buffer.concat([bytes, ...Array.from({ length: 12_000 }, () => page)]);
}

/** Views that call themselves, and a table that would never end if anybody asked SQLite for it. */
function recursiveSqlite(): Buffer {
  return withSqlite(
    (database) => {
      database.exec(
        'CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS hnum, zeroblob(1000000000) AS blob FROM c',
      );
    },
    (path) => readFileSync(path),
  );
}

/** The interior pages of a table lead back to its root. */
function cyclicSqlite(): Buffer {
  const bytes = sqliteDatabase(Array.from({ length: 2500 }, (_, index) => rpmPackage(`p${index}`)));
  const pageBytes = bytes.readUInt16BE(16);
  for (let at = pageBytes; at < bytes.length; at += pageBytes) {
    if (bytes[at] !== 5) continue;
    const cells = bytes.readUInt16BE(at + 3);
    for (let cell = 0; cell < cells; cell += 1) {
      const place = at + bytes.readUInt16BE(at + 12 + 2 * cell);
      if (place + 4 <= bytes.length) bytes.writeUInt32BE(at / pageBytes + 1, place);
    }
  }
  return bytes;
}

/** Each leaf of a table says all its cells are the same, the largest. */
function repeatingSqlite(): Buffer {
  const bytes = withSqlite(
    (database) => {
      database.exec(`PRAGMA page_size = 65536; ${RPM_SCHEMA}`);
      const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
      for (let index = 0; index < 3000; index += 1)
        insert.run(rpmPackage(`p${index}`, { summary: 'x'.repeat(50_000) }));
    },
    (path) => readFileSync(path),
  );
  for (let at = 65_536; at < bytes.length; at += 65_536) {
    if (bytes[at] !== 13) continue;
    const first = bytes.readUInt16BE(at + 8);
    for (let cell = 0; cell < 4000; cell += 1) bytes.writeUInt16BE(first, at + 8 + 2 * cell);
    bytes.writeUInt16BE(4000, at + 3);
  }
  return bytes;
}

/** A log whose frames say that the database has four billion pages, and lead to pages outside of it. */
function lyingLog(): Buffer {
  const log = Buffer.alloc(32 + 4096 * 5000);
  log.writeUInt32BE(0x377f0682, 0);
  log.writeUInt32BE(3_007_000, 4);
  log.writeUInt32BE(4096, 8);
  for (let at = 32; at + 24 < log.length; at += 4096 + 24) {
    log.writeUInt32BE(0xffff_fffe, at);
    log.writeUInt32BE(0xffff_ffff, at + 4);
  }
  return log;
}

function hugeHeader(files: number): Buffer {
  const names = Array.from({ length: files }, (_, index) => `f${index}`);
  return rpmHeader({
    name: 'huge',
    version: '1',
    release: '1',
    architecture: 'x86_64',
    license: 'MIT',
    baseNames: names,
    directoryNames: ['/usr/share/'.repeat(300)],
    directoryIndexes: names.map(() => 0),
  });
}

const dpkgStanza = (index: number): string =>
  `Package: p${index}\nStatus: install ok installed\nVersion: ${index}\nDepends: p${(index * 7) % 600_000}\n\n`;
const apkStanza = (index: number): string =>
  `P:p${index}\nV:${index}-r0\nD:p${(index * 7) % 600_000} so:x\nF:usr/${index}\nR:f\n\n`;

const wallLine = (index: number): string =>
  `{"kind":"path","path":"/usr/share/${index}","mode":"0644","slices":["a_b"]}\n`;

/** Several databases, each below the cap of one file. */
function* everyRoot(count: number, path: string, make: () => Iterable<Uint8Array>) {
  for (let root = 0; root < count; root += 1) yield file(`srv/root${root}/${path}`, make);
}

export const DATABASE_CASES: readonly HostileCase[] = [
  {
    id: 'Berkeley DB pages that lead to themselves',
    layer: () => [small(`${RPM}/Packages`, circularBerkeley())],
    tells: /malformed/,
  },
  {
    id: 'Berkeley DB of 12,000 hash pages of 2,000 entries each',
    layer: () => [small(`${RPM}/Packages`, fullBerkeley())],
    tells: /malformed|too-/,
  },
  {
    id: 'SQLite with a view that never ends',
    layer: () => [small(`${RPM}/rpmdb.sqlite`, recursiveSqlite())],
    tells: /malformed/,
  },
  { id: 'SQLite with a cyclic tree', layer: () => [small(`${RPM}/rpmdb.sqlite`, cyclicSqlite())], tells: /malformed/ },
  {
    id: 'SQLite whose cells are all one',
    layer: () => [small(`${RPM}/rpmdb.sqlite`, repeatingSqlite())],
    tells: /malformed|too-|duplicate/,
  },
  {
    id: 'SQLite with a log that lies',
    layer: () => [
      small(`${RPM}/rpmdb.sqlite`, sqliteDatabase([rpmPackage('logged')])),
      small(`${RPM}/rpmdb.sqlite-wal`, lyingLog()),
    ],
    alsoFinds: 'logged@1.0',
  },
  {
    id: 'rpm header of two million files',
    layer: () => [small(`${RPM}/Packages.db`, ndbDatabase([hugeHeader(2_000_000), rpmPackage('other')]))],
    tells: /malformed|too-|many|record/,
    alsoFinds: 'other@1.0',
  },
  {
    id: '600,000 dpkg stanzas',
    layer: () => everyRoot(1, 'var/lib/dpkg/status', () => numbered(600_000, dpkgStanza)),
    tells: /too-/,
    maxMiB: 2048,
  },
  {
    id: 'fourteen dpkg databases of 550,000 stanzas',
    layer: () => everyRoot(14, 'var/lib/dpkg/status', () => numbered(550_000, dpkgStanza)),
    tells: /too-/,
    maxMiB: 2048,
  },
  {
    id: 'fourteen apk databases of 600,000 stanzas',
    layer: () => everyRoot(14, 'lib/apk/db/installed', () => numbered(600_000, apkStanza)),
    tells: /too-/,
    maxMiB: 2048,
  },
  {
    id: 'fourteen opkg databases of 550,000 stanzas',
    layer: () => everyRoot(14, 'usr/lib/opkg/status', () => numbered(550_000, dpkgStanza)),
    tells: /too-/,
    maxMiB: 2048,
  },
  {
    id: 'three ndb databases of 250 MB',
    layer: () => {
      const bytes = ndbDatabase(
        Array.from({ length: 250 }, (_, index) =>
          rpmPackage(`p${index}`, {
            summary: 'x'.repeat(1_000_000),
            provideName: Array.from({ length: 1000 }, (_name, which) => `c${which}`),
          }),
        ),
      );
      return [0, 1, 2].map((root) => small(`srv/root${root}/${RPM}/Packages.db`, bytes));
    },
    maxMiB: 2048,
  },
  {
    id: 'dpkg status of 500 MB',
    layer: () => [
      file('opt/root/var/lib/dpkg/status', () =>
        repeated(Buffer.from('Package: a\nStatus: install ok installed\nVersion: 1\n\n'), 500 * MiB),
      ),
    ],
    tells: /file-too-large/,
  },
  {
    id: 'dpkg status of 60 MB in one field',
    layer: () => [
      file('opt/root/var/lib/dpkg/status', () =>
        numbered(4_000_000, (index) => ` p${index},\n`, [
          'Package: a\nStatus: install ok installed\nVersion: 1\nDepends: x,\n',
          '\n\n',
        ]),
      ),
    ],
  },
  {
    id: 'chisel manifest: a zstd bomb of 4 GB',
    layer: () => {
      const piece = zstdCompressSync(Buffer.alloc(64 * MiB, 32));
      return [small('var/lib/chisel/manifest.wall', Buffer.concat(Array.from({ length: 64 }, () => piece)))];
    },
    tells: /malformed/,
  },
  {
    id: 'chisel manifest of a million paths',
    layer: () => {
      const lines = [
        ...numbered(1_000_000, wallLine, [
          '{"jsonwall":"1.0","schema":"1.0","count":1000002}\n{"kind":"package","name":"a","version":"1","arch":"amd64"}\n',
          '',
        ]),
      ];
      return [small('var/lib/chisel/manifest.wall', zstdCompressSync(Buffer.concat(lines)))];
    },
  },
];
