import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { capturePlan, runCatalogers } from '../../../src/catalog/index.ts';
import { elfNoteCataloger } from '../../../src/catalog/binary/elf-note.ts';
import { noteIdentity } from '../../../src/catalog/binary/elf-note-identity.ts';
import { dpkgCataloger } from '../../../src/catalog/os/dpkg.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { elfFile, elfNote } from '../../support/elf-file.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const noted = (fields: Readonly<Record<string, string>>): Uint8Array => {
  const content = elfNote({ name: 'FDO', type: 0xcafe1a7e, content: Buffer.from(JSON.stringify(fields)) });
  return elfFile([{ name: '.note.package', type: 7, content }]);
};
const CURL = { type: 'deb', name: 'curl', version: '8.5.0-2', architecture: 'amd64', os: 'debian', osVersion: '12' };

function run(files: Readonly<Record<string, MemoryEntry>>, catalogers = [elfNoteCataloger]) {
  return runCatalogers({
    view: memoryView(files, { captures: capturePlan(catalogers).captures }),
    catalogers,
    rethrow: true,
  });
}

describe('elfNoteCataloger', () => {
  it('makes one package of all files of one package, whose files they are', () => {
    const { packages } = run({
      'usr/bin/curl': noted(CURL),
      'opt/libcurl.so': noted(CURL),
      'opt/other': noted({ ...CURL, version: '9' }),
    });
    assert.deepEqual(
      packages.map((pkg) => [packagePurl(pkg), pkg.files]),
      [
        ['pkg:deb/debian/curl@8.5.0-2?arch=amd64&distro=debian-12', ['/opt/libcurl.so', '/usr/bin/curl']],
        ['pkg:deb/debian/curl@9?arch=amd64&distro=debian-12', ['/opt/other']],
      ],
    );
  });

  it('is evidence of the OS package that has the file, under whatever name, and never its owner', () => {
    const status =
      'Package: libcurl4\nStatus: install ok installed\nVersion: 8.5.0-2\nArchitecture: amd64\nSource: curl\n';
    const { packages } = run(
      {
        'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
        'var/lib/dpkg/status': status,
        'var/lib/dpkg/info/libcurl4.list': '/usr/lib/libcurl.so.4\n',
        'usr/lib/libcurl.so.4': noted(CURL),
      },
      [dpkgCataloger, elfNoteCataloger],
    );
    assert.deepEqual(
      packages.map(({ name, foundBy }) => `${name} ${foundBy}`),
      ['libcurl4 dpkg'],
    );
    assert.deepEqual(packages[0]?.alsoKnownAs?.[0]?.foundBy, 'elf-note');
  });

  it('stays an OS package when the database has the very same', () => {
    const status = 'Package: curl\nStatus: install ok installed\nVersion: 8.5.0-2\nArchitecture: amd64\n';
    const { packages } = run(
      {
        'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
        'var/lib/dpkg/status': status,
        'var/lib/dpkg/info/curl.list': '/usr/bin/curl\n',
        'usr/bin/curl': noted(CURL),
      },
      [dpkgCataloger, elfNoteCataloger],
    );
    assert.equal(packages.length, 1);
    assert.equal(packages[0]?.locations.length, 2);
  });

  it('keeps a CPE of the program only when it is one', () => {
    const cpeOf = (appCpe: string): unknown => run({ x: noted({ ...CURL, appCpe }) }).packages[0]?.cpes;
    assert.deepEqual(cpeOf('cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*'), ['cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*']);
    for (const text of ['cpe:/a:haxx:curl', 'cpe:2.3:a:haxx', 'curl']) assert.equal(cpeOf(text), undefined);
  });
});

describe('elfNoteCataloger against the linker', () => {
  it('reads the note that ld writes', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-note-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'x.c'), 'int main(void) { return 0; }\n');
    const linked = spawnSync('gcc', ['-o', 'x', 'x.c', '-Xlinker', `--package-metadata=${JSON.stringify(CURL)}`], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (linked.status !== 0) return context.skip('no compiler whose linker writes package notes');
    const { packages } = run({ 'usr/bin/x': readFileSync(join(folder, 'x')) });
    assert.deepEqual(
      packages.map((pkg) => packagePurl(pkg)),
      ['pkg:deb/debian/curl@8.5.0-2?arch=amd64&distro=debian-12'],
    );
  });
});

describe('noteIdentity', () => {
  it('takes the operating system from its field or its CPE, and claims no purl without', () => {
    const of = (more: Readonly<Record<string, string>>) =>
      noteIdentity(new Map(Object.entries({ type: 'rpm', name: 'x', version: '1', ...more })));
    assert.equal(of({ osCpe: 'cpe:/o:fedoraproject:fedora:40' })?.namespace, 'fedora');
    assert.equal(of({ osCpe: 'cpe:/o:opensuse:leap:15.6' })?.namespace, 'opensuse');
    assert.deepEqual(of({ os: 'fedora' })?.qualifiers, { distro: 'fedora' });
    for (const more of [{}, { osCpe: 'cpe:/o:who:knows:1' }, { os: '../x' }])
      assert.equal(of(more as Record<string, string>)?.purlKnown, false);
    assert.equal(of({ name: '' }), undefined);
  });
});
