import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { capturePlan, runCatalogers, type CatalogRun } from '../../../src/catalog/index.ts';
import { rpmCataloger } from '../../../src/catalog/os/rpm.ts';
import { RecordBudget, rpmRecord, type RpmRecord } from '../../../src/catalog/os/rpm-record.ts';
import { readRpmDatabase, tryParseRpmHeader } from '../../../src/formats/index.ts';
import type { Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';
import { ndbDatabase } from '../../support/rpm-database.ts';
import {
  databaseFile,
  headersOf,
  makeBerkeleyDatabase,
  makeSqliteDatabase,
  missingRpm,
  newFolder,
  queryFiles,
  queryPackages,
  queryProviders,
  queryRequires,
  type QueriedFile,
} from '../../support/rpm-oracle.ts';

const skip = missingRpm();
const GHOST = 64;
const CONFIGURATION = 1;

function catalog(database: { name: string; bytes: Uint8Array }, files: readonly QueriedFile[] = []): CatalogRun {
  const entries: Record<string, MemoryEntry> = { 'etc/os-release': 'ID=fedora\nVERSION_ID=40\n' };
  for (const { path, isDirectory, flags } of files) {
    // not on disk, and among them the databases themselves
    if ((flags & GHOST) === 0) entries[path] ??= isDirectory ? { directory: true } : '';
  }
  entries[`usr/lib/sysimage/rpm/${database.name}`] = database.bytes;
  const view = memoryView(entries, { captures: capturePlan([rpmCataloger]).captures });
  const result = runCatalogers({ view, catalogers: [rpmCataloger], rethrow: true });
  assert.deepEqual(
    result.diagnostics.filter(({ source }) => source === 'rpm'),
    [],
  );
  return result;
}

/** Vendors are printed with their address; ours hold it apart. */
function vendorOf({ supplier }: Package): string {
  if (supplier === undefined) return '(none)';
  const address = supplier.url ?? supplier.email;
  return address === undefined ? supplier.name : `${supplier.name} <${address}>`;
}

function printed(pkg: Package): string {
  const { qualifiers = {} } = pkg;
  return [
    pkg.name,
    qualifiers['epoch'],
    pkg.version,
    qualifiers['arch'],
    pkg.licenses[0]?.value,
    vendorOf(pkg),
    qualifiers['upstream'],
    qualifiers['rpmmod'],
    pkg.description,
  ]
    .map((value) => value ?? '(none)')
    .join('\t');
}

const nevra = (pkg: Package): string => `${pkg.name}-${pkg.version}.${pkg.qualifiers?.['arch']}`;

const withoutKeys = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !line.startsWith('gpg-pubkey\t'));

/** Files by package, directories left out, each path once. */
function filesByPackage(files: readonly QueriedFile[], wanted: number): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const { nevra, path, flags, isDirectory, state } of files) {
    if (isDirectory || (flags & GHOST) !== 0 || state !== 0 || (flags & wanted) !== wanted) continue;
    result.set(nevra, [...(result.get(nevra) ?? []), path]);
  }
  return result;
}

describe('rpm against rpm itself', { skip }, () => {
  let folder: string;
  let sqlite: string;
  before(() => {
    folder = newFolder();
    sqlite = makeSqliteDatabase(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('lists the same packages from SQLite', () => {
    const { packages } = catalog(databaseFile(sqlite));
    const expected = queryPackages(sqlite, 'sqlite');
    assert.equal(expected.length, 5);
    assert.deepEqual(packages.map(printed).toSorted(), expected);
    assert.equal(
      packages.find(({ name }) => name === 'delta')?.properties?.['rpm:modularitylabel'],
      'delta:5:8090020240101:1a2b3c4d',
    );
  });

  it('lists the same packages from Berkeley DB in both byte orders, and from ndb', () => {
    const expected = queryPackages(sqlite, 'sqlite');
    const headers = headersOf(sqlite);
    const little = makeBerkeleyDatabase(folder, headers, 1234);
    assert.deepEqual(queryPackages(little, 'bdb_ro'), expected);
    const databases = [
      databaseFile(little),
      databaseFile(makeBerkeleyDatabase(folder, headers, 4321)),
      { name: 'Packages.db', bytes: ndbDatabase(headers) },
    ];
    assert.equal(databases[0]!.bytes.readUInt32LE(12), 0x061561);
    assert.equal(databases[1]!.bytes.readUInt32BE(12), 0x061561);
    for (const database of databases) {
      assert.deepEqual(catalog(database).packages.map(printed).toSorted(), expected);
    }
  });

  it('owns the same files, ghosts left out, and knows configuration', () => {
    const files = queryFiles(sqlite, 'sqlite');
    const { packages } = catalog(databaseFile(sqlite), files);
    const owned = filesByPackage(files, 0);
    const configuration = filesByPackage(files, CONFIGURATION);
    assert.ok(files.length > 400);
    for (const pkg of packages) {
      assert.deepEqual(pkg.files, (owned.get(nevra(pkg)) ?? []).toSorted());
      assert.deepEqual(pkg.configFiles ?? [], configuration.get(nevra(pkg)) ?? []);
    }
  });

  it('needs the same packages', () => {
    const { packages } = catalog(databaseFile(sqlite), queryFiles(sqlite, 'sqlite'));
    const names = new Map(packages.map(({ id, name }) => [id, name]));
    for (const pkg of packages) {
      const expected = queryRequires(sqlite, pkg.name)
        .filter((name) => !name.startsWith('rpmlib(') && !name.startsWith('('))
        .flatMap((name) => queryProviders(sqlite, name))
        .filter((name) => name !== pkg.name);
      const ours = pkg.dependsOn.map((id) => names.get(id)!);
      assert.deepEqual(ours.toSorted(), [...new Set(expected)].toSorted(), pkg.name);
    }
    assert.deepEqual(
      packages.filter(({ dependsOn }) => dependsOn.length > 0).map(({ name }) => name),
      ['alpha', 'beta', 'delta', 'epsilon'],
    );
  });
});

/** Databases of real systems, test data of a Go module: `go mod download github.com/knqyf263/go-rpmdb@v0.1.1` brings them. */
const SAMPLES = join(homedir(), 'go/pkg/mod/github.com/knqyf263/go-rpmdb@v0.1.1/pkg/testdata');
const noSamples = skip || (existsSync(SAMPLES) ? false : 'no databases of go-rpmdb@v0.1.1 in the cache of Go modules');

describe('rpm against rpm itself on databases of real systems', { skip: noSamples }, () => {
  for (const [sample, backend] of [
    ['centos5-plain', 'bdb_ro'],
    ['centos7-plain', 'bdb_ro'],
    ['centos8-modularitylabel', 'bdb_ro'],
    ['ubi8-s390x', 'bdb_ro'],
    ['cbl-mariner-2.0', 'sqlite'],
    ['fedora35', 'sqlite'],
  ] as const) {
    it(`lists the same packages and files as in ${sample}`, () => {
      const folder = join(SAMPLES, sample);
      const { packages } = catalog(databaseFile(folder));
      assert.deepEqual(packages.map(printed).toSorted(), withoutKeys(queryPackages(folder, backend)));
      const files = queryFiles(folder, backend);
      const expected = files.filter(({ flags, state }) => (flags & GHOST) === 0 && state === 0);
      const records = recordsOf(databaseFile(folder).bytes);
      const ours = records.flatMap((record) => record.installed.map((path) => `${record.name} ${path}`));
      assert.ok(ours.length > 1000);
      assert.deepEqual(ours.toSorted(), expected.map(({ name, path }) => `${name} ${path}`).toSorted());
      assert.equal(records.flatMap(({ listed = [] }) => listed).length, files.length);
    });
  }

  it('lists the same packages as in sle15-bci, whose ndb is made a Berkeley DB for rpm', () => {
    const database = databaseFile(join(SAMPLES, 'sle15-bci'));
    const headers = [...(readRpmDatabase(database.bytes)?.items ?? [])].flatMap((item) =>
      'header' in item ? [Buffer.from(item.header)] : [],
    );
    const folder = newFolder();
    try {
      const berkeley = makeBerkeleyDatabase(folder, headers, 1234);
      const expected = withoutKeys(queryPackages(berkeley, 'bdb_ro'));
      assert.ok(expected.length > 30);
      assert.deepEqual(catalog(database).packages.map(printed).toSorted(), expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function recordsOf(bytes: Uint8Array): readonly RpmRecord[] {
  const budget = new RecordBudget();
  return [...(readRpmDatabase(bytes)?.items ?? [])].map((item) => {
    assert.ok('header' in item);
    const header = tryParseRpmHeader(item.header);
    assert.ok(header);
    return rpmRecord(header, budget)!;
  });
}
