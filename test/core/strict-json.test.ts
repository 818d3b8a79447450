import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError, canonicalJson, parseStrictJson, type JsonValue } from '../../src/core/index.ts';

const parse = (text: string, limits = { maxBytes: 1000 }): JsonValue =>
  parseStrictJson(Buffer.from(text), 'doc', limits);
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

describe('parseStrictJson', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        if (text.includes('__proto__')) return;
        assert.deepEqual(parseStrictJson(Buffer.from(text), 'doc', { maxBytes: 1_000_000 }), JSON.parse(text));
      }),
    );
  });

  test('refuses duplicate keys at any depth, escaped spellings included', () => {
    assert.throws(() => parse('{"a":1,"a":2}'), code('JSON_INVALID'));
    assert.throws(() => parse('[{"b":{"a":1,"\\u0061":2}}]'), code('JSON_INVALID'));
    assert.deepEqual(parse('{"a":{"a":1},"b":{"a":2}}'), { a: { a: 1 }, b: { a: 2 } });
    assert.deepEqual(parse('{"a":["a","a",{"a":1}],"b":"a"}'), { a: ['a', 'a', { a: 1 }], b: 'a' });
  });

  test('refuses __proto__, bad UTF-8, byte-order marks, excess size and depth', () => {
    assert.throws(() => parse('{"__proto__":{}}'), code('JSON_INVALID'));
    assert.throws(
      () => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22), 'doc', { maxBytes: 10 }),
      code('JSON_INVALID'),
    );
    assert.throws(() => parse('\ufeff{}'), code('JSON_INVALID'));
    assert.throws(() => parse('[1,2,3]', { maxBytes: 3 }), code('LIMIT_EXCEEDED'));
    assert.throws(() => parse('['.repeat(65) + ']'.repeat(65)), code('LIMIT_EXCEEDED'));
  });

  test('refuses numbers beyond a double, and takes digests that look like such for what they are', () => {
    for (const text of [
      '1e999',
      '-1e999',
      ' 1.5E0999',
      '[{"a":-1E+400}]',
      '[1,2e400]',
      '{"a":1, "b": 2.5e400}',
      `[${'9'.repeat(400)}]`,
      `[${'9'.repeat(250)}e99]`,
    ])
      assert.throws(() => parse(text), code('JSON_INVALID'));
    assert.deepEqual(parse('["7e999",1e308]'), ['7e999', 1e308]);
    assert.deepEqual(parse('["x: 7e999, 8e999",1e0200]'), ['x: 7e999, 8e999', 1e200]);
  });

  test('throws nothing but AppError on any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string({ unit: fc.constantFrom(...'{}[]",:\\a1 '), maxLength: 60 }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseStrictJson(bytes, 'doc', { maxBytes: 1000 });
          } catch (error) {
            assert.ok(error instanceof AppError, String(error));
          }
        },
      ),
    );
  });
});

describe('canonicalJson', () => {
  test('sorts keys by UTF-16 code units and leaves undefined members out', () => {
    assert.equal(
      canonicalJson({ b: 1, a: [true, null, 'x'], '\u20ac': 2, '\ud83d\ude00': 3, c: undefined }),
      '{"a":[true,null,"x"],"b":1,"\u20ac":2,"\ud83d\ude00":3}',
    );
  });

  test('is stable under parsing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        assert.equal(canonicalJson(JSON.parse(text) as JsonValue), text);
      }),
    );
  });
});
