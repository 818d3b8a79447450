import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { CHISEL_FIELDS, chiselManifest } from '../../../src/catalog/os/chisel-manifest.ts';
import { chiselCataloger } from '../../../src/catalog/os/chisel.ts';
import { parseJsonWall } from '../../../src/formats/index.ts';
import { codesOf, runCataloger } from '../../support/run-cataloger.ts';
import { wall } from '../fixtures/chisel.ts';

const UBUNTU = 'ID=ubuntu\nVERSION_ID="24.04"\n';
const WANTED = { fields: CHISEL_FIELDS };
const A = 'aa'.repeat(32);
const B = 'bb'.repeat(32);

describe('chisel', () => {
  it('gives each package its slices, paths and the digests of what is, or should be, on disk', () => {
    const files = {
      'etc/os-release': UBUNTU,
      'usr/lib/libc.so': 'x',
      'usr/share/doc/link': { link: '../x' },
      lib: { link: 'usr/lib' },
      'etc/ssl/certs/ca.crt': 'mutated',
      'usr/share/doc/libc6/copyright': 'see /usr/share/common-licenses/LGPL-2.1\n',
      'usr/share/doc/ca': { link: 'libc6' },
      'var/lib/chisel/manifest.wall': zstdCompressSync(
        wall([
          { kind: 'package', name: 'libc6', version: '2.39', sha256: A, arch: 'amd64' },
          { kind: 'package', name: 'ca', version: '1', sha256: B, arch: 'all' },
          { kind: 'slice', name: 'libc6_libs' },
          { kind: 'slice', name: 'libc6_config' },
          { kind: 'path', path: '/lib/', mode: '0755', slices: ['libc6_libs'] },
          { kind: 'path', path: '/lib/libc.so', mode: '0644', slices: ['libc6_libs', 'ca_data'], sha256: A, size: 1 },
          { kind: 'path', path: '/etc/ssl/certs/ca.crt', slices: ['ca_data'], sha256: A, final_sha256: B },
          { kind: 'path', path: '/usr/share/doc/link', slices: ['ca_data'], link: '../x' },
          { kind: 'path', path: '/removed', slices: ['ca_data'], sha256: A },
        ]),
      ),
    };
    const { packages, diagnostics } = runCataloger(chiselCataloger, files, { recordedFiles: true });
    assert.deepEqual(diagnostics, []);
    const [ca, libc] = packages;
    assert.deepEqual(libc?.files, ['/usr/lib/libc.so']);
    assert.deepEqual(ca?.files, ['/etc/ssl/certs/ca.crt', '/usr/lib/libc.so', '/usr/share/doc/link']);
    assert.deepEqual(
      [...(ca?.recordedFiles ?? [])],
      [
        ['/usr/lib/libc.so', { algorithm: 'sha256', hex: A }],
        ['/etc/ssl/certs/ca.crt', { algorithm: 'sha256', hex: B }],
        // of a link its target
        ['/usr/share/doc/link', { algorithm: 'sha256', hex: createHash('sha256').update('../x').digest('hex') }],
        ['/removed', { algorithm: 'sha256', hex: A }],
      ],
    );
    const licenses = [{ value: 'LGPL-2.1', location: { path: '/usr/share/doc/libc6/copyright', layer: 0 } }];
    assert.deepEqual([libc?.licenses, ca?.licenses], [licenses, licenses]);
    assert.deepEqual(libc?.properties, { 'deb:slices': 'config libs' });
    assert.deepEqual(libc?.distributionHashes, [{ algorithm: 'SHA-256', hex: A }]);
    assert.equal(runCataloger(chiselCataloger, files).packages[0]?.recordedFiles, undefined);
  });

  it('claims no purl where deb is not at home', () => {
    const manifest = wall([{ kind: 'package', name: 'a', version: '1', arch: 'amd64' }]);
    const { packages } = runCataloger(chiselCataloger, {
      'etc/os-release': 'ID=alpine\nVERSION_ID=3.20\n',
      'var/lib/chisel/manifest.wall': manifest,
    });
    assert.equal(packages[0]?.purlKnown, false);
  });

  it('refuses a manifest that expands beyond all bounds', () => {
    const bomb = zstdCompressSync(Buffer.alloc(300 * 1024 * 1024));
    const run = runCataloger(chiselCataloger, { 'var/lib/chisel/manifest.wall': bomb });
    assert.deepEqual(codesOf(run), ['malformed-manifest']);
  });

  it('unpacks so much of all manifests of an image, and still reads the plain one that comes first', () => {
    const bomb = zstdCompressSync(
      Buffer.concat([Buffer.from(wall([])), Buffer.alloc(200 * 1024 * 1024, '{"kind":"x"}\n')]),
    );
    const run = runCataloger(chiselCataloger, {
      'a/var/lib/chisel/manifest.wall': wall([{ kind: 'package', name: 'a', version: '1', arch: 'amd64' }]),
      'b/var/lib/chisel/manifest.wall': bomb,
      'c/var/lib/chisel/manifest.wall': bomb,
      'd/var/lib/chisel/manifest.wall': wall([{ kind: 'package', name: 'd', version: '1', arch: 'amd64' }]),
    });
    assert.deepEqual(
      run.packages.map(({ name }) => name),
      ['a'],
    );
    const unread = run.diagnostics.filter(({ message }) => message.includes('packages are missing'));
    assert.deepEqual(
      unread.map(({ path }) => path?.slice(0, 2)),
      ['/c', '/d'],
    );
  });

  it('is linear in a hundred thousand paths of many slices', () => {
    const slices = Array.from({ length: 20 }, (_, index) => `p${index}_s`);
    const manifest = wall([
      ...slices.map((slice) => ({ kind: 'package', name: slice.slice(0, -2), version: '1', arch: 'amd64' })),
      ...Array.from({ length: 100_000 }, (_, index) => ({ kind: 'path', path: `/f${index}`, slices })),
    ]);
    assert.equal(runCataloger(chiselCataloger, { 'var/lib/chisel/manifest.wall': manifest }).packages.length, 20);
  });
});

describe('parseJsonWall', () => {
  it('never throws', () => {
    const lines = fc.array(fc.oneof(fc.json(), fc.string(), fc.constant('{"kind":"path","path":"/a","slices":[{}]}')));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          lines.map((all) => Buffer.from(`{"jsonwall":"1.0"}\n${all.join('\n')}`)),
        ),
        (bytes) => {
          const parsed = parseJsonWall(bytes, WANTED);
          if ('records' in parsed) chiselManifest(parsed.records);
        },
      ),
    );
  });

  it('survives a damaged zstd stream, deep nesting, and keys that are names of the prototype', () => {
    const good = zstdCompressSync(wall([{ kind: 'package' }]));
    for (let cut = 0; cut < good.length; cut += 1)
      assert.ok('unreadable' in parseJsonWall(good.subarray(0, cut), WANTED) || cut < 4);
    const deep = `{"jsonwall":"1.0"}\n${'{"a":'.repeat(100_000)}\n{"__proto__":{"kind":"package"}}\n`;
    const parsed = parseJsonWall(Buffer.from(deep), WANTED);
    assert.ok('records' in parsed);
    assert.equal(parsed.problems.length, 1);
    assert.equal(({} as Record<string, unknown>)['kind'], undefined);
  });

  it('keeps nothing but the texts that were asked for', () => {
    const line = { kind: 'path', slices: ['a_b', {}, 1], path: { a: 1 }, junk: [{}], constructor: 'x' };
    const parsed = parseJsonWall(Buffer.from(wall([line])), {
      fields: ['kind', 'slices', 'path', 'toString', '__proto__'],
    });
    assert.deepEqual('records' in parsed && parsed.records, [{ kind: 'path', slices: ['a_b'] }]);
  });

  it('ends where there are more texts in lists than any real wall has', () => {
    const line = `{"slices":[${'"",'.repeat(20_000)}""]}\n`;
    const parsed = parseJsonWall(Buffer.from(`{"jsonwall":"1.0"}\n${line.repeat(300)}`), WANTED);
    assert.ok('records' in parsed && parsed.incomplete);
    assert.equal(parsed.records.length, 200);
  });

  it('tells of fewer lines than the header counts', () => {
    const parsed = parseJsonWall(Buffer.from(wall([{ kind: 'package' }], 5)), WANTED);
    assert.ok('records' in parsed && parsed.incomplete);
  });
});
