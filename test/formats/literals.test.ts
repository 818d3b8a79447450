import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  parseErlangTerms,
  parseLuaData,
  parseRubyArguments,
  tryParseOpamFile,
  tryParsePhpSerialized,
  tryParseRubyLiteral,
  type LuaTable,
} from '../../src/formats/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const LIMIT = 100_000;
/** Text that comes near to each of the languages. */
const pieces = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      '"',
      "'",
      '\\',
      ',',
      '.',
      '..',
      '=',
      ':',
      ';',
      '%',
      '--',
      '(*',
      '#',
      '<<',
      '>>',
      'a',
      'A:',
      '1',
      '\n',
      ' ',
      '--[[',
      '%q<',
      's:2:"',
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('tryParsePhpSerialized', () => {
  it('reads scalars and nested arrays', () => {
    const found = tryParsePhpSerialized(bytes('a:4:{i:0;s:3:"aé";s:1:"b";b:1;s:1:"n";N;s:1:"d";a:1:{i:7;d:1.5;}}'));
    assert.deepEqual(
      found,
      new Map<string, unknown>([
        ['0', 'aé'],
        ['b', true],
        ['n', null],
        ['d', new Map([['7', 1.5]])],
      ]),
    );
  });

  it('refuses objects, lies about length, and depth', () => {
    for (const text of ['O:1:"A":0:{}', 's:5:"abc";', 'a:2:{i:0;i:1;}', 'a:99999999:{', '', 'i:1', 'R:1;']) {
      assert.equal(tryParsePhpSerialized(bytes(text)), undefined, text);
    }
    assert.equal(tryParsePhpSerialized(bytes(`${'a:1:{i:0;'.repeat(LIMIT)}N;${'}'.repeat(LIMIT)}`)), undefined);
    fc.assert(fc.property(fc.uint8Array(), (input) => void tryParsePhpSerialized(input)));
    fc.assert(fc.property(pieces, (text) => void tryParsePhpSerialized(bytes(text))));
  });

  it('does not take a name of a prototype for more than a key', () => {
    const found = tryParsePhpSerialized(bytes('a:1:{s:9:"__proto__";s:1:"x";}'));
    assert.deepEqual(found, new Map([['__proto__', 'x']]));
  });

  it('takes no array for a key, however deep arrays lie in keys of arrays', () => {
    assert.equal(tryParsePhpSerialized(Buffer.from('a:1:{a:0:{}i:1;}')), undefined);
    assert.equal(tryParsePhpSerialized(Buffer.from('a:1:{'.repeat(100_000))), undefined);
  });
});

describe('parseErlangTerms', () => {
  it('reads atoms, strings, numbers, binaries, lists and tuples, and passes comments', () => {
    const { terms, complete } = parseErlangTerms(`% c\n{'a b', "x" "\\"y", [1, -2.5, <<"z"/utf8>>, <<>>]}.\n`);
    assert.equal(complete, true);
    assert.deepEqual(terms, [
      {
        kind: 'tuple',
        items: [
          { kind: 'atom', value: 'a b' },
          { kind: 'string', value: 'x"y' },
          {
            kind: 'list',
            items: [
              { kind: 'number', value: 1 },
              { kind: 'number', value: -2.5 },
              { kind: 'string', value: 'z' },
              { kind: 'string', value: '' },
            ],
          },
        ],
      },
    ]);
  });

  it('never throws, ends depth, and takes linear time', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (text) => void parseErlangTerms(text)));
    for (const text of ['['.repeat(LIMIT), '"'.repeat(LIMIT), '% \n'.repeat(LIMIT), "'\\".repeat(LIMIT)])
      parseErlangTerms(text);
    assert.equal(parseErlangTerms('['.repeat(LIMIT)).complete, false);
  });
});

describe('parseLuaData', () => {
  it('reads variables, tables of both kinds, long strings, joined strings and comments', () => {
    const { variables, complete } = parseLuaData(
      '#!lua\nlocal v = "1"\nversion = v .. "-" .. 2 -- c\ntext = [==[a]]b]==]\n--[[ long\n comment ]] t = { "x", a = 1; ["b c"] = { true, 0x10 }, [3] = \'y\\n\', }',
    );
    assert.equal(complete, true);
    assert.equal(variables.get('version'), '1-2');
    assert.equal(variables.get('text'), 'a]]b');
    const table = variables.get('t') as LuaTable;
    assert.deepEqual(table.items, ['x']);
    assert.equal(table.fields.get('3'), 'y\n');
    assert.deepEqual((table.fields.get('b c') as LuaTable).items, [true, 16]);
  });

  it('stops at what is more than data and keeps what came before', () => {
    const { variables, complete } = parseLuaData('a = "1"\nb = os.execute("x")\n');
    assert.deepEqual([[...variables], complete], [[['a', '1']], false]);
  });

  it('never throws, ends depth, and takes linear time', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (text) => void parseLuaData(text)));
    for (const text of [
      'a={'.repeat(LIMIT),
      '--[[ '.repeat(LIMIT),
      'a=[[ '.repeat(LIMIT),
      `a="x"\n${'a=a..a\n'.repeat(1000)}`,
    ]) {
      parseLuaData(text);
    }
  });
});

describe('tryParseOpamFile', () => {
  it('reads fields, sections, filters and comments', () => {
    const file = tryParseOpamFile(
      '(* c *) license: ["MIT" "ISC"] # c\ndepends: [ "a" {>= "1" & !with-test} ("b" | "c") ]\nx: """long "text" """\nurl {\n  src: "https://x"\n}\nurl "n" { }\n',
    );
    assert.deepEqual(file?.fields.get('license')?.[0], {
      kind: 'list',
      items: [
        { kind: 'string', value: 'MIT' },
        { kind: 'string', value: 'ISC' },
      ],
    });
    assert.equal(file.sections.get('url')?.length, 2);
    assert.deepEqual(file.sections.get('url')?.[0]?.fields.get('src'), [{ kind: 'string', value: 'https://x' }]);
    assert.deepEqual(file.fields.get('x'), [{ kind: 'string', value: 'long "text" ' }]);
  });

  it('never throws, ends depth, and takes linear time', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (text) => void tryParseOpamFile(text)));
    for (const text of [
      'a: ['.repeat(LIMIT),
      '(* '.repeat(LIMIT),
      'a {'.repeat(LIMIT),
      '"""'.repeat(LIMIT),
      ' '.repeat(LIMIT),
    ]) {
      tryParseOpamFile(text);
    }
    assert.equal(tryParseOpamFile(`a: ${'['.repeat(LIMIT)}`), undefined);
  });

  it('gives up on more words than any real file has, however deep they lie', () => {
    assert.ok(tryParseOpamFile(`a: [${'b '.repeat(90_000)}]`));
    for (const text of [`a: [${'b '.repeat(100_000)}]`, `a: ${'[('.repeat(100_000)}`]) {
      assert.equal(tryParseOpamFile(text), undefined);
    }
  });
});

describe('tryParseRubyLiteral', () => {
  it('reads strings and lists of strings', () => {
    assert.equal(tryParseRubyLiteral('"a\\u00e9\\n".freeze # c'), 'aé\n');
    assert.equal(tryParseRubyLiteral("'it\\'s'"), "it's");
    assert.deepEqual(tryParseRubyLiteral('["a".freeze, \'b\', %q<c>]'), ['a', 'b', 'c']);
    assert.deepEqual(tryParseRubyLiteral('%w[a b]'), ['a', 'b']);
    assert.deepEqual(parseRubyArguments('%q<a>.freeze, ["~> 1".freeze, "< 2"])'), ['a', ['~> 1', '< 2']]);
  });

  it('refuses what would have to be run', () => {
    for (const text of ['"#{x}"', 'File.read("x")', '[x]', '%Q(#{a})', '["a"', ''])
      assert.equal(tryParseRubyLiteral(text), undefined, text);
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (text) => void tryParseRubyLiteral(text)));
  });
});
