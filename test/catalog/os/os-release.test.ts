import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseOsRelease } from '../../../src/catalog/os/os-release.ts';

const valueOf = (line: string): string | undefined => parseOsRelease(line).values.get('A');

describe('parseOsRelease', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['A=debian', 'debian'],
    ['A="Debian GNU/Linux"', 'Debian GNU/Linux'],
    ["A='it is $HOME \\n'", 'it is $HOME \\n'],
    ['A="a \\"b\\" \\$c \\`d\\` \\\\ \\n"', 'a "b" $c `d` \\ \\n'],
    ['A=a\\ b', 'a b'],
    ['A=one two', 'one'],
    ['A="x"y\'z\'', 'xyz'],
    ['A=', ''],
    ['A=""', ''],
    ['  A=1\r', '1'],
    ['A=1\nA=2', '2'],
    ['A=a=b#c', 'a=b#c'],
  ];
  for (const [line, value] of cases) {
    it(`reads ${JSON.stringify(line)}`, () => assert.equal(valueOf(line), value));
  }

  it('leaves out comments, lines that are no assignment and quotes that stay open', () => {
    const { values, badLines } = parseOsRelease('# A=1\n\nexport A=1\nA="open\nB=2\n1A=3\nnothing\n');
    assert.deepEqual([...values], [['B', '2']]);
    assert.deepEqual(badLines, [3, 4, 6, 7]);
  });

  it('round-trips any value in double quotes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\r]/.test(text)),
        (value) => {
          assert.equal(valueOf(`A="${value.replaceAll(/["$`\\]/g, '\\$&')}"`), value);
        },
      ),
    );
  });

  it('never throws and caps what it reports', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseOsRelease(text)));
    assert.equal(parseOsRelease('x\n'.repeat(10_000)).badLines.length, 20);
  });
});
