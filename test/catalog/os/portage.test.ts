import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EdgeBudget } from '../../../src/catalog/edge-budget.ts';
import { portageAtoms, splitVersion } from '../../../src/catalog/os/portage-dependencies.ts';
import { portageLicenses } from '../../../src/catalog/os/portage-license.ts';
import { portageCataloger } from '../../../src/catalog/os/portage.ts';
import { parsePortageContents } from '../../../src/formats/index.ts';
import { parseLicense } from '../../../src/packages/index.ts';
import { codesOf, runCataloger } from '../../support/run-cataloger.ts';

const MD5 = '9dd4e461268c8034f5c8564e155c67a6';

describe('portage', () => {
  it('reads everything a package says of itself', () => {
    const folder = 'var/db/pkg/sys-apps/a-1.0';
    const files = {
      'usr/bin/a b': '',
      'usr/lib/l': { link: 'x' },
      lib: { link: 'usr/lib' },
      [`${folder}/CONTENTS`]: `dir /usr\nobj /usr/bin/a b ${MD5} 1\nsym /lib/l -> x 1\nobj /gone ${MD5} 1\n`,
      [`${folder}/LICENSE`]: '|| ( GPL-2 MIT ) BSD\n',
      [`${folder}/SLOT`]: '0/1.2\n',
      [`${folder}/repository`]: 'gentoo\n',
      [`${folder}/DESCRIPTION`]: 'An a\n',
      [`${folder}/HOMEPAGE`]: 'https://example.org https://example.com\n',
      [`${folder}/RDEPEND`]:
        'ssl? ( >=dev-libs/b-2.0:0/3=[static] ) || ( =dev-libs/c-1* dev-libs/absent ) !dev-libs/d\n',
      'var/db/pkg/dev-libs/b-3/CONTENTS': '',
      'var/db/pkg/dev-libs/c-1.2/CONTENTS': '',
      'var/db/pkg/dev-libs/d-1/CONTENTS': '',
    };
    const { packages, diagnostics } = runCataloger(portageCataloger, files, { recordedFiles: true });
    assert.deepEqual(diagnostics, []);
    const a = packages.find(({ name }) => name === 'a');
    assert.deepEqual(a?.files, ['/usr/bin/a b', '/usr/lib/l']);
    assert.deepEqual([...(a.recordedFiles?.keys() ?? [])], ['/usr/bin/a b', '/usr/lib/l', '/gone']);
    assert.deepEqual(a.recordedFiles?.get('/usr/lib/l'), {
      algorithm: 'sha256',
      hex: createHash('sha256').update('x').digest('hex'),
    });
    assert.deepEqual(a.recordedFiles?.get('/gone'), { algorithm: 'md5', hex: MD5 });
    assert.deepEqual(a.licenses, [{ value: 'BSD-3-Clause' }, { value: 'GPL-2.0-only OR MIT' }]);
    assert.deepEqual(a.properties, { 'ebuild:slot': '0/1.2', 'ebuild:repository': 'gentoo' });
    assert.equal(a.description, 'An a');
    assert.equal(a.homepage, 'https://example.org');
    assert.deepEqual(
      a.dependsOn,
      packages.filter(({ name }) => name === 'b' || name === 'c').map(({ id }) => id),
    );
  });

  it('tells of a database behind a link to an unusual place', () => {
    const found = runCataloger(portageCataloger, { 'var/db/pkg': { link: '/data' }, 'data/a/b-1/CONTENTS': '' });
    assert.deepEqual([found.packages, codesOf(found)], [[], ['unreadable-database']]);
    assert.deepEqual(codesOf(runCataloger(portageCataloger, { 'var/db/pkg/virtual': { directory: true } })), []);
  });

  it('takes for configuration what portage protects by its defaults', () => {
    const contents = ['/etc/a.conf', '/etc/env.d/50a', '/usr/etc/x', '/etc/sub/link'].map(
      (path) => `obj ${path} ${MD5} 1\n`,
    );
    const files = {
      'etc/a.conf': 'changed',
      'etc/env.d/50a': '',
      'etc/sub/link': { link: '/dev/null' },
      'usr/etc/x': '',
      'var/db/pkg/sys-apps/a-1.0/CONTENTS': contents.join(''),
    };
    const [a] = runCataloger(portageCataloger, files).packages;
    assert.deepEqual(a?.configFiles, ['/etc/a.conf', '/etc/sub/link']);
  });

  it('bounds what a hostile database makes it do', () => {
    const folder = (index: number): string => `var/db/pkg/a/p${index}-1`;
    const files = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        [`${folder(index)}/CONTENTS`, ''] as const,
        [`${folder(index)}/RDEPEND`, 'a/p1 '.repeat(100_000)] as const,
      ]).flat(),
    );
    assert.deepEqual(codesOf(runCataloger(portageCataloger, files)), ['database-too-large']);
  });
});

describe('splitVersion', () => {
  it('finds where the version begins', () => {
    for (const [text, name, version] of [
      ['gtk+-2.24.33-r3', 'gtk+', '2.24.33-r3'],
      ['font-adobe-100dpi-1.0.4', 'font-adobe-100dpi', '1.0.4'],
      ['openssl-1.1.1w', 'openssl', '1.1.1w'],
      ['a-1_pre20240101_p2-r10', 'a', '1_pre20240101_p2-r10'],
    ] as const) {
      assert.deepEqual(splitVersion(text), { name, version });
    }
    assert.equal(splitVersion('none'), undefined);
  });
});

describe('portage parsers', () => {
  it('never throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(`obj ${text}\nsym ${text} 1`)),
        ),
        (bytes) => {
          parsePortageContents(bytes);
          const atoms = [...portageAtoms(Buffer.from(bytes).toString('latin1'), new EdgeBudget())];
          for (const atom of atoms) assert.match(atom, /^[^\s/]+\/[^\s/]*$/);
        },
      ),
    );
  });

  it('are linear', () => {
    splitVersion(`${'1-'.repeat(50_000)}x`);
    parsePortageContents(Buffer.from(`obj /${' a'.repeat(5000)}\n`.repeat(1000)));
  });
});

describe('portageLicenses', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    '': [],
    'GPL-2+ MIT\n  BSD GPL-2+': ['BSD-3-Clause', 'GPL-2.0-or-later', 'MIT'],
    'LGPL-2.1 LGPL-2.1+ AGPL-3 ZLIB public-domain': [
      'AGPL-3.0-only',
      'LGPL-2.1-only',
      'LGPL-2.1-or-later',
      'Zlib',
      'public-domain',
    ],
    'GPL-2-with-classpath-exception': ['GPL-2.0-only WITH Classpath-exception-2.0'],
    // of several licences that Gentoo calls so, none is chosen
    'Artistic OFL BZIP2': ['Artistic', 'BZIP2', 'OFL'],
    '|| ( GPL-2 ( MIT BSD ) || ( ISC ) )': ['(BSD-3-Clause AND MIT) OR GPL-2.0-only OR ISC'],
    '|| ( Apache-2.0 MIT ) ( BSD-2 ISC )': ['Apache-2.0 OR MIT', 'BSD-2-Clause AND ISC'],
    '|| ( GPL-2 GPL-2 )': ['GPL-2.0-only'],
    // what is not known wholly stays as it is
    '|| ( GPL-2 public-domain ) BSD': ['|| ( GPL-2 public-domain ) BSD'],
    'doc? ( GPL-2 )': ['doc? ( GPL-2 )'],
    '|| GPL-2': ['|| GPL-2'],
    '|| ( )': ['|| ( )'],
    '|| ( MIT': ['|| ( MIT'],
    'MIT )': ['MIT )'],
    '|| ( OR MIT )': ['|| ( OR MIT )'],
    '|| ( (MIT) ISC )': ['|| ( (MIT) ISC )'],
    'constructor __proto__': ['__proto__', 'constructor'],
  };
  for (const [field, values] of Object.entries(cases)) {
    it(`reads ${JSON.stringify(field)}`, () => {
      assert.deepEqual(
        portageLicenses(field)
          .map(({ value }) => parseLicense(value).value)
          .toSorted(),
        values,
      );
    });
  }

  it('cuts no name in two where there are too many, and keeps deep groups as they are', () => {
    const values = portageLicenses('GPL-2+ '.repeat(145) + 'x '.repeat(4) + 'GPL-2+').map(({ value }) => value);
    assert.deepEqual(values, ['GPL-2+', 'x']);
    const deep = `${'( '.repeat(100)}MIT${' )'.repeat(100)}`;
    assert.deepEqual(portageLicenses(deep), [{ value: deep }]);
    assert.deepEqual(portageLicenses('( '.repeat(500_000)), [{ value: '( '.repeat(512).trim() }]);
  });

  it('gives expressions that are valid, or the text, for anything', () => {
    const token = fc.constantFrom('(', ')', '||', 'MIT', 'BSD', 'GPL-2+', 'unknown', 'x?', 'AND', 'WITH');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        const text = tokens.join(' ');
        const values = portageLicenses(text).map(({ value }) => value);
        if (values.length === 1 && values[0] === text) return;
        for (const value of values) {
          if (!/^[^\s()|?]+$/.test(value)) assert.equal(parseLicense(value).kind, 'expression', value);
        }
      }),
    );
  });
});
