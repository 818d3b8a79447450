import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { opkgCataloger } from '../../../src/catalog/os/opkg.ts';
import { codesOf, runCataloger } from '../../support/run-cataloger.ts';

const DB = 'usr/lib/opkg';

describe('opkg', () => {
  it('reads everything a package says of itself', () => {
    const files = {
      'usr/bin/a': '',
      'usr/bin/b': '',
      bin: { link: 'usr/bin' },
      'etc/a.conf': '',
      [`${DB}/status`]: `Package: a
Version: 1
Depends: b (>= 2), virtual-c | d
Status: install user installed
Architecture: all
Conffiles:
 /etc/a.conf 0123456789abcdef0123456789abcdef

Package: c
Version: 1
Provides: virtual-c
Status: install ok unpacked

Package: b
Version: 3
Status: install ok installed
`,
      [`${DB}/info/a.control`]: `Package: a
Version: 0
Maintainer: M <m@example.org>
License: MIT
URL: https://example.org
Description: An a
 and more
`,
      [`${DB}/info/a.list`]: '/bin/a\t0100755\n/etc/a.conf\n/gone\n',
      [`${DB}/info/other.control`]: 'Package: other\nVersion: 1\n',
    };
    const { packages, diagnostics } = runCataloger(opkgCataloger, files);
    assert.deepEqual(diagnostics, []);
    const [a, b, c] = packages;
    assert.equal(a?.version, '1');
    assert.deepEqual(a.files, ['/etc/a.conf', '/usr/bin/a']);
    assert.deepEqual(a.configFiles, ['/etc/a.conf']);
    assert.deepEqual(a.licenses, [{ value: 'MIT' }]);
    assert.deepEqual(a.supplier, { name: 'M', email: 'm@example.org' });
    assert.equal(a.description, 'An a');
    assert.equal(a.homepage, 'https://example.org');
    assert.deepEqual(a.dependsOn, [b?.id, c?.id]);
    assert.deepEqual(c?.properties, { 'opkg:status': 'install ok unpacked' });
    assert.equal(packages.length, 3);
  });

  it('names the layer that wrote the list as the one that brought the package', () => {
    const [a, b] = runCataloger(opkgCataloger, {
      [`${DB}/status`]: {
        content:
          'Package: a\nVersion: 1\nStatus: install ok installed\n\nPackage: b\nVersion: 1\nStatus: install ok installed\n',
        layer: 2,
      },
      [`${DB}/info/a.list`]: { content: '', layer: 1 },
      [`${DB}/info/b.list`]: { content: '', layer: 2 },
    }).packages;
    assert.deepEqual([a?.introducedLayer, b?.introducedLayer], [1, undefined]);
  });

  it('finds files by the paths of the image where a database below a folder lists them so, as Entware’s', () => {
    const [a] = runCataloger(opkgCataloger, {
      'opt/lib/opkg/status':
        'Package: a\nVersion: 1\nStatus: install user installed\nConffiles:\n /opt/etc/a.conf 0123456789abcdef0123456789abcdef\n',
      'opt/lib/opkg/info/a.list': '/opt/bin/a\n/opt/etc/a.conf\n/sbin/inner\n/sbin/outer\n',
      'opt/bin/a': '',
      'opt/etc/a.conf': '',
      'opt/sbin/inner': '',
      'sbin/outer': '',
    }).packages;
    assert.deepEqual(a?.files, ['/opt/bin/a', '/opt/etc/a.conf', '/opt/sbin/inner']);
    assert.deepEqual(a.configFiles, ['/opt/etc/a.conf']);
  });

  it('tells of a database behind a link to an unusual place', () => {
    const found = runCataloger(opkgCataloger, { [DB]: { link: '/data' }, 'data/status': 'Package: a\n' });
    assert.deepEqual([found.packages, codesOf(found)], [[], ['unreadable-database']]);
  });

  it('owns the links of alternatives that lead to its own choice', () => {
    const alternatives = '300:/sbin/ip:/usr/libexec/ip-full, 200:/sbin/tc:/usr/libexec/tc-full, -1:/sbin/no, x:/a:/b';
    const files = {
      'usr/libexec/ip-full': '',
      'usr/libexec/tc-full': '',
      'usr/libexec/tc-tiny': '',
      'sbin/ip': { link: '../usr/libexec/ip-full' },
      'sbin/tc': { link: '/usr/libexec/tc-tiny' },
      [`${DB}/status`]: `Package: ip-full\nVersion: 6\nAlternatives: ${alternatives}\nStatus: install user installed\n`,
      [`${DB}/info/ip-full.list`]: '/usr/libexec/ip-full\n',
    };
    const [pkg] = runCataloger(opkgCataloger, files).packages;
    assert.deepEqual(pkg?.files, ['/sbin/ip', '/usr/libexec/ip-full']);
  });

  for (const [text, values] of [
    ['GPL-2.0-only & MIT', ['GPL-2.0-only AND MIT']],
    ['(GPL-2.0-only | MIT) & Zlib', ['(GPL-2.0-only OR MIT) AND Zlib']],
    ['GPL-2.0-only & bzip2-1.0.4', ['GPL-2.0-only & bzip2-1.0.4']],
    ['LGPL-2.1-or-later GPL-2.0', ['GPL-2.0', 'LGPL-2.1-or-later']],
    ['CLOSED', ['CLOSED']],
    [' ', []],
  ] as const) {
    it(`reads the licence ${JSON.stringify(text)}`, () => {
      const status = `Package: a\nVersion: 1\nLicense: ${text}\nStatus: install ok installed\n`;
      const [pkg] = runCataloger(opkgCataloger, { [`${DB}/status`]: status }).packages;
      assert.deepEqual(
        pkg?.licenses.map(({ value }) => value),
        values,
      );
    });
  }

  it('bounds what a hostile database makes it do', () => {
    const stanza = (name: string): string =>
      `Package: ${name}\nVersion: 1\nStatus: a b installed\nDepends: ${'x,'.repeat(50_000)}\n\n`;
    const status = Array.from({ length: 50 }, (_, index) => stanza(`p${index}`)).join('');
    assert.deepEqual(codesOf(runCataloger(opkgCataloger, { [`${DB}/status`]: status })), ['database-too-large']);
  });

  it('never throws', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('Package: a', 'Status: install ok installed', '', ' x', 'Conffiles:', ' / a'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.join('\n');
        runCataloger(opkgCataloger, {
          [`${DB}/status`]: text,
          [`${DB}/info/a.control`]: text,
          [`${DB}/info/a.list`]: text,
        });
      }),
    );
  });
});
