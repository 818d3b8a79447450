import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError, parseBoundedJson, parseStrictJson } from '../../src/core/index.ts';

describe('parseBoundedJson', () => {
  it('reads what JSON.parse reads, large or small', () => {
    const text = JSON.stringify({ a: ['{},'.repeat(2_000_000), '\\"[', { b: null }] });
    assert.deepEqual(parseBoundedJson(text), JSON.parse(text));
    assert.deepEqual(parseBoundedJson('{"__proto__":1}'), JSON.parse('{"__proto__":1}'));
  });

  it('refuses documents of nothing but small values, and what is no JSON, with a SyntaxError', () => {
    for (const unit of ['{},', '[],', '1,', '"",', '{"a":[]},']) {
      const text = `[${unit.repeat(5_000_000)}0]`;
      assert.throws(() => parseBoundedJson(text), SyntaxError, unit);
    }
    assert.throws(() => parseBoundedJson('['.repeat(3_000_000)), SyntaxError);
    assert.throws(() => parseBoundedJson('{'), SyntaxError);
  });
});

describe('parseStrictJson', () => {
  it('refuses documents of too many values before it parses them', () => {
    const bytes = Buffer.from(`[${'{},'.repeat(2_000_000)}0]`);
    assert.throws(
      () => parseStrictJson(bytes, 'it', { maxBytes: bytes.length }),
      (error) => isAppError(error) && error.code === 'LIMIT_EXCEEDED',
    );
  });
});
