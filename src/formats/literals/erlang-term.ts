import { skipSpace, take, type TextCursor } from './text-cursor.ts';

/** An Erlang term as far as configuration files hold it. Binaries of text are strings, maps and funs are not read. */
export type ErlangTerm =
  | { readonly kind: 'atom' | 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly ErlangTerm[] };

const MAX_DEPTH = 64;
const ATOM = /[a-z][\w@]*|'[^'\\]*(?:\\[^][^'\\]*)*'/y;
const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const NUMBER = /-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?/y;
const BINARY_START = /<<\s*/y;
const BINARY_END = /\s*(?:\/utf8)?\s*>>/y;

/**
 * Reads the first term of a file of terms (`{application, ...}.`), or all of them. Hostile input: linear time, nesting ends at 64; never throws.
 * @returns what could be read up to the end or the first thing that is no term; `complete` tells which
 * @see https://www.erlang.org/doc/system/data_types.html
 */
export function parseErlangTerms(text: string): { readonly terms: readonly ErlangTerm[]; readonly complete: boolean } {
  const cursor: TextCursor = { text, at: 0 };
  const terms: ErlangTerm[] = [];
  for (skip(cursor); cursor.at < text.length; skip(cursor)) {
    const term = readTerm(cursor, 0);
    skip(cursor);
    if (term === undefined || text[cursor.at] !== '.') return { terms, complete: false };
    cursor.at += 1;
    terms.push(term);
  }
  return { terms, complete: true };
}

function readTerm(cursor: TextCursor, depth: number): ErlangTerm | undefined {
  if (depth > MAX_DEPTH) return undefined;
  skip(cursor);
  const start = cursor.text[cursor.at];
  if (start === '[') return readItems(cursor, depth, 'list');
  if (start === '{') return readItems(cursor, depth, 'tuple');
  if (start === '"') return readString(cursor);
  if (start === '<') return readBinary(cursor);
  const atom = take(cursor, ATOM)?.[0];
  if (atom !== undefined) {
    return { kind: 'atom', value: atom.startsWith("'") ? unescape(atom.slice(1, -1)) : atom };
  }
  const number = take(cursor, NUMBER)?.[0];
  return number === undefined ? undefined : { kind: 'number', value: Number(number) };
}

function readItems(cursor: TextCursor, depth: number, kind: 'list' | 'tuple'): ErlangTerm | undefined {
  const end = kind === 'list' ? ']' : '}';
  const items: ErlangTerm[] = [];
  cursor.at += 1;
  skip(cursor);
  while (cursor.text[cursor.at] !== end) {
    const item = readTerm(cursor, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    skip(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else if (cursor.text[cursor.at] !== end) return undefined;
    skip(cursor);
  }
  cursor.at += 1;
  return { kind, items };
}

/** Strings that follow one another are one. */
function readString(cursor: TextCursor): ErlangTerm | undefined {
  const parts: string[] = [];
  for (let part = take(cursor, STRING)?.[0]; part !== undefined; skip(cursor), part = take(cursor, STRING)?.[0]) {
    parts.push(unescape(part.slice(1, -1)));
  }
  return parts.length === 0 ? undefined : { kind: 'string', value: parts.join('') };
}

function readBinary(cursor: TextCursor): ErlangTerm | undefined {
  if (take(cursor, BINARY_START) === undefined) return undefined;
  const value = take(cursor, STRING)?.[0] ?? '""';
  return take(cursor, BINARY_END) === undefined ? undefined : { kind: 'string', value: unescape(value.slice(1, -1)) };
}

const ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', s: ' ' }));

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:x\{([0-9a-fA-F]{1,6})\}|([^]))/g, (_, hex: string | undefined, char: string) => {
    if (hex === undefined) return ESCAPES.get(char) ?? char;
    const code = Number.parseInt(hex, 16);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : '\ufffd';
  });
}

function skip(cursor: TextCursor): void {
  skipSpace(cursor, { line: '%' });
}
