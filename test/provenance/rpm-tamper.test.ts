import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readOsStanzas } from '../../src/catalog/index.ts';
import { RPM_CAPTURES } from '../../src/catalog/os/rpm-databases.ts';
import { COMPARISON_CAPTURES, compareWithBase, tamperFindings } from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';
import { makeSqliteDatabase, missingRpm, newFolder } from '../support/rpm-oracle.ts';
import { berkeleyDatabase, ndbDatabase, rpmPackage, sqliteDatabase, type RpmValues } from '../support/rpm-database.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const captures = [...RPM_CAPTURES, ...COMPARISON_CAPTURES];
const SQLITE = 'var/lib/rpm/rpmdb.sqlite';
const file = (name: string, digest: string): RpmValues => ({
  baseNames: [name],
  directoryNames: ['/usr/lib64/'],
  directoryIndexes: [0],
  fileDigests: [digest.repeat(64)],
  fileStates: [0],
  fileFlags: [0],
  fileDigestAlgorithm: [8],
});
const BASH = rpmPackage('bash', { license: 'GPL-3.0-or-later' });
const GLIBC = rpmPackage('glibc', file('libc.so.6', 'a'));
const LIBC = 'usr/lib64/libc.so.6';

/** In words: class, whether it is critical, and what it says. */
function findings(before: Files, after: Files): readonly string[] {
  const base = memoryView(before, { captures });
  const final = memoryView({ ...before, ...after }, { captures });
  const comparison = compareWithBase({
    base,
    final,
    layerCount: 1,
    env: [],
    records: { base: readOsStanzas(base), final: readOsStanzas(final) },
  });
  return tamperFindings(comparison).map(
    (found) => `${found.critical ? '!' : ' '} ${found.class} ${found.path}: ${found.message}`,
  );
}

const upper = (content: Uint8Array | string): MemoryEntry => ({ content, layer: 1 });
const database = (...headers: readonly Uint8Array[]): Uint8Array => sqliteDatabase(headers);
const BASE: Files = { [SQLITE]: database(BASH, GLIBC), [LIBC]: 'libc 1' };

describe('tamper check of rpm databases', () => {
  test('adding packages is what installing does', () => {
    assert.deepEqual(findings(BASE, { [SQLITE]: upper(database(BASH, GLIBC, rpmPackage('curl'))) }), []);
  });

  test('the same records in another order, another file or another form of the database are no change', () => {
    assert.deepEqual(findings(BASE, { [SQLITE]: upper(database(GLIBC, BASH)) }), []);
    const converted: Files = { 'var/lib/rpm/Packages.db': ndbDatabase([BASH, GLIBC]), [LIBC]: 'libc 1' };
    assert.deepEqual(
      findings(
        { 'var/lib/rpm/Packages': berkeleyDatabase([BASH, GLIBC]), [LIBC]: 'libc 1' },
        { ...converted, 'var/lib/rpm/Packages': { directory: true, layer: 1 } },
      ).filter((line) => line.startsWith('!')),
      [],
    );
  });

  test('a record of the base that is gone is critical', () => {
    assert.deepEqual(findings(BASE, { [SQLITE]: upper(database(BASH)) }), [
      '! package-database /var/lib/rpm/rpmdb.sqlite: package glibc 1.0-1.el9 of the base is missing from the package database',
    ]);
  });

  test('a record of the base that says something else of the same version is critical', () => {
    const altered = rpmPackage('glibc', file('libc.so.6', 'b'));
    assert.match(
      findings(BASE, { [SQLITE]: upper(database(BASH, altered)) }).join('\n'),
      /^! package-database .*glibc 1\.0-1\.el9 was altered without a new version/,
    );
  });

  test('a record that is there twice, once altered, is critical', () => {
    const altered = rpmPackage('glibc', file('libc.so.6', 'b'));
    assert.match(
      findings(BASE, { [SQLITE]: upper(database(BASH, GLIBC, altered)) }).join('\n'),
      /^! package-database .*glibc/,
    );
  });

  test('another version beside the base’s own is no change', () => {
    const newer = rpmPackage('glibc', { ...file('libc.so.6', 'b'), version: '2.0' });
    assert.deepEqual(findings(BASE, { [SQLITE]: upper(database(BASH, GLIBC, newer)) }), []);
  });

  test('an upgrade explains the files of its package', () => {
    const newer = rpmPackage('glibc', { ...file('libc.so.6', 'b'), version: '2.0' });
    const found = findings(BASE, { [SQLITE]: upper(database(BASH, newer)), [LIBC]: upper('libc 2') });
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['  upgrade /usr/lib64/libc.so.6', '  upgrade /var/lib/rpm/rpmdb.sqlite'],
    );
  });

  test('a file that was replaced without one is critical', () => {
    assert.deepEqual(findings(BASE, { [LIBC]: upper('evil') }), ['! libc /usr/lib64/libc.so.6: content replaced']);
  });

  test('a database that was deleted, or made unreadable, is critical', () => {
    const base = memoryView(BASE, { captures });
    const final = memoryView({ [LIBC]: 'libc 1' }, { captures });
    const gone = compareWithBase({
      base,
      final,
      layerCount: 1,
      env: [],
      records: { base: readOsStanzas(base), final: readOsStanzas(final) },
    });
    assert.ok(gone.lostDatabases.includes(SQLITE));
    const broken = findings(BASE, { [SQLITE]: upper('no database') });
    assert.ok(
      broken.some((line) => line.startsWith(`! package-database /${SQLITE}: the base has this package database`)),
    );
  });

  test('a damaged database that upper layers left alone says nothing of them', () => {
    const damaged: Files = { [SQLITE]: 'no database' };
    assert.deepEqual(findings(damaged, { 'app/x': upper('x') }), []);
    assert.match(findings(damaged, { [SQLITE]: upper('none either') })[0] ?? '', /^! package-database/);
  });

  test('what is privileged is told beside a database too', () => {
    const found = findings(BASE, { 'var/lib/rpm/su': { content: 'x', mode: 0o4755, layer: 1 } });
    assert.deepEqual(found, ['! setuid /var/lib/rpm/su: setuid file added']);
  });

  test('a database that a Debian base never had says nothing of the base', () => {
    const debian: Files = {
      'var/lib/dpkg/status': 'Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n',
    };
    assert.deepEqual(findings(debian, { [SQLITE]: upper('no database') }), []);
  });
});

describe('what rpm itself makes of its database', { skip: missingRpm() }, () => {
  let folder: string;
  let database: string;
  before(() => {
    folder = newFolder();
    database = makeSqliteDatabase(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const rpm = (...args: readonly string[]): unknown =>
    execFileSync('rpm', ['--dbpath', database, ...args], { stdio: 'pipe' });
  const now = (): Buffer => readFileSync(join(database, 'rpmdb.sqlite'));
  const packageFile = (name: string): string => {
    const files = readdirSync(join(folder, 'build', 'RPMS'), { recursive: true, encoding: 'utf8' });
    return join(folder, 'build', 'RPMS', files.find((file) => file.split('/').at(-1)?.startsWith(`${name}-`)) ?? '');
  };

  test('installing and rebuilding change nothing of the base, erasing does', () => {
    rpm('-e', '--justdb', '--nodeps', '--noscripts', 'epsilon');
    const base = { [SQLITE]: now() };
    rpm('-i', '--justdb', '--nodeps', '--noscripts', '--nosignature', '--ignorearch', packageFile('epsilon'));
    assert.deepEqual(findings(base, { [SQLITE]: upper(now()) }), []);
    rpm('--rebuilddb');
    assert.deepEqual(findings(base, { [SQLITE]: upper(now()) }), []);
    rpm('-e', '--justdb', '--nodeps', '--noscripts', 'alpha');
    assert.match(
      findings(base, { [SQLITE]: upper(now()) }).join('\n'),
      /^! package-database [^\n]* alpha 2:1\.2\.3-4\.el8 of the base is missing[^\n]*$/,
    );
  });
});
