import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { capturePlan, runCatalogers, type CatalogRun } from '../../../src/catalog/index.ts';
import { apkDependencyName, parseApkInstalled } from '../../../src/catalog/os/apk-database.ts';
import { apkCataloger } from '../../../src/catalog/os/apk.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const OS_RELEASE = 'ID=alpine\nVERSION_ID=3.19.1\n';

function run(files: Readonly<Record<string, MemoryEntry>>): CatalogRun {
  const view = memoryView(
    { 'etc/os-release': OS_RELEASE, ...files },
    { captures: capturePlan([apkCataloger]).captures },
  );
  return runCatalogers({ view, catalogers: [apkCataloger], rethrow: true });
}

const installed = (...paragraphs: readonly string[]): Record<string, string> => ({
  'lib/apk/db/installed': paragraphs.map((lines) => `${lines}\n\n`).join(''),
});
const purls = (result: CatalogRun): readonly (string | undefined)[] => result.packages.map(packagePurl);
const named = (result: CatalogRun, name: string): Package => {
  const found = result.packages.find((pkg) => pkg.name === name);
  assert.ok(found, `${name} is among the packages`);
  return found;
};

const MUSL = `C:Q1kkq3E81FxbWxzPkVrHMwN3ZOdhc=
P:musl
V:1.2.4_git20230717-r4
A:x86_64
S:1
I:2
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
t:1
c:ca7f2ab5e88794e4e654b40776f8a92256f50639
p:so:libc.musl-x86_64.so.1=1
F:lib
M:0:0:755
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1oeFdUhJv8xsBfyyvm2yULNpmBnk=
R:libc.musl-x86_64.so.1
F:etc
F:
R:rootfile`;

describe('apk', () => {
  it('reads a paragraph with everything in it', () => {
    const result = run({
      ...installed(MUSL),
      'lib/ld-musl-x86_64.so.1': '',
      'lib/libc.musl-x86_64.so.1': { link: 'ld-musl-x86_64.so.1' },
      rootfile: '',
    });
    assert.deepEqual(result.diagnostics, []);
    assert.deepEqual(purls(result), ['pkg:apk/alpine/musl@1.2.4_git20230717-r4?arch=x86_64&distro=alpine-3.19.1']);
    assert.deepEqual(result.packages, [
      {
        type: 'apk',
        namespace: 'alpine',
        name: 'musl',
        version: '1.2.4_git20230717-r4',
        qualifiers: { arch: 'x86_64', distro: 'alpine-3.19.1' },
        locations: [{ path: '/lib/apk/db/installed', layer: 0 }],
        foundBy: 'apk',
        evidence: [
          {
            field: 'purl',
            technique: 'manifest-analysis',
            confidence: 1,
            value: 'paragraph in /lib/apk/db/installed',
          },
        ],
        licenses: [{ value: 'MIT' }],
        supplier: { name: 'Timo Teras', email: 'timo.teras@iki.fi' },
        description: 'the musl c library (libc) implementation',
        homepage: 'https://musl.libc.org/',
        files: ['/lib/ld-musl-x86_64.so.1', '/lib/libc.musl-x86_64.so.1', '/rootfile'],
        properties: {
          'apk:checksum': 'Q1kkq3E81FxbWxzPkVrHMwN3ZOdhc=',
          'apk:commit': 'ca7f2ab5e88794e4e654b40776f8a92256f50639',
        },
        id: 'apk/alpine/musl@1.2.4_git20230717-r4?arch=x86_64&distro=alpine-3.19.1',
        dependsOn: [],
      },
    ]);
  });

  it('resolves names and what others provide, and leaves conflicts and itself out', () => {
    const result = run(
      installed(
        MUSL,
        'P:busybox\nV:1-r0\np:cmd:sh=1 /bin/sh',
        'P:zlib-dev\nV:1-r0\np:pc:zlib=1.3',
        'P:app\nV:1-r0\nD:so:libc.musl-x86_64.so.1 cmd:sh>=1 pc:zlib~1 !conflict app busybox@edge missing',
        'P:conflict\nV:1-r0',
      ),
    );
    const names = named(result, 'app').dependsOn.map((id) => /\/alpine\/(.*)@/.exec(id)?.[1]);
    assert.deepEqual(names, ['busybox', 'musl', 'zlib-dev']);
  });

  it('names the source package only where it is another', () => {
    const result = run(installed('P:libssl3\nV:3.1-r0\nA:x86_64\no:openssl'));
    assert.deepEqual(purls(result), [
      'pkg:apk/alpine/libssl3@3.1-r0?arch=x86_64&distro=alpine-3.19.1&upstream=openssl',
    ]);
  });

  it('keeps virtual packages, marked and without purl', () => {
    const result = run(installed('P:.build-deps\nV:20240101.000000\nA:noarch\nD:musl', MUSL));
    const pkg = named(result, '.build-deps');
    assert.equal(packagePurl(pkg), undefined);
    assert.deepEqual(pkg.properties, { 'apk:virtual': 'true' });
    assert.equal(pkg.dependsOn.length, 1);
  });

  const licences: readonly (readonly [string, readonly string[]])[] = [
    ['MIT AND BSD-3-Clause', ['MIT AND BSD-3-Clause']],
    ['GPL-2.0-or-later', ['GPL-2.0-or-later']],
    ['custom MIT MIT', ['MIT', 'custom']],
    ['MIT AND custom', ['MIT AND custom']],
    ['', []],
  ];
  for (const [text, values] of licences) {
    it(`reads the licence ${JSON.stringify(text)}`, () => {
      const { licenses } = named(run(installed(`P:a\nV:1\nL:${text}`)), 'a');
      assert.deepEqual(
        licenses.map(({ value }) => value),
        values,
      );
    });
  }

  it('reads the database in /usr/lib, through a link only once, and below a prefix', () => {
    const usr = run({
      lib: { link: 'usr/lib' },
      'usr/lib/apk/db/installed': 'P:a\nV:1\nF:lib\nR:x\n',
      'usr/lib/x': '',
    });
    assert.deepEqual(purls(usr), ['pkg:apk/alpine/a@1?distro=alpine-3.19.1']);
    assert.deepEqual(usr.packages[0]?.files, ['/usr/lib/x']);
    const prefix = run({
      'opt/root/lib/apk/db/installed': 'P:a\nV:1\nF:lib\nR:x\n',
      'opt/root/lib/x': '',
      'opt/root/etc/apk/repositories': 'https://dl-cdn.alpinelinux.org/alpine/v3.18/main\n',
    });
    assert.deepEqual(purls(prefix), ['pkg:apk/alpine/a@1?distro=alpine-3.18']);
    assert.deepEqual(prefix.packages[0]?.files, ['/opt/root/lib/x']);
  });

  it('tells of a database behind a link to an unusual place', () => {
    const result = run({ 'lib/apk/db': { link: '/data' }, 'data/installed': 'P:a\nV:1\n' });
    assert.deepEqual([result.packages, result.diagnostics.map(({ code }) => code)], [[], ['unreadable-database']]);
  });

  it('claims no purl without a distribution that apk is at home in', () => {
    for (const release of ['ID=debian\n', 'NAME=x\n', 'ID=rocky\nID_LIKE="rhel fedora"\n']) {
      assert.deepEqual(purls(run({ ...installed('P:a\nV:1'), 'etc/os-release': release })), [undefined]);
    }
    const wolfi = run({ ...installed('P:a\nV:1'), 'etc/os-release': 'ID=wolfi\nVERSION_ID=20230201\n' });
    assert.deepEqual(purls(wolfi), ['pkg:apk/wolfi/a@1?distro=wolfi-20230201']);
  });

  it('reads lines of more than 64 KiB', () => {
    const provides = Array.from({ length: 20_000 }, (_, index) => `cmd:c${index}=1`).join(' ');
    const result = run(installed(`P:a\nV:1\np:${provides}`, 'P:b\nV:1\nD:cmd:c19999'));
    assert.equal(named(result, 'b').dependsOn.length, 1);
  });

  it('goes on after broken paragraphs and says what is missing', () => {
    const result = run(
      installed(
        'P:good\nV:1',
        'V:1\nA:x86_64',
        'P:../bad\nV:1',
        'P:a\nV:1',
        'P:a\nV:2',
        'P:nov',
        'no field',
        'P:x\nV:1 2',
      ),
    );
    assert.deepEqual(
      result.packages.map(({ name, version }) => `${name} ${version}`),
      ['a 2', 'good 1', 'nov undefined', 'x undefined'],
    );
    assert.deepEqual(
      result.diagnostics.map(({ code }) => code),
      [
        'duplicate-package',
        'malformed-stanza',
        'malformed-stanza',
        'malformed-stanza',
        'version-unknown',
        'version-unknown',
      ],
    );
  });

  it('neither hangs nor throws on hostile databases', () => {
    const many = Array.from({ length: 3000 }, (_, index) => `P:p${index}\nV:1\np:x y\nD:x y x`);
    const result = run(installed(...many));
    assert.ok(result.packages.every(({ dependsOn }) => dependsOn.length <= 128));
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.constantFrom(...'PVAoLmUTDpCcFRMaZ'), fc.string()).map(([letter, value]) => `${letter}:${value}`),
      fc.constant(''),
    );
    fc.assert(fc.property(fc.array(line), (lines) => void run({ 'lib/apk/db/installed': lines.join('\n') })));
  });
});

describe('parseApkInstalled', () => {
  it('reads CRLF, a missing last newline and the first of repeated fields', () => {
    const { records } = parseApkInstalled(new TextEncoder().encode('P:a\r\nP:b\r\nF:etc\r\nR:x'));
    assert.deepEqual(
      records.map(({ line, fields, files }) => ({ line, fields: [...fields], files })),
      [{ line: 1, fields: [['P', 'a']], files: ['etc/x'] }],
    );
  });

  it('reads what begins with a byte order mark', () => {
    const { records, problems } = parseApkInstalled(new TextEncoder().encode('\ufeffP:a\nV:1\n'));
    assert.deepEqual([problems, [...(records[0]?.fields ?? [])].flat()], [[], ['P', 'a', 'V', '1']]);
  });

  it('has nothing to say about an empty file', () => {
    assert.deepEqual(parseApkInstalled(new Uint8Array()), { records: [], problems: [], truncated: false });
  });
});

describe('parseApkInstalled limits', () => {
  it('leaves out paths that no file can have', () => {
    const { records } = parseApkInstalled(new TextEncoder().encode(`P:a\nF:${'d'.repeat(5000)}\nR:x\nF:e\nR:y`));
    assert.deepEqual(records[0]?.files, ['e/y']);
  });

  it('stops at a number of packages that no system has', () => {
    const { records, truncated } = parseApkInstalled(new TextEncoder().encode('P:a\n\n'.repeat(260_000)));
    assert.equal(records.length, 250_000);
    assert.equal(truncated, true);
  });
});

describe('apkDependencyName', () => {
  it('strips versions and repositories', () => {
    assert.deepEqual(['a', 'a>=1', 'a~1', 'so:x=1', 'a@edge', '!a', '', '=1'].map(apkDependencyName), [
      'a',
      'a',
      'a',
      'so:x',
      'a',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
