import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, globProblem } from '../../src/core/index.ts';
import { globsOverlap } from '../../src/policy/file/globs-overlap.ts';

/** Every text of up to seven characters over a small alphabet: what two patterns of four have in common is no longer. */
function* shortTexts(): Iterable<string> {
  let texts = [''];
  for (let length = 0; length <= 7; length += 1) {
    yield* texts;
    texts = texts.flatMap((text) => ['a', 'b', '/'].map((char) => text + char));
  }
}

const TEXTS = [...shortTexts()].filter((text) => text !== '' && !/^\/|\/$|\/\//.test(text));

describe('globsOverlap', () => {
  for (const [a, b, expected] of [
    ['r.io/shop/**', 'r.io/shop/web', true],
    ['r.io/shop/**', 'r.io/shop', false],
    ['r.io/shop/*', 'r.io/shop/a/b', false],
    ['r.io/*/web', 'r.io/shop/**', true],
    ['**/web', 'r.io/**', true],
    ['r.io/a*', 'r.io/*b', true],
    ['r.io/a', 's.io/**', false],
    ['**', 'r.io/a', true],
    ['*baa', 'aaa*', true],
  ] as const) {
    test(`${a} and ${b}: ${expected}`, () => {
      assert.equal(globsOverlap(a, b), expected);
      assert.equal(globsOverlap(b, a), expected);
    });
  }

  test('says what trying every short text says', () => {
    const pattern = fc
      .string({ unit: fc.constantFrom('a', 'b', '*', '/', '**'), minLength: 1, maxLength: 4 })
      .filter((text) => globProblem(text) === undefined && !/^\/|\/$|\/\//.test(text));
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const [one, other] = [compileGlob(a), compileGlob(b)];
        const common = TEXTS.some((text) => one.matches(text) && other.matches(text));
        assert.equal(globsOverlap(a, b), common, `${a} and ${b}`);
      }),
      { numRuns: 2000 },
    );
  });

  test('long patterns of wildcards take no time', () => {
    const long = Array.from({ length: 250 }, () => '*').join('a');
    assert.equal(globsOverlap(`${long}b`, `${long}c`), false);
    assert.equal(globsOverlap(Array.from({ length: 100 }, () => '**/a').join('/'), 'b/**/b'), false);
  });
});
