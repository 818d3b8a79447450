import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePatterns, PatternScan, type PatternHit, type ScanPattern } from '../../src/formats/index.ts';

function scan(patterns: readonly ScanPattern[], bytes: Buffer, cuts: readonly number[] = []): readonly PatternHit[] {
  const run = new PatternScan(compilePatterns(patterns));
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const to = Math.min(bytes.length, Math.max(from, cut));
    // memory that is written again, as that of a reader
    const chunk = Buffer.from(bytes.subarray(from, to));
    run.add(chunk);
    chunk.fill(0x61);
    from = to;
  }
  return run.end();
}

/** The same by looking at the whole file. */
function expected(patterns: readonly ScanPattern[], bytes: Buffer): PatternHit[] {
  const text = bytes.toString('latin1');
  return patterns.flatMap(({ id, needle, pattern, before, after }) => {
    const hits = new Map<string, PatternHit>();
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
      const from = Math.max(0, at - before);
      const window = text.slice(from, at + Math.max(after, needle.length));
      const match = [...window.matchAll(new RegExp(pattern, 'g'))].find(
        ({ 0: found, index }) => from + index <= at && from + index + found.length >= at + needle.length,
      );
      if (!match) continue;
      const groups = Object.fromEntries(Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined));
      const key = JSON.stringify([match[0], groups]);
      if (!hits.has(key)) hits.set(key, { id, offset: from + match.index, text: match[0], groups });
    }
    return [...hits.values()];
  });
}

const version: ScanPattern = {
  id: 'version',
  needle: 'tool ',
  pattern: 'my-tool (?<version>[0-9]{1,3}\\.[0-9]{1,3})(?<rest>-[a-z]{1,5})?',
  before: 3,
  after: 20,
};

describe('PatternScan', () => {
  it('gives what matched around a needle, with its named groups', () => {
    const bytes = Buffer.from('\0\0my-tool 1.25-beta\0tool 9.9\0my-tool 1.25-beta\0my-tool 2.0\0', 'latin1');
    assert.deepEqual(scan([version], bytes), [
      { id: 'version', offset: 2, text: 'my-tool 1.25-beta', groups: { version: '1.25', rest: '-beta' } },
      { id: 'version', offset: 47, text: 'my-tool 2.0', groups: { version: '2.0' } },
    ]);
  });

  it('finds a needle at the very end, and nothing in empty files', () => {
    const pattern = { id: 'end', needle: 'xyz', pattern: 'xyz$', before: 0, after: 100 };
    assert.equal(scan([pattern], Buffer.from('aaxyz'))[0]?.offset, 2);
    assert.deepEqual(scan([pattern], Buffer.from('xy')), []);
    assert.deepEqual(scan([pattern], Buffer.alloc(0)), []);
    assert.deepEqual(scan([], Buffer.from('xyz')), []);
  });

  it('gives the same however the file is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\0'), maxLength: 200 });
    const pattern = fc.record({
      needle: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 3, maxLength: 9 }),
      before: fc.nat(12),
      after: fc.nat(12),
    });
    const cuts = fc.array(fc.nat(200), { maxLength: 30 }).map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(letters, fc.array(pattern, { minLength: 1, maxLength: 4 }), cuts, (text, given, where) => {
        const patterns = given.map((one, index): ScanPattern => ({
          ...one,
          id: String(index),
          pattern: `(?<left>[a-c]{0,5})${one.needle}(?<right>[a-c]{1,5})?`,
        }));
        const bytes = Buffer.from(text, 'latin1');
        const hits = expected(patterns, bytes);
        assert.deepEqual(scan(patterns, bytes, where), hits);
        assert.deepEqual(scan(patterns, bytes), hits);
      }),
      { numRuns: 2000 },
    );
  });

  it('bounds matches, their text and the windows it looks into', () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `id=${index};`).join('');
    const many = scan([{ id: 'm', needle: 'id=', pattern: 'id=[0-9]{1,4}', before: 0, after: 8 }], Buffer.from(lines));
    assert.equal(many.length, 64);
    const long = scan(
      [{ id: 'l', needle: 'long', pattern: 'longx{1,3000}', before: 0, after: 4096 }],
      Buffer.from(`long${'x'.repeat(9000)}`),
    );
    assert.equal(long[0]?.text.length, 256);
    const hostile = Buffer.alloc(3_000_000, 'abc');
    assert.deepEqual(scan([{ id: 'h', needle: 'abc', pattern: 'never', before: 4096, after: 4096 }], hostile), []);
  });

  it('finds a needle behind thousands of places that begin like it', () => {
    const patterns = [
      { id: 'zeros', needle: '000000000\0', pattern: '(?<version>v\\d)000000000\\0', before: 4, after: 10 },
    ];
    const bytes = Buffer.from(
      `${'0'.repeat(20_000)}v1${'0'.repeat(9)}\0${'00000000x'.repeat(2000)}v2${'0'.repeat(9)}\0`,
    );
    const found = expected(patterns, bytes);
    assert.deepEqual(
      found.map(({ groups }) => groups['version']),
      ['v1', 'v2'],
    );
    for (const cuts of [[], [4096], [20_005], [20_012], [bytes.length - 5], [100, 4200, 8300, 20_003, 20_004]]) {
      assert.deepEqual(scan(patterns, bytes, cuts), found, cuts.join());
    }
  });

  it('refuses needles that are too short', () => {
    assert.throws(() => compilePatterns([{ ...version, needle: 'ab' }]), TypeError);
  });
});
