import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { squash, type CaptureRule } from '../../../src/filesystem/index.ts';
import { SPARSE_ARCHIVE_BYTES } from '../../../src/image/layers/sparse-archive.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';
import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';

const rule: CaptureRule = { id: 'zips', unnamedZips: true, extract: { kind: 'java-archive' }, maxBytes: 1e8 };
const programs: CaptureRule = { id: 'go', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 1e8 };

const record = { 'META-INF/maven/g/a/pom.properties': 'groupId=g\nartifactId=a\nversion=1.5\n' };
const filler = (sizeBytes: number): Record<string, ZipInput> => ({
  'native/lib.so': { content: randomFillSync(Buffer.alloc(sizeBytes)), stored: true },
});
const launcher = `#!/bin/sh\n${'# waits\n'.repeat(100)}exec java -jar "$0" "$@"\n`;

async function found(tree: Readonly<Record<string, Buffer | string>>, also: readonly CaptureRule[]): Promise<string[]> {
  const stack = await stackOf([tree], planOf(rule, ...also));
  assert.deepEqual(stack.diagnostics, []);
  return squash(stack)
    .captured('zips')
    .map(({ entry, bytes }) => {
      const [first] = (JSON.parse(Buffer.from(bytes).toString()) as { archives: { coordinates: unknown[] }[] })
        .archives;
      return `${entry.path} ${first?.coordinates.length}`;
    });
}

describe('archives whose names do not tell', () => {
  const small = zipArchive({ ...record, ...filler(600) });
  const started = zipArchive({ ...record, ...filler(20_000) }, { prefix: launcher });
  const middle = zipArchive({ ...record, ...filler(9_000_000) });
  const large = zipArchive({ ...record, ...filler(SPARSE_ARCHIVE_BYTES) }, { prefix: launcher });

  for (const [how, also] of [
    ['beside rules for programs', [programs]],
    ['alone', []],
  ] as const) {
    it(`are looked into, ${how}`, async () => {
      const tree = {
        'app/run': small,
        'bin/ktlint-1.5.0': started,
        'bin/same': 'hard:bin/ktlint-1.5.0',
        'opt/large': large,
        'opt/middle': middle,
        'opt/middle.data': small,
        'opt/plain': zipArchive(filler(2000)),
        'opt/script': launcher.repeat(30),
        'opt/long': launcher.repeat(8000),
        'opt/text': `P${'k'.repeat(2000)}`,
        'opt/cut': started.subarray(0, started.length - 300),
        'opt/words': `PK\u0003\u0004 ${'x'.repeat(5_000_000)}`,
      };
      assert.deepEqual(await found(tree, also), [
        'app/run 1',
        'bin/ktlint-1.5.0 1',
        'bin/same 1',
        'opt/large 1',
        'opt/middle 1',
      ]);
    });
  }

  it('are looked into beside rules that match their path', async () => {
    const named: CaptureRule = { id: 'named', names: ['run', 'large'], maxBytes: 1e8 };
    const view = squash(await stackOf([{ 'app/run': small, 'opt/large': large }], planOf(rule, named)));
    assert.equal(view.captured('zips').length, 2);
    assert.deepEqual(
      view.captured('named').map(({ bytes }) => bytes.length),
      [small.length, large.length],
    );
  });
});
