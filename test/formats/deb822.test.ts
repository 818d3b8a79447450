import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDeb822 } from '../../src/formats/index.ts';

const fieldsOf = (text: string, wanted?: ReadonlySet<string>) =>
  parseDeb822(text, wanted).stanzas.map((stanza) => Object.fromEntries(stanza.fields));

describe('parseDeb822', () => {
  it('reads stanzas, folded names, continuation lines and line numbers', () => {
    const { stanzas, problems } = parseDeb822(
      'Package: a\nDescription: first\n second\n .\n  indented\n\n\n# comment\npackage:b\n',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      stanzas.map(({ line, fields }) => ({ line, fields: Object.fromEntries(fields) })),
      [
        { line: 1, fields: { package: 'a', description: 'first\nsecond\n.\n indented' } },
        { line: 9, fields: { package: 'b' } },
      ],
    );
  });

  it('keeps only wanted fields, continuation lines of others included', () => {
    assert.deepEqual(fieldsOf('A: 1\n x\nB: 2\n y\nC: 3\n', new Set(['b'])), [{ b: '2\ny' }]);
  });

  it('reads CRLF, tabs, a missing last newline and empty values', () => {
    assert.deepEqual(fieldsOf('A: 1\r\nB:\r\n\tx\r\n\r\nC: 3'), [{ a: '1', b: '\nx' }, { c: '3' }]);
  });

  it('takes a line of white space as part of the field, not as the end', () => {
    assert.deepEqual(fieldsOf('A: 1\n \n more\nB: 2\n'), [{ a: '1\n\nmore', b: '2' }]);
  });

  it('takes a line of white space for the end where the next stanza begins after it, as parsers may', () => {
    const { stanzas, problems } = parseDeb822('A: 1\nB: 2\n \t\nA: 3\n \nB: 4\n');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      stanzas.map(({ line, fields }) => [line, ...fields.values()]),
      [
        [1, '1', '2\n'],
        [4, '3\n', '4'],
      ],
    );
  });

  it('reads blanks before the colon, as dpkg does, and what begins with a byte order mark', () => {
    assert.deepEqual(fieldsOf('\ufeffA: 1\nB : 2\nC\t :3\n'), [{ a: '1', b: '2', c: '3' }]);
    assert.deepEqual(parseDeb822('A b: 1\n : 2\n').stanzas, []);
  });

  it('keeps the first of duplicate fields and goes on', () => {
    const { stanzas, problems } = parseDeb822('A: 1\nA: 2\n tail\nB: 3\n');
    assert.deepEqual(Object.fromEntries(stanzas[0]!.fields), { a: '1', b: '3' });
    assert.deepEqual(problems, [{ line: 2, kind: 'duplicate-field', text: 'A: 2' }]);
  });

  it('notes lines that are no fields and continuation lines that continue nothing', () => {
    const { stanzas, problems } = parseDeb822(' stray\nno colon here\n: no name\nA b: space\nA: 1\n');
    assert.deepEqual(
      problems.map(({ line, kind }) => [line, kind]),
      [
        [1, 'stray-continuation'],
        [2, 'not-a-field'],
        [3, 'not-a-field'],
        [4, 'not-a-field'],
      ],
    );
    assert.equal(stanzas.length, 1);
  });

  it('has nothing to say about empty text', () => {
    assert.deepEqual(parseDeb822(''), { stanzas: [], problems: [], truncated: false });
    assert.deepEqual(parseDeb822('\n\n\r\n'), { stanzas: [], problems: [], truncated: false });
  });

  it('caps the problems it notes and their text', () => {
    const { problems } = parseDeb822(`${'x'.repeat(500)}\n`.repeat(5000));
    assert.equal(problems.length, 100);
    assert.ok(problems.every(({ text }) => text.length <= 80));
  });

  it('stops at a number of stanzas that no system has', () => {
    const { stanzas, truncated } = parseDeb822('A:\n\n'.repeat(300_000));
    assert.equal(stanzas.length, 250_000);
    assert.equal(truncated, true);
  });

  it('round-trips stanzas', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/).map((text) => text.toLowerCase());
    const line = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
    const value = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'));
    const stanza = fc.dictionary(name, value, { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(fc.array(stanza, { maxLength: 5 }), (stanzas) => {
        const text = stanzas
          .map((fields) =>
            Object.entries(fields)
              .map(([key, text]) => `${key}: ${text.replaceAll('\n', '\n ')}\n`)
              .join(''),
          )
          .join('\n');
        assert.deepEqual(
          fieldsOf(text),
          stanzas.map((fields) => ({ ...fields })),
        );
      }),
    );
  });

  it('never throws', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('\n', '\n\n', ': ', 'A: 1\n', ' ', '\t', '#', '\r\n', '\0'));
    fc.assert(fc.property(fc.array(piece), (pieces) => void parseDeb822(pieces.join(''))));
  });
});
