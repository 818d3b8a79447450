import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pacmanCataloger } from '../../../src/catalog/os/pacman.ts';
import { parseAlpmDesc, parseMtree } from '../../../src/formats/index.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { codesOf, runCataloger } from '../../support/run-cataloger.ts';
import { sections } from '../fixtures/pacman.ts';

const ARCH = 'ID=arch\nBUILD_ID=rolling\n';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const LOCAL = 'var/lib/pacman/local';
const MTREE = `#mtree
/set type=file uid=0 gid=0 mode=644
./.PKGINFO time=1.0 size=3 sha256digest=${sha256('info')}
./bin time=1.0 type=dir
./bin/a\\040b time=1.0 size=1 md5digest=${'0'.repeat(32)} sha256digest=${sha256('a')}
./usr/lib/l type=link link=x
./etc/c.conf sha256digest=${sha256('c')}
./gone sha256digest=${sha256('gone')}
`;

describe('pacman', () => {
  it('reads everything a package says of itself', () => {
    const files = {
      'etc/os-release': ARCH,
      'etc/c.conf': 'changed',
      'usr/bin/a b': 'a',
      bin: { link: 'usr/bin' },
      'usr/lib/l': { link: 'x' },
      [`${LOCAL}/a-1-1/desc`]: sections({
        NAME: 'a',
        VERSION: '1-1',
        DESC: 'An a',
        URL: 'https://example.org',
        ARCH: 'x86_64',
        PACKAGER: 'P Q <p@example.org>',
        LICENSE: ['MIT', 'GPL-2.0-or-later'],
        REASON: '1',
        DEPENDS: ['libb.so=1-64', 'c>=2', 'absent'],
        OPTDEPENDS: ['d: for fun'],
      }),
      [`${LOCAL}/a-1-1/files`]: sections({
        FILES: ['bin/', 'bin/a b', 'etc/', 'etc/c.conf', 'usr/', 'usr/lib/', 'usr/lib/l', 'gone'],
        BACKUP: ['etc/c.conf\tabc'],
      }),
      [`${LOCAL}/a-1-1/mtree`]: gzipSync(MTREE),
      [`${LOCAL}/b-1-1/desc`]: sections({
        NAME: 'b',
        VERSION: '1-1',
        PROVIDES: ['libb.so=1-64'],
        PACKAGER: 'Unknown Packager',
      }),
      [`${LOCAL}/c-2-1/desc`]: sections({ NAME: 'c', VERSION: '2-1' }),
    };
    const { packages, diagnostics } = runCataloger(pacmanCataloger, files, { recordedFiles: true });
    assert.deepEqual(diagnostics, []);
    const [a, b, c] = packages;
    assert.deepEqual(a?.files, ['/etc/c.conf', '/usr/bin/a b', '/usr/lib/l']);
    assert.deepEqual(a.configFiles, ['/etc/c.conf']);
    assert.deepEqual(
      [...(a.recordedFiles ?? [])],
      [
        ['/usr/bin/a b', { algorithm: 'sha256', hex: sha256('a') }],
        ['/usr/lib/l', { algorithm: 'sha256', hex: sha256('x') }],
        ['/etc/c.conf', { algorithm: 'sha256', hex: sha256('c') }],
        ['/gone', { algorithm: 'sha256', hex: sha256('gone') }],
      ],
    );
    assert.deepEqual(a.dependsOn, [b?.id, c?.id]);
    assert.deepEqual(a.licenses, [{ value: 'GPL-2.0-or-later' }, { value: 'MIT' }]);
    assert.deepEqual(a.supplier, { name: 'P Q', email: 'p@example.org' });
    assert.deepEqual(a.properties, { 'alpm:reason': 'dependency' });
    assert.equal(b?.supplier, undefined);
    assert.equal(runCataloger(pacmanCataloger, files).packages[0]?.recordedFiles, undefined);
  });

  for (const folder of [
    'usr/lib/sysimage/lib/pacman',
    'usr/lib/pacman',
    'usr/lib/sysimage/pacman',
    'usr/lib/holo/pacmandb',
  ]) {
    it(`reads the database in ${folder}, where images with an empty /var keep it`, () => {
      const files = {
        'etc/os-release': ARCH,
        'usr/bin/a': '',
        [`${folder}/local/a-1-1/desc`]: sections({ NAME: 'a', VERSION: '1-1' }),
        [`${folder}/local/a-1-1/files`]: sections({ FILES: ['usr/', 'usr/bin/', 'usr/bin/a'] }),
      };
      const { packages, diagnostics } = runCataloger(pacmanCataloger, files);
      assert.deepEqual([packages.map(packagePurl), diagnostics], [['pkg:alpm/arch/a@1-1?distro=arch-rolling'], []]);
      assert.deepEqual(packages[0]?.files, ['/usr/bin/a']);
    });
  }

  it('tells of a database behind a link to an unusual place', () => {
    const files = {
      'var/lib/pacman': { link: '/data/packages' },
      'data/packages/local/a-1-1/desc': sections({ NAME: 'a', VERSION: '1-1' }),
    };
    const found = runCataloger(pacmanCataloger, files);
    assert.deepEqual([found.packages, codesOf(found)], [[], ['unreadable-database']]);
  });

  it('counts for a damaged manifest what its bytes can have unpacked to, no more', () => {
    const damaged = parseMtree(Uint8Array.of(0x1f, 0x8b, 8, 0));
    assert.deepEqual([damaged.entries, damaged.sizeBytes], [[], 4 * 1032]);
    const bomb = parseMtree(gzipSync(Buffer.alloc(1024 * 1024)), 1000);
    assert.equal(bomb.sizeBytes, 1000);
  });

  it('tells of a manifest that cannot be read and keeps the package', () => {
    const run = runCataloger(
      pacmanCataloger,
      {
        [`${LOCAL}/a-1-1/desc`]: sections({ NAME: 'a', VERSION: '1-1' }),
        [`${LOCAL}/a-1-1/mtree`]: Uint8Array.of(0x1f, 0x8b, 8, 0),
      },
      { recordedFiles: true },
    );
    assert.deepEqual(codesOf(run), ['malformed-record']);
    assert.equal(run.packages.length, 1);
  });
});

describe('pacman manifests made to take long', () => {
  it('unpacks so much of one and of all, tells of each that it did not read, and keeps the packages', () => {
    const manifest = gzipSync(Buffer.alloc(30 * 1024 * 1024, `#${'x'.repeat(200)}\n`));
    const files: Record<string, string | Uint8Array> = {
      [`${LOCAL}/n-1-1/mtree`]: gzipSync(Buffer.alloc(40 * 1024 * 1024)),
      [`${LOCAL}/n-1-1/desc`]: sections({ NAME: 'n', VERSION: '1-1' }),
    };
    for (const name of 'abcdefghijkl') {
      files[`${LOCAL}/${name}-1-1/desc`] = sections({ NAME: name, VERSION: '1-1' });
      files[`${LOCAL}/${name}-1-1/mtree`] = manifest;
    }
    const run = runCataloger(pacmanCataloger, files, { recordedFiles: true });
    assert.equal(run.packages.length, 13);
    // eight times 30 MiB leave less than one needs, the ninth uses that up
    assert.deepEqual(
      run.diagnostics.map(({ path = '' }) => path.split('/').at(-2)?.slice(0, 1)),
      ['i', 'j', 'k', 'l', 'n'],
    );
  });
});

describe('parseAlpmDesc', () => {
  it('needs no empty line after what has one line, and reads what begins with a byte order mark', () => {
    const text = '\ufeff%NAME%\nb\n%VERSION%\n1-1\n%DEPENDS%\nc\n%odd%\n\n%ARCH%\nany\nlost\n';
    assert.deepEqual(Object.fromEntries(parseAlpmDesc(Buffer.from(text))), {
      NAME: ['b'],
      VERSION: ['1-1'],
      DEPENDS: ['c', '%odd%'],
      ARCH: ['any'],
    });
  });

  it('gives back what was written, whatever the values', () => {
    const value = fc.array(fc.stringMatching(/^[^\n\r%][^\n\r]*$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^X[A-Z]{1,8}$/), value), (values) => {
        const parsed = parseAlpmDesc(Buffer.from(sections(values)));
        assert.deepEqual(
          new Map(Object.entries(values).filter(([, lines]) => lines.every((line) => line.isWellFormed()))),
          new Map([...parsed].filter(([, lines]) => lines.every((line) => line.isWellFormed()))),
        );
      }),
    );
  });

  it('never throws', () => fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseAlpmDesc(bytes))));
});

describe('parseMtree', () => {
  it('never throws, compressed or not, cut or not', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('/set type=dir', '/unset type', './a\\777 md5=', '..', './b type=file'),
    );
    fc.assert(
      fc.property(fc.array(line), fc.nat(200), (lines, cut) => {
        const bytes = Buffer.from(lines.join('\n'));
        parseMtree(bytes);
        parseMtree(gzipSync(bytes).subarray(0, cut));
      }),
    );
  });

  it('refuses what expands beyond all bounds', () => {
    assert.match(parseMtree(gzipSync(Buffer.alloc(130 * 1024 * 1024))).problem ?? '', /gzip/);
  });

  it('honours settings until they are unset', () => {
    const { entries } = parseMtree(Buffer.from('/set type=dir\n./a\n./b type=file\n/unset type\n./c\n'));
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['dir', 'file', 'file'],
    );
  });
});
