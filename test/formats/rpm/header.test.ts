import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RPM_TAGS, tryParseRpmHeader, type RpmHeader } from '../../../src/formats/index.ts';
import { rpmHeader } from '../../support/rpm-database.ts';

function parse(blob: Uint8Array): RpmHeader {
  const header = tryParseRpmHeader(blob);
  assert.ok(header);
  return header;
}

/** A header with one entry, every field as given. */
function oneEntry(entry: { tag: number; type: number; offset: number; count: number }, data: Uint8Array): Buffer {
  const blob = Buffer.alloc(24);
  blob.writeUInt32BE(1, 0);
  blob.writeUInt32BE(data.length, 4);
  blob.writeUInt32BE(entry.tag, 8);
  blob.writeUInt32BE(entry.type, 12);
  blob.writeInt32BE(entry.offset, 16);
  blob.writeUInt32BE(entry.count, 20);
  return Buffer.concat([blob, data]);
}

describe('tryParseRpmHeader', () => {
  it('reads strings, lists and numbers by tag', () => {
    const header = parse(
      rpmHeader({
        name: 'a',
        epoch: [7],
        baseNames: ['x', 'y', ''],
        fileStates: [0, 1, 2],
        directoryIndexes: [0, 1, 0],
      }),
    );
    assert.equal(header.text(RPM_TAGS.name), 'a');
    assert.deepEqual(header.texts(RPM_TAGS.name), ['a']);
    assert.deepEqual(header.numbers(RPM_TAGS.epoch), [7]);
    assert.deepEqual(header.texts(RPM_TAGS.baseNames), ['x', 'y', '']);
    assert.equal(header.text(RPM_TAGS.baseNames), 'x');
    assert.deepEqual(header.numbers(RPM_TAGS.fileStates), [0, 1, 2]);
    assert.deepEqual(header.numbers(RPM_TAGS.directoryIndexes), [0, 1, 0]);
  });

  it('gives nothing for what is absent or of another type', () => {
    const header = parse(rpmHeader({ name: 'a', epoch: [7] }));
    assert.equal(header.text(RPM_TAGS.version), undefined);
    assert.equal(header.text(RPM_TAGS.epoch), undefined);
    assert.deepEqual(header.texts(RPM_TAGS.epoch), []);
    assert.deepEqual(header.numbers(RPM_TAGS.name), []);
    assert.deepEqual(header.numbers(RPM_TAGS.license), []);
  });

  it('reads 16 and 64 bits', () => {
    const data = Buffer.from('00010002', 'hex');
    assert.deepEqual(parse(oneEntry({ tag: 1, type: 3, offset: 0, count: 2 }, data)).numbers(1), [1, 2]);
    const wide = Buffer.from('0000000100000002', 'hex');
    assert.deepEqual(parse(oneEntry({ tag: 1, type: 5, offset: 0, count: 1 }, wide)).numbers(1), [2 ** 32 + 2]);
  });

  it('lets what was added later win over the signed region', () => {
    const twice = rpmHeader({ name: 'old', version: 'new' });
    twice.writeUInt32BE(RPM_TAGS.name, 8 + 16);
    assert.equal(parse(twice).text(RPM_TAGS.name), 'new');
  });

  it('keeps bytes that are no UTF-8 apart, as paths of images do', () => {
    const data = Buffer.from([0xe9, 0]);
    assert.equal(parse(oneEntry({ tag: 1000, type: 6, offset: 0, count: 1 }, data)).text(1000), '\uf7e9');
  });

  it('leaves out what the data cuts off', () => {
    const cut = (type: number, offset: number, count: number) =>
      parse(oneEntry({ tag: 1, type, offset, count }, Buffer.from('a\0b')));
    assert.deepEqual(cut(8, 0, 5).texts(1), ['a']);
    assert.equal(cut(8, 0, 5).count(1), 5);
    assert.deepEqual(cut(8, -2, 1).texts(1), []);
    assert.deepEqual(cut(8, 9, 1).texts(1), []);
    assert.deepEqual(cut(2, -1, 1).numbers(1), []);
    assert.equal(cut(6, 2, 1).text(1), undefined);
    assert.equal(cut(6, 3, 1).text(1), undefined);
    assert.equal(cut(6, -1, 1).text(1), undefined);
    assert.deepEqual(cut(4, 0, 1).numbers(1), []);
    assert.deepEqual(cut(4, 0, 0xffffffff).numbers(1), []);
    assert.deepEqual(cut(99, 0, 1).numbers(1), []);
  });

  it('cuts single strings of more than 64 KiB', () => {
    assert.equal(parse(rpmHeader({ summary: 'x'.repeat(100_000) })).text(RPM_TAGS.summary)?.length, 65_536);
  });

  it('refuses counts beyond the limits and blobs that are too short', () => {
    const whole = rpmHeader({ name: 'a', version: '1' });
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(tryParseRpmHeader(whole.subarray(0, length)), undefined);
    }
    const counts = (entries: number, data: number): Buffer => {
      const blob = Buffer.from(whole);
      blob.writeUInt32BE(entries, 0);
      blob.writeUInt32BE(data, 4);
      return blob;
    };
    for (const [entries, data] of [
      [0, 4],
      [0x10000, 4],
      [0xffffffff, 4],
      [2, 0xffffffff],
    ] as const) {
      assert.equal(tryParseRpmHeader(counts(entries, data)), undefined);
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), fc.nat(100), (bytes, entries, data) => {
        const blob = Buffer.concat([Buffer.alloc(8), bytes]);
        blob.writeUInt32BE(entries, 0);
        blob.writeUInt32BE(data, 4);
        const header = tryParseRpmHeader(blob);
        if (header === undefined) return;
        for (let at = 8; at + 16 <= blob.length; at += 16) {
          const tag = blob.readUInt32BE(at);
          assert.ok(header.texts(tag).length <= blob.length);
          assert.ok(header.numbers(tag).length <= blob.length);
          assert.ok((header.text(tag)?.length ?? 0) <= blob.length);
        }
      }),
    );
  });
});
