import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { capturePlan, runCatalogers, type CatalogRun } from '../../../src/catalog/index.ts';
import { dpkgCataloger } from '../../../src/catalog/os/dpkg.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const OS_RELEASE = 'ID=debian\nVERSION_ID="12"\n';

function run(files: Readonly<Record<string, MemoryEntry>>): CatalogRun {
  const view = memoryView(
    { 'etc/os-release': OS_RELEASE, ...files },
    { captures: capturePlan([dpkgCataloger]).captures },
  );
  return runCatalogers({ view, catalogers: [dpkgCataloger], rethrow: true });
}

function stanza(name: string, fields: Readonly<Record<string, string>> = {}): string {
  const all = { Package: name, Status: 'install ok installed', Version: '1.0', Architecture: 'amd64', ...fields };
  return Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

const status = (...stanzas: readonly string[]): Record<string, string> => ({
  'var/lib/dpkg/status': stanzas.join('\n'),
});
const purls = (result: CatalogRun): readonly (string | undefined)[] => result.packages.map(packagePurl);
const codes = (result: CatalogRun): readonly string[] => result.diagnostics.map(({ code }) => code);
const named = (result: CatalogRun, name: string): Package => {
  const found = result.packages.find((pkg) => pkg.name === name);
  assert.ok(found, `${name} is among the packages`);
  return found;
};

describe('dpkg', () => {
  it('reads a stanza with everything in it', () => {
    const result = run({
      'var/lib/dpkg/status': {
        layer: 3,
        content: stanza('libattr1', {
          Version: '1:2.5.1-4+b1',
          Source: 'attr (1:2.5.1-4)',
          Maintainer: '"Guillem Jover" <guillem@debian.org>',
          Homepage: 'https://savannah.nongnu.org/projects/attr/',
          Description: 'extended attribute handling\n more text',
          Conffiles:
            '\n /etc/xattr.conf 743ca3f83ea263f1f56ad1f63f907bdb\n /etc/old 743ca3f83ea263f1f56ad1f63f907bdb obsolete',
        }),
      },
      'var/lib/dpkg/info/libattr1:amd64.list': {
        layer: 2,
        content:
          '/.\n/etc\n/etc/xattr.conf\n/etc/old\n/usr\n/usr/lib\n/usr/lib/libattr.so.1\n/usr/share/empty\n/usr/share/gone\n',
      },
      'etc/xattr.conf': '',
      'etc/old': '',
      'usr/lib/libattr.so.1': { link: 'libattr.so.1.1' },
      'usr/share/empty': { directory: true },
    });
    assert.deepEqual(result.diagnostics, []);
    const [pkg] = result.packages;
    assert.equal(
      packagePurl(pkg!),
      'pkg:deb/debian/libattr1@1:2.5.1-4%2Bb1?arch=amd64&distro=debian-12&upstream=attr%401:2.5.1-4',
    );
    assert.deepEqual(pkg, {
      type: 'deb',
      namespace: 'debian',
      name: 'libattr1',
      version: '1:2.5.1-4+b1',
      qualifiers: { arch: 'amd64', distro: 'debian-12', upstream: 'attr@1:2.5.1-4' },
      locations: [{ path: '/var/lib/dpkg/status', layer: 3 }],
      foundBy: 'dpkg',
      evidence: [
        { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'stanza in /var/lib/dpkg/status' },
      ],
      licenses: [],
      supplier: { name: 'Guillem Jover', email: 'guillem@debian.org' },
      description: 'extended attribute handling',
      homepage: 'https://savannah.nongnu.org/projects/attr/',
      files: ['/etc/old', '/etc/xattr.conf', '/usr/lib/libattr.so.1'],
      configFiles: ['/etc/old', '/etc/xattr.conf'],
      introducedLayer: 2,
      id: 'deb/debian/libattr1@1:2.5.1-4%2Bb1?arch=amd64&distro=debian-12&upstream=attr%401:2.5.1-4',
      dependsOn: [],
    });
  });

  it('decides on the third word of Status, whatever the first says', () => {
    const states = [
      'install ok installed',
      'hold ok installed',
      'deinstall ok installed',
      'purge ok installed',
      'install reinstreq unpacked',
      'install ok half-configured',
      'install ok triggers-pending',
      'install ok triggers-awaited',
      'deinstall ok config-files',
      'purge ok not-installed',
      'install reinstreq half-installed',
    ];
    const result = run(status(...states.map((Status, index) => stanza(`p${10 + index}`, { Status }))));
    assert.deepEqual(
      result.packages.map(({ name, properties }) => [name, properties?.['deb:status']]),
      states.slice(0, 8).map((Status, index) => [`p${10 + index}`, index === 0 ? undefined : Status]),
    );
    assert.deepEqual(result.diagnostics, []);
  });

  it('keeps two architectures of one package and their own files apart', () => {
    const result = run({
      ...status(
        stanza('libc6', { 'Multi-Arch': 'same' }),
        stanza('libc6', { 'Multi-Arch': 'same', Architecture: 'i386' }),
        stanza('app', { Architecture: 'i386', Depends: 'libc6 (>= 2.3)' }),
        stanza('dpkg', { Depends: 'libc6' }),
        stanza('doc', { Architecture: 'all', Depends: 'libc6' }),
      ),
      'var/lib/dpkg/info/libc6:amd64.list': '/usr/lib/a\n',
      'var/lib/dpkg/info/libc6:i386.list': '/usr/lib/b\n',
      'usr/lib/a': '',
      'usr/lib/b': '',
    });
    const amd64 = 'deb/debian/libc6@1.0?arch=amd64&distro=debian-12';
    const i386 = 'deb/debian/libc6@1.0?arch=i386&distro=debian-12';
    const files = result.packages.filter(({ name }) => name === 'libc6').map(({ files }) => files);
    assert.deepEqual(files, [['/usr/lib/a'], ['/usr/lib/b']]);
    assert.deepEqual(named(result, 'app').dependsOn, [i386]);
    assert.deepEqual(named(result, 'dpkg').dependsOn, [amd64]);
    assert.deepEqual(named(result, 'doc').dependsOn, [amd64]);
  });

  it('resolves alternatives, provisions, qualifiers and leaves itself out', () => {
    const result = run(
      status(
        stanza('a', { 'Pre-Depends': 'b (>= 1)', Depends: 'mta | gone, py:any, a, e [amd64], gone2, ,|, x:i386' }),
        stanza('b'),
        stanza('exim', { Provides: 'mta (= 4), mail' }),
        stanza('postfix', { Provides: 'mta', Architecture: 'i386' }),
        stanza('py', { Architecture: 'arm64', 'Multi-Arch': 'allowed' }),
        stanza('e', { Depends: 'a' }),
        stanza('x'),
      ),
    );
    const names = named(result, 'a').dependsOn.map((id) => /\/debian\/(.*)@/.exec(id)?.[1]);
    assert.deepEqual(names, ['b', 'e', 'exim', 'py']);
  });

  it('finds owned files where they are after usrmerge and diversions', () => {
    const result = run({
      ...status(stanza('dash'), stanza('other')),
      bin: { link: 'usr/bin' },
      'usr/bin/dash': '',
      'usr/bin/sh': { link: 'dash' },
      'usr/bin/sh.distrib': '',
      'var/lib/dpkg/diversions': '/bin/sh\n/bin/sh.distrib\ndash\n',
      'var/lib/dpkg/info/dash.list': '/bin\n/bin/dash\n/bin/sh\n',
      'var/lib/dpkg/info/other.list': '/bin/sh\n/bin\n',
    });
    assert.deepEqual(named(result, 'dash').files, ['/usr/bin/dash', '/usr/bin/sh']);
    assert.deepEqual(named(result, 'other').files, ['/usr/bin/sh.distrib']);
  });

  it('reads the licences of copyright files, through links', () => {
    const result = run({
      ...status(stanza('gcc'), stanza('cpp')),
      'usr/share/doc/gcc': { link: 'cpp' },
      'usr/share/doc/cpp/copyright': 'See /usr/share/common-licenses/GPL-3, or any later version.\n',
    });
    const licenses = [{ value: 'GPL-3+', location: { path: '/usr/share/doc/cpp/copyright', layer: 0 } }];
    assert.deepEqual(named(result, 'gcc').licenses, licenses);
    assert.deepEqual(named(result, 'cpp').licenses, licenses);
  });

  it('reads distroless status.d with its md5sums', () => {
    const result = run({
      'var/lib/dpkg/status.d/base-files': stanza('base-files', { Status: '' }),
      'var/lib/dpkg/status.d/base-files.md5sums': `${'0'.repeat(32)}  etc/debian_version\nnonsense\n`,
      'etc/debian_version': '12.1\n',
    });
    assert.deepEqual(purls(result), ['pkg:deb/debian/base-files@1.0?arch=amd64&distro=debian-12']);
    assert.deepEqual(result.packages[0]?.files, ['/etc/debian_version']);
    assert.equal(result.packages[0]?.locations[0]?.path, '/var/lib/dpkg/status.d/base-files');
    assert.deepEqual(result.diagnostics, []);
  });

  it('applies the journal of an interrupted run', () => {
    const result = run({
      ...status(stanza('a'), stanza('b')),
      'var/lib/dpkg/updates/0001': stanza('a', { Version: '2.0' }),
      'var/lib/dpkg/updates/0002': stanza('b', { Status: 'purge ok not-installed', Version: '' }),
      'var/lib/dpkg/updates/tmp.i': stanza('c'),
    });
    assert.deepEqual(purls(result), ['pkg:deb/debian/a@2.0?arch=amd64&distro=debian-12']);
    assert.deepEqual(result.diagnostics, []);
  });

  for (const link of [{}, { 'var/lib/dpkg': { link: '../../usr/lib/sysimage/dpkg' } }] as const) {
    it(`reads the database where images with an empty /var keep it${'var/lib/dpkg' in link ? ', linked or' : ', or'} not`, () => {
      const folder = 'usr/lib/sysimage/dpkg';
      const result = run({
        ...link,
        [`${folder}/status`]: stanza('a'),
        [`${folder}/updates/0001`]: stanza('b'),
        [`${folder}/info/a.list`]: '/usr/bin/a\n/usr/bin/moved\n',
        [`${folder}/diversions`]: '/usr/bin/moved\n/usr/bin/moved.real\n:\n',
        'usr/bin/a': '',
        'usr/bin/moved.real': '',
      });
      const query = '@1.0?arch=amd64&distro=debian-12';
      assert.deepEqual(purls(result), [`pkg:deb/debian/a${query}`, `pkg:deb/debian/b${query}`]);
      assert.deepEqual(named(result, 'a').files, ['/usr/bin/a', '/usr/bin/moved.real']);
      assert.deepEqual(result.diagnostics, []);
    });
  }

  it('reads Status in any case, as dpkg does', () => {
    const result = run(
      status(stanza('a', { Status: 'Install OK Installed' }), stanza('b', { Status: 'install ok Unpacked' })),
    );
    assert.deepEqual(codes(result), []);
    assert.deepEqual(
      result.packages.map(({ properties }) => properties?.['deb:status']),
      [undefined, 'install ok unpacked'],
    );
  });

  it('reads files whose lines end as on Windows', () => {
    const text = `${stanza('a', { Conffiles: '\n /etc/a.conf 743ca3f83ea263f1f56ad1f63f907bdb' })}\n${stanza('b')}`;
    const result = run({
      'var/lib/dpkg/status': text.replaceAll('\n', '\r\n'),
      'var/lib/dpkg/info/a.list': '/usr/bin/a\r\n/etc/a.conf\r\n',
      'var/lib/dpkg/diversions': '/usr/bin/a\r\n/usr/bin/a.real\r\nb\r\n',
      'usr/bin/a.real': '',
      'etc/a.conf': '',
    });
    assert.deepEqual([result.packages.length, result.diagnostics], [2, []]);
    assert.deepEqual(named(result, 'a').files, ['/etc/a.conf', '/usr/bin/a.real']);
    assert.deepEqual(named(result, 'a').configFiles, ['/etc/a.conf']);
  });

  it('tells of a database behind a link to an unusual place', () => {
    const result = run({ 'var/lib/dpkg': { link: '/data/packages' }, 'data/packages/status': stanza('a') });
    assert.deepEqual([result.packages, codes(result)], [[], ['unreadable-database']]);
  });

  it('takes the operating system of a root inside the image', () => {
    const result = run({
      'opt/root/var/lib/dpkg/status': stanza('a'),
      'opt/root/etc/os-release': 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n',
      // neither a link nor dots lead out of the root
      'opt/root/var/lib/dpkg/info/a.list': '/usr/bin/a\n/../../etc/passwd\n/out/passwd\n',
      'opt/root/usr/bin/a': '',
      'opt/root/out': { link: '/etc' },
      'etc/passwd': '',
    });
    assert.deepEqual(purls(result), ['pkg:deb/ubuntu/a@1.0?arch=amd64&distro=ubuntu-22.04']);
    assert.deepEqual(result.packages[0]?.files, ['/opt/root/usr/bin/a']);
  });

  it('claims no purl where deb is not at home', () => {
    for (const release of ['ID=fedora\n', 'NAME=x\n']) {
      const result = run({ ...status(stanza('a')), 'etc/os-release': release });
      assert.deepEqual(purls(result), [undefined]);
      assert.equal(result.packages[0]?.namespace, undefined);
      assert.deepEqual(result.packages[0]?.qualifiers, { arch: 'amd64' });
    }
  });

  it('goes on after broken stanzas and says what is missing', () => {
    const result = run(
      status(
        stanza('good'),
        stanza('\u001b[31mbad'),
        stanza('dup', { Version: '1' }),
        stanza('dup', { Version: '2' }),
        stanza('nostatus', { Status: '' }),
        stanza('odd', { Status: 'install ok wonderful' }),
        stanza('noversion', { Version: '' }),
        'Version: 1\nStatus: install ok installed\n',
        'no field at all\n',
        `${stanza('twice')}Version: 9\n`,
      ),
    );
    assert.deepEqual(
      result.packages.map(({ name, version }) => `${name} ${version}`),
      ['dup 2', 'good 1.0', 'noversion undefined', 'twice 1.0'],
    );
    assert.deepEqual(codes(result), [
      'duplicate-package',
      ...Array<string>(6).fill('malformed-stanza'),
      'version-unknown',
    ]);
  });

  it('neither hangs nor throws on hostile databases', () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      stanza(`p${index}`, { Provides: 'x', Depends: 'x, x, x', Conffiles: `\n /${' '.repeat(1000)}` }),
    );
    const result = run(status(...many, `A:${' '.repeat(100_000)}\n`));
    assert.equal(result.packages.length, 3000);
    assert.ok(result.packages.every(({ dependsOn }) => dependsOn.length <= 64));
    const provides = Array.from({ length: 400 }, (_, index) => `v${index}`).join(', ');
    const tangle = Array.from({ length: 400 }, (_, index) =>
      stanza(`p${index}`, { Provides: provides, Depends: provides }),
    );
    assert.ok(codes(run(status(...tangle))).includes('database-too-large'));
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'Package: a\n',
        'Status: install ok installed\n',
        'Version: 1\n',
        '\n',
        ' x\n',
        'Depends: a|b,\n',
        'Conffiles:\n /a ',
      ),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, (database, list) => {
        run({
          'var/lib/dpkg/status': database,
          'var/lib/dpkg/info/a.list': list,
          'var/lib/dpkg/diversions': list,
          'usr/share/doc/a/copyright': list,
        });
      }),
      { numRuns: 200 },
    );
  });
});
