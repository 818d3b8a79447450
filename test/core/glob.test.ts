import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, globProblem } from '../../src/core/index.ts';

function matches(pattern: string, text: string): boolean {
  return compileGlob(pattern).matches(text);
}

/** The meaning of a pattern, written as slowly and plainly as can be. */
function meaning(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '**') {
    if (rest.length === 0) return text.length > 0;
    return Array.from({ length: text.length + 1 }, (_, skipped) => meaning(rest, text.slice(skipped))).some(Boolean);
  }
  return text[0] !== undefined && segment(first, text[0]) && meaning(rest, text.slice(1));
}

function segment(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] !== '*') return text[0] === pattern[0] && segment(pattern.slice(1), text.slice(1));
  return Array.from({ length: text.length + 1 }, (_, skipped) => segment(pattern.slice(1), text.slice(skipped))).some(
    Boolean,
  );
}

describe('compileGlob', () => {
  for (const [pattern, text, expected] of [
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/*', 'a/', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'ab/c', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/b/zz', false],
    ['**/z', 'z', true],
    ['**/z', 'a/b/z', true],
    ['**', 'a/b', true],
    ['12.*', '12.5-slim', true],
    ['12.*', '112.5', false],
    ['*-slim', '12-slim', true],
    ['a*b*c', 'aXXbYYc', true],
    ['a.b', 'axb', false],
    ['registry.example.com/**', 'registry.example.com.evil.example/x', false],
  ] as const) {
    test(`${pattern} ${expected ? 'matches' : 'does not match'} ${text}`, () => {
      assert.equal(matches(pattern, text), expected);
    });
  }

  test('agrees with a plain definition', () => {
    const part = fc
      .string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 4 })
      .filter((text) => !text.includes('**'));
    const pattern = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 5 });
    const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(pattern, text, (glob, segments) => {
        assert.equal(matches(glob.join('/'), segments.join('/')), meaning(glob, segments));
      }),
      { numRuns: 2000 },
    );
  });

  test('patterns that make backtracking matchers hang do not', () => {
    const pattern = `${'*a'.repeat(200)}b`;
    assert.equal(matches(pattern, 'a'.repeat(4000)), false);
    assert.equal(matches(`${'**/'.repeat(150)}z`, 'a/'.repeat(2000)), false);
  });

  test('texts longer than any name never match', () => {
    assert.equal(matches('**', 'a'.repeat(9000)), false);
  });

  test('globProblem refuses what is no pattern', () => {
    for (const pattern of ['', 'a**', 'a/**b', '[a-z]', 'a?', '{a,b}', 'a\\*', 'x'.repeat(600)]) {
      assert.notEqual(globProblem(pattern), undefined, pattern);
      assert.throws(() => compileGlob(pattern), RangeError);
    }
  });
});
