import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import { ByteList } from '../../src/filesystem/byte-list.ts';

const MiB = 1024 * 1024;

describe('ByteList', () => {
  it('gives back what was appended, however it came and whatever size it had', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 3000 }),
      fc.uint8Array({ maxLength: 5000 }),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ hex: Buffer.from(bytes).toString('hex') })),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 1, max: 64 }), (parts, capacity) => {
        const list = new ByteList(capacity);
        const expected: Uint8Array[] = [];
        for (const item of parts) {
          if (typeof item === 'string') list.appendText(item);
          else if (item instanceof Uint8Array) list.appendBytes(item);
          else list.appendHex(item.hex);
          expected.push(
            typeof item === 'string'
              ? Buffer.from(item)
              : item instanceof Uint8Array
                ? item
                : Buffer.from(item.hex, 'hex'),
          );
        }
        const whole = Buffer.concat(expected);
        assert.equal(list.length, whole.length);
        const finished = list.finish();
        assert.deepEqual(Buffer.from(finished), whole);
        assert.equal(finished.buffer.byteLength, whole.length, 'exactly the length, to be transferred');
      }),
    );
  });

  it('keeps files of many megabytes in order, across pieces', () => {
    const list = new ByteList();
    for (let index = 0; index < 100; index += 1) list.appendBytes(Buffer.alloc(MiB + index, index));
    const bytes = Buffer.from(list.finish());
    let at = 0;
    for (let index = 0; index < 100; index += 1) {
      assert.deepEqual([bytes[at], bytes[at + MiB + index - 1]], [index, index]);
      at += MiB + index;
    }
    assert.equal(bytes.length, at);
  });

  it('takes as many bytes as it may, and no more', () => {
    const list = new ByteList(16, 100 * 1024);
    list.appendBytes(new Uint8Array(60 * 1024));
    list.appendBytes(new Uint8Array(40 * 1024));
    assert.throws(
      () => list.appendBytes(new Uint8Array(1)),
      (error) => isAppError(error) && error.code === 'FILESYSTEM_TOO_LARGE',
    );
    assert.equal(list.finish().length, 100 * 1024);
  });
});
