import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { readOsStanzas } from '../../src/catalog/index.ts';
import { RPM_CAPTURES } from '../../src/catalog/os/rpm-databases.ts';
import type { FileView } from '../../src/filesystem/index.ts';
import {
  COMPARISON_CAPTURES,
  findContainment,
  MIN_CONTAINED_FILES,
  tamperFindings,
  writeFileList,
  type BaseContainment,
} from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';
import { ndbDatabase, rpmPackage, sqliteDatabase } from '../support/rpm-database.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const STATUS = 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n';

const BASE: Files = {
  ...Object.fromEntries(
    Array.from({ length: MIN_CONTAINED_FILES }, (_, index) => [`usr/lib/file${index}`, `content ${index}`]),
  ),
  'bin/sh': { content: 'shell', mode: 0o755 },
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/ssl/certs/ca-certificates.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  'usr/lib/libx.so': { link: 'libx.so.1' },
  'var/lib/dpkg/status': STATUS,
  'var/log/dpkg.log': 'today',
  'tmp/rest': 'x',
};

function view(files: Files): FileView {
  return memoryView(files, { captures: COMPARISON_CAPTURES });
}

const LIST = writeFileList(view(BASE));

function contained(files: Files, list = LIST): BaseContainment {
  return findContainment(list, { final: view(files), env: [] });
}

function packed(...lines: readonly string[]): typeof LIST {
  const bytes = gzipSync(lines.map((line) => `${line}\n`).join(''));
  return { digest: sha256Digest(bytes), bytes };
}

describe('writeFileList', () => {
  test('canonical lines by path, volatile files left out, the same bytes every time', () => {
    const lines = gunzipSync(LIST.bytes).toString().trimEnd().split('\n');
    const paths = lines.map((line) => (JSON.parse(line) as { path: string }).path);
    assert.deepEqual(paths, paths.toSorted());
    assert.ok(paths.includes('usr/lib/libx.so') && paths.includes('var/lib/dpkg/status'));
    assert.ok(!paths.includes('var/log/dpkg.log') && !paths.includes('tmp/rest'));
    assert.deepEqual(writeFileList(view(BASE)), LIST);
    assert.equal(LIST.bytes[9], 0xff);
  });
});

describe('findContainment', () => {
  test('a flattened image that has all of it: 100 %, with what it has beside', () => {
    const found = contained({ ...BASE, 'app/run': 'run', 'var/log/dpkg.log': 'tomorrow' });
    assert.equal(found.matched, found.total);
    assert.deepEqual([found.missing, found.changed, found.extra, found.extraFiles], [[], [], 1, ['app/run']]);
    assert.deepEqual(tamperFindings(found.comparison!), []);
  });

  for (const [what, files, differs] of [
    ['a replaced file', { 'bin/sh': { content: 'evil!', mode: 0o755 } }, { changed: ['bin/sh'] }],
    ['another mode', { 'bin/sh': { content: 'shell', mode: 0o4755 } }, { changed: ['bin/sh'] }],
    ['another owner', { 'bin/sh': { content: 'shell', mode: 0o755, uid: 1 } }, { changed: ['bin/sh'] }],
    ['a link that leads elsewhere', { 'usr/lib/libx.so': { link: '/tmp/x' } }, { changed: ['usr/lib/libx.so'] }],
    ['a file in place of a link', { 'usr/lib/libx.so': 'x' }, { changed: ['usr/lib/libx.so'] }],
  ] as const) {
    test(`${what} is no containment, and told`, () => {
      const found = contained({ ...BASE, ...files });
      assert.equal(found.matched, found.total - 1);
      assert.deepEqual(found.changed, differs.changed);
      assert.equal(found.comparison, undefined);
    });
  }

  test('a hard link whose header gives the file it names another mode is a change of that file', () => {
    const link = (mode: number): Files => ({ ...BASE, 'app/x': { content: 'shell', hardLinkTo: 'bin/sh', mode } });
    assert.deepEqual(contained(link(0o777)).changed, ['bin/sh']);
    const same = contained(link(0o755));
    assert.deepEqual([same.changed, same.matched], [[], same.total]);
  });

  test('a missing file is told; a folder that became a link hides its files', () => {
    const { 'bin/sh': _shell, ...rest } = BASE;
    assert.deepEqual(contained(rest).missing, ['bin/sh']);
    const moved = contained({ ...rest, bin: { link: 'usr/bin' }, 'usr/bin/sh': BASE['bin/sh']! });
    assert.deepEqual(moved.missing, ['bin/sh']);
  });

  test('installing packages and users is no difference; a new root, an altered record and a preload are critical', () => {
    const installed = contained({
      ...BASE,
      'etc/passwd': `${BASE['etc/passwd'] as string}app:x:100:100::/:/usr/sbin/nologin\n`,
      'var/lib/dpkg/status': `${STATUS}\nPackage: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8\n`,
    });
    assert.equal(installed.matched, installed.total);
    assert.deepEqual(tamperFindings(installed.comparison!), []);
    const tampered = contained({
      ...BASE,
      'etc/passwd': `${BASE['etc/passwd'] as string}evil::0:0::/:/bin/sh\n`,
      'var/lib/dpkg/status': STATUS.replace('Version: 2.36', 'Version: 2.36\nMaintainer: evil'),
      'etc/ld.so.preload': '/evil.so\n',
      'usr/bin/su2': { content: 'x', mode: 0o4755 },
    });
    assert.equal(tampered.matched, tampered.total);
    const critical = tamperFindings(tampered.comparison!).filter((finding) => finding.critical);
    assert.deepEqual(critical.map((finding) => finding.class).toSorted(), [
      'account',
      'ld-preload',
      'package-database',
      'setuid',
    ]);
  });

  test('records of rpm: installing is no difference, in whatever form of the database; altering and losing them is critical', () => {
    const rpm = { captures: [...RPM_CAPTURES, ...COMPARISON_CAPTURES] };
    const [bash, glibc] = [rpmPackage('bash'), rpmPackage('glibc')];
    const { 'var/lib/dpkg/status': _status, ...rest } = BASE;
    const before = memoryView({ ...rest, 'var/lib/rpm/rpmdb.sqlite': sqliteDatabase([bash, glibc]) }, rpm);
    const list = writeFileList(before, readOsStanzas(before));
    const compared = (files: Files): BaseContainment => {
      const final = memoryView({ ...rest, ...files }, rpm);
      return findContainment(list, { final, env: [], records: readOsStanzas(final) });
    };
    const installed = compared({ 'var/lib/rpm/Packages.db': ndbDatabase([glibc, bash, rpmPackage('curl')]) });
    assert.deepEqual([installed.matched, installed.extra], [installed.total, 0]);
    assert.deepEqual(tamperFindings(installed.comparison!), []);
    const lost = compared({ 'var/lib/rpm/rpmdb.sqlite': sqliteDatabase([bash]) });
    assert.equal(lost.matched, lost.total);
    assert.ok(
      tamperFindings(lost.comparison!).some((finding) => finding.class === 'package-database' && finding.critical),
    );
    const asFiles = findContainment(list, { final: before, env: [] });
    assert.equal(asFiles.total, installed.total + 1);
  });

  test('a handful of files compares, but is never whole', () => {
    const few = { a: 'a', b: 'b' };
    const found = contained({ ...few, c: 'c' }, writeFileList(view(few)));
    assert.deepEqual([found.total, found.matched, found.comparison], [2, 2, undefined]);
  });

  test('lists name at most 1,000 paths; counts are exact', () => {
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`opt/f${index}`, 'x']));
    const found = contained({ bin: { directory: true } }, writeFileList(view(many)));
    assert.deepEqual([found.total, found.matched, found.missing.length], [1500, 0, 1000]);
    const extra = contained({ ...BASE, ...many });
    assert.deepEqual([extra.extra, extra.extraFiles.length], [1500, 1000]);
  });

  const row = { path: 'a', type: 'file', mode: 420, uid: 0, gid: 0, sizeBytes: 1 };
  for (const [what, list] of [
    ['no gzip', { ...LIST, bytes: Buffer.from('no') }],
    ['cut off', { ...LIST, bytes: LIST.bytes.subarray(0, LIST.bytes.length - 20) }],
    ['no object', packed('[]')],
    ['records that are none', packed('{"records":{"databases":[],"stanzas":[{}],"unreadable":[]}}')],
    ['records and more', packed('{"records":{"databases":[],"stanzas":[],"unreadable":[],"x":1}}')],
    ['a path with ..', packed(JSON.stringify({ ...row, path: 'a/../b' }))],
    ['an absolute path', packed(JSON.stringify({ ...row, path: '/a' }))],
    ['an unknown type', packed(JSON.stringify({ ...row, type: '__proto__' }))],
    ['an unknown member', packed(JSON.stringify({ ...row, more: 1 }))],
    ['a mode that is none', packed(JSON.stringify({ ...row, mode: 0o10000 }))],
    ['a digest that is none', packed(JSON.stringify({ ...row, sha256: 'x' }))],
    ['attributes that are none', packed(JSON.stringify({ ...row, xattrs: { a: 'xyz' } }))],
    ['more than it may unpack to', packed('x'.repeat(257 * 1024 * 1024))],
  ] as const) {
    test(`a list that is ${what} is refused`, () => {
      assert.throws(() => contained(BASE, list), { code: 'LOCK_FILE_LIST_MALFORMED' });
    });
  }

  test('a list that is no JSON is refused', () => {
    assert.throws(() => contained(BASE, packed('{')), { code: 'JSON_INVALID' });
  });
});
