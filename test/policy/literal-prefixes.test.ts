import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { literalPrefixes } from '../../src/policy/file/literal-prefixes.ts';
import { compileRegexp } from '../../src/policy/file/regexp.ts';

function shown(expression: string): readonly string[] {
  return literalPrefixes(expression).map(({ text, open }) => (open ? `${text}…` : text));
}

describe('literalPrefixes', () => {
  for (const [expression, expected] of [
    [String.raw`https://github\.com/acme/.*`, ['https://github.com/acme/…']],
    [String.raw`^https://github\.com/acme/shop$`, ['https://github.com/acme/shop']],
    [String.raw`https://github\.com/(?:acme|other)/x`, ['https://github.com/acme/x', 'https://github.com/other/x']],
    ['a|b.*', ['a', 'b…']],
    ['.*', ['…']],
    ['ab?c', ['ac', 'abc']],
    ['ab+c', ['a…']],
    ['ab{2}c', ['a…']],
    ['a[.]b', ['a.b']],
    ['a[^]x]b', ['a…']],
    ['a[[:alpha:]]b', ['a…']],
    [String.raw`a\Q.*\Eb`, ['a.*b']],
    [String.raw`\d`, ['…']],
    ['(?i)abc', ['…']],
    ['(a)(b)', ['ab']],
    ['(?P<x>a)b', ['ab']],
    ['', ['']],
  ] as const) {
    test(`${expression} begins with ${expected.join(' or ')}`, () => {
      assert.deepEqual(shown(expression), expected);
    });
  }

  test('an unescaped dot is remembered', () => {
    assert.deepEqual(
      literalPrefixes('a.b').map(({ loose }) => loose),
      [true],
    );
  });

  test('every text that an expression matches begins as one of its prefixes says', async () => {
    const expression = fc.string({
      unit: fc.constantFrom('a', 'b', '|', '(', ')', '*', '?', '+', '[b]', '^'),
      maxLength: 8,
    });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(expression, text, async (source, candidate) => {
        const compiled = await compileRegexp(source);
        if ('problem' in compiled || !compiled.matches(candidate)) return;
        const ways = literalPrefixes(source);
        assert.ok(
          ways.some((way) => (way.open ? candidate.startsWith(way.text) : candidate === way.text)),
          `${source} matches ${candidate}, prefixes ${shown(source).join(' ')}`,
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('absurd expressions end in an answer', () => {
    for (const absurd of ['('.repeat(4000), '(a|b)'.repeat(500), '[', '\\', 'a{', `${'a|'.repeat(2000)}b`]) {
      assert.ok(literalPrefixes(absurd).length <= 64);
    }
  });
});
