import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EdgeBudget } from '../../../src/catalog/os/edge-budget.ts';
import { portageAtoms, splitVersion } from '../../../src/catalog/os/portage-dependencies.ts';
import { portageCataloger } from '../../../src/catalog/os/portage.ts';
import { parsePortageContents } from '../../../src/formats/index.ts';
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
    assert.deepEqual(a.licenses, [{ value: '|| ( GPL-2 MIT ) BSD' }]);
    assert.deepEqual(a.properties, { 'ebuild:slot': '0/1.2', 'ebuild:repository': 'gentoo' });
    assert.equal(a.description, 'An a');
    assert.equal(a.homepage, 'https://example.org');
    assert.deepEqual(
      a.dependsOn,
      packages.filter(({ name }) => name === 'b' || name === 'c').map(({ id }) => id),
    );
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
