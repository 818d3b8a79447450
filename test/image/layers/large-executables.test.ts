import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { squash, type CaptureRule, type Extraction, type FileView } from '../../../src/filesystem/index.ts';
import {
  complement,
  HEAD_BYTES,
  mergeSpans,
  planLarge,
  WHOLE_BYTES,
} from '../../../src/image/layers/large-executable.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';

interface Part {
  readonly name: string;
  readonly type?: number;
  readonly at: number;
  readonly content: Uint8Array;
}

/** An ELF file (64 bits, little endian) with its sections where they are wanted, the table of sections last. */
function elf(parts: readonly Part[], sizeBytes: number, extraBytes = 0): Buffer {
  const names = Buffer.from(`\0${[...parts.map(({ name }) => name), '.shstrtab'].join('\0')}\0`, 'latin1');
  const all: Part[] = [...parts, { name: '.shstrtab', type: 3, at: sizeBytes, content: names }];
  const table = sizeBytes + names.length;
  const file = Buffer.alloc(table + 64 * (all.length + 1) + extraBytes);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(62, 18);
  file.writeBigUInt64LE(BigInt(table), 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(all.length + 1, 60);
  file.writeUInt16LE(all.length, 62);
  all.forEach(({ name, type = 1, at, content }, index) => {
    const header = table + 64 * (index + 1);
    file.set(content, at);
    file.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, header);
    file.writeUInt32LE(type, header + 4);
    file.writeBigUInt64LE(BigInt(at), header + 24);
    file.writeBigUInt64LE(BigInt(content.length), header + 32);
  });
  return file;
}

function note(json: object): Buffer {
  const content = Buffer.from(`${JSON.stringify(json)}\0`);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(4, 0);
  header.writeUInt32LE(content.length, 4);
  header.writeUInt32LE(0xcafe1a7e, 8);
  header.write('FDO\0', 12, 'latin1');
  return Buffer.concat([header, content]);
}

const rule = (kind: Exclude<Extraction['kind'], 'patterns'>): CaptureRule => ({
  id: kind,
  executables: true,
  extract: { kind },
  maxBytes: 1e9,
});
const plan = planOf(rule('go-buildinfo'), rule('rust-audit'), rule('elf-package-note'), rule('dotnet-bundle'));
const crates = deflateSync(JSON.stringify({ packages: [{ name: 'x', version: '1.0.0', source: 'local' }] }));
const size = WHOLE_BYTES + 3_000_000;

function facts(view: FileView, id: string): unknown[] {
  return view
    .captured(id)
    .map(({ entry, bytes }) => [entry.path, JSON.parse(Buffer.from(bytes).toString()) as unknown]);
}

describe('large executables', () => {
  it('are read in parts: what lies near either end at once, what lies between at a second look', async () => {
    const early = { name: '.note.package', type: 7, at: 4096, content: note({ name: 'hello', type: 'deb' }) };
    const late = { name: '.dep-v0', at: size / 2, content: crates };
    const tree = { lib: elf([early], size), tool: elf([early, late], size), same: 'hard:tool', none: elf([], size) };
    const view = squash(await stackOf([tree], plan));
    const fields = { architecture: 'amd64', fields: { type: 'deb', name: 'hello' } };
    assert.deepEqual(facts(view, 'elf-package-note'), [
      ['lib', fields],
      ['same', fields],
      ['tool', fields],
    ]);
    const packages = [{ name: 'x', version: '1.0.0', source: 'local' }];
    const audit = { format: 'elf', architecture: 'amd64', packages };
    assert.deepEqual(facts(view, 'rust-audit'), [
      ['same', audit],
      ['tool', audit],
    ]);
    assert.deepEqual(
      [...view.entries()].map(({ content }) => content),
      ['elf', 'elf', 'elf', 'elf'],
    );
  });

  it('give the same as small ones of the same contents', async () => {
    const at = 5000;
    const parts = [{ name: '.dep-v0', at, content: crates }];
    const view = squash(await stackOf([{ small: elf(parts, 100_000), large: elf(parts, size) }], plan));
    const [large, small] = facts(view, 'rust-audit') as [string, unknown][];
    assert.deepEqual(large?.[1], small?.[1]);
  });

  it('of more than rules look into are judged by their table, as far as their beginning and end go', async () => {
    const limited = planOf(...plan.captures.map((of) => ({ ...of, maxBytes: WHOLE_BYTES + 1_000_000 })));
    const early = { name: '.note.package', type: 7, at: 4096, content: note({ name: 'hello', type: 'deb' }) };
    const go = { name: '.go.buildinfo', at: size / 2, content: Buffer.from('\xff Go buildinf:', 'latin1') };
    const tree = { tool: elf([early], size), go: elf([early, go], size), none: elf([], size) };
    const stack = await stackOf([tree], limited);
    const fields = { architecture: 'amd64', fields: { type: 'deb', name: 'hello' } };
    assert.deepEqual(facts(squash(stack), 'elf-package-note'), [
      ['go', fields],
      ['tool', fields],
    ]);
    assert.deepEqual(
      stack.diagnostics.map(({ code, path }) => [code, path]),
      [['file-too-large', '/go']],
    );
  });

  it('whose table is missing, lies outside or is cut off tell nothing', async () => {
    const outside = elf([], size);
    outside.writeBigUInt64LE(BigInt(size) * 1000n, 40);
    const missing = elf([], size);
    missing.writeBigUInt64LE(0n, 40);
    const windows = Buffer.alloc(size);
    windows.write('MZ', 0, 'latin1');
    const stack = await stackOf([{ outside, missing, windows }], plan);
    assert.deepEqual(stack.diagnostics, []);
    for (const { id } of plan.captures) assert.deepEqual(squash(stack).captured(id), []);
  });
});

describe('planLarge', () => {
  const kinds = new Set<Extraction['kind']>(['dotnet-bundle']);
  const limitBytes = 1e9;

  it('keeps the beginning and the end of a program', () => {
    const file = elf([], size);
    const found = planLarge(file.subarray(0, HEAD_BYTES), { sizeBytes: file.length, limitBytes, kinds });
    assert.ok(found.isPartial);
    assert.deepEqual(found.spans[0], { start: 0, end: HEAD_BYTES });
    assert.equal(found.lengthBytes, file.length);
    assert.equal(found.spans.at(-1)?.end, file.length);
  });

  it('does so beyond what rules look into, up to a gigabyte; beyond that it looks for signs', () => {
    const file = elf([], size);
    const head = Buffer.from(file.subarray(0, HEAD_BYTES));
    const found = planLarge(head, { sizeBytes: file.length, limitBytes: WHOLE_BYTES, kinds });
    assert.deepEqual([found.scansSigns, found.lengthBytes], [undefined, file.length]);
    const far = 2 ** 30 + 1;
    head.writeBigUInt64LE(BigInt(far), 40);
    const signs = planLarge(head, { sizeBytes: far + 4096, limitBytes: WHOLE_BYTES, kinds });
    assert.deepEqual([signs.scansSigns, signs.lengthBytes], [true, HEAD_BYTES]);
  });

  it('waits for the end of a host that may carry files', () => {
    const file = elf([], size, 1_000_000);
    const found = planLarge(file.subarray(0, HEAD_BYTES), { sizeBytes: file.length, limitBytes, kinds });
    assert.equal(found.payloadAt, file.length - 1_000_000);
    const without = planLarge(file.subarray(0, HEAD_BYTES), { sizeBytes: file.length, limitBytes, kinds: new Set() });
    assert.equal(without.payloadAt, undefined);
  });
});

describe('spans', () => {
  it('are joined and turned inside out', () => {
    const spans = mergeSpans([
      { start: 5, end: 9 },
      { start: 0, end: 2 },
      { start: 2, end: 3 },
      { start: 6, end: 8 },
    ]);
    assert.deepEqual(spans, [
      { start: 0, end: 3 },
      { start: 5, end: 9 },
    ]);
    assert.deepEqual(complement(spans, 12), [
      { start: 3, end: 5 },
      { start: 9, end: 12 },
    ]);
    assert.deepEqual(complement(spans, 4), [{ start: 3, end: 4 }]);
    assert.deepEqual(complement([], 4), [{ start: 0, end: 4 }]);
  });
});
