import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCsv, parseMailHeaders } from '../../src/formats/index.ts';

describe('parseCsv', () => {
  it('splits plain rows, any line end, and passes over empty lines', () => {
    assert.deepEqual(parseCsv('a,b,c\r\nd,,\n\n'), [
      ['a', 'b', 'c'],
      ['d', '', ''],
    ]);
  });

  it('reads quoted fields with commas, quotes and line ends', () => {
    assert.deepEqual(parseCsv('"a,b",c\n"say ""hi""\nthere",d\n'), [
      ['a,b', 'c'],
      ['say "hi"\nthere', 'd'],
    ]);
  });

  it('takes the rest of the text for a quote that is never closed', () => {
    assert.deepEqual(parseCsv('"a,b\nc'), [['a,b\nc']]);
  });

  it('reads back what was written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ') });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (rows) => {
        const text = rows.map((row) => row.map((item) => `"${item.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        assert.deepEqual(parseCsv(text), rows);
      }),
    );
  });

  it('ends for any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCsv(text)));
  });
});

describe('parseMailHeaders', () => {
  const parse = (text: string): ReadonlyMap<string, readonly string[]> => parseMailHeaders(Buffer.from(text));

  it('reads fields up to the first empty line, repeated ones in order', () => {
    const headers = parse('Name: a\nClassifier: x\nclassifier: y\n\nName: body\n');
    assert.deepEqual(headers.get('name'), ['a']);
    assert.deepEqual(headers.get('classifier'), ['x', 'y']);
  });

  it('joins continuation lines and passes over lines that are no fields', () => {
    const headers = parse('junk\nLicense: first\r\n        second\r\n\tthird\n: nothing\n lost\nName: b\n');
    assert.deepEqual(headers.get('license'), ['first\nsecond\nthird']);
    assert.deepEqual(headers.get('name'), ['b']);
  });

  it('never throws, and keeps nothing but text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const values of parseMailHeaders(bytes).values())
          assert.ok(values.every((value) => typeof value === 'string'));
      }),
    );
  });
});
