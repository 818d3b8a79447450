import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { squash } from '../../../src/filesystem/index.ts';
import { sectionTable, unneededSpans } from '../../../src/image/layers/go-marker.ts';
import { HEAD_BYTES, WHOLE_BYTES } from '../../../src/image/layers/large-executable.ts';
import { goBinary } from '../../support/go-binary.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';

/** An ELF file (64 bits, little endian) whose section headers lie at `sectionOffset`. */
function elf(sizeBytes: number, sectionOffset: number, sections: readonly (readonly number[])[] = []): Buffer {
  const file = Buffer.alloc(sizeBytes);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeBigUInt64LE(BigInt(sectionOffset), 0x28);
  file.writeUInt16LE(64, 0x3a);
  file.writeUInt16LE(sections.length, 0x3c);
  sections.forEach(([type = 0, flags = 0, start = 0, length = 0], index) => {
    const at = sectionOffset + 64 * index;
    file.writeUInt32LE(type, at + 4);
    file.writeUInt32LE(flags, at + 8);
    file.writeBigUInt64LE(BigInt(start), at + 0x18);
    file.writeBigUInt64LE(BigInt(length), at + 0x20);
  });
  return file;
}

describe('unneededSpans', () => {
  it('leaves out code and debugging data, and nothing when headers lie', () => {
    const sections = [[], [1, 6, 4096, 1000], [1, 2, 6000, 50], [1, 0, 7000, 100], [2, 0, 8000, 10]];
    const spans = [
      { start: 4096, end: 5096 },
      { start: 7000, end: 7100 },
    ];
    assert.deepEqual(unneededSpans(elf(HEAD_BYTES, 400, sections)), spans);
    const lying = elf(HEAD_BYTES, 400, sections);
    lying.writeUInt16LE(60_000, 0x3c);
    assert.deepEqual(unneededSpans(lying), []);
    assert.deepEqual(unneededSpans(elf(HEAD_BYTES, 1e9)), []);
    assert.deepEqual(unneededSpans(Buffer.alloc(10)), []);
    const overlapping = [
      [1, 6, 100, 100],
      [1, 6, 150, 100],
    ];
    assert.deepEqual(unneededSpans(elf(HEAD_BYTES, 400, overlapping)), [{ start: 100, end: 200 }]);
  });
});

describe('executables in layers', () => {
  const plan = planOf({ id: 'go', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 1e8 });

  it('that are no Go programs leave nothing behind, however large', async () => {
    const view = squash(
      await stackOf([{ small: elf(100, 1e9), large: elf(3_000_000, 1e9), text: 'x'.repeat(2e6) }], plan),
    );
    assert.deepEqual(view.captured('go'), []);
  });

  it('whose marker shows late are read a second time', async () => {
    const early = goBinary({ goVersion: 'go1.26.8', modInfo: 'path\tx\n' });
    const table = early.subarray(Number(early.readBigUInt64LE(0x28)));
    const program = Buffer.concat([early, Buffer.alloc(WHOLE_BYTES), table]);
    program.writeBigUInt64LE(BigInt(program.length - table.length), 0x28);
    assert.ok((sectionTable(program)?.start ?? 0) > WHOLE_BYTES);
    const view = squash(await stackOf([{ 'bin/late': program, 'bin/same': 'hard:bin/late' }], plan));
    const found = view
      .captured('go')
      .map(
        ({ entry, bytes }) => [entry.path, JSON.parse(Buffer.from(bytes).toString()) as { goVersion: string }] as const,
      );
    assert.deepEqual(
      found.map(([path, info]) => [path, info.goVersion]),
      [
        ['bin/late', 'go1.26.8'],
        ['bin/same', 'go1.26.8'],
      ],
    );
    assert.equal(view.read('bin/late'), undefined);
  });
});
