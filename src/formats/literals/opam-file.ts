import { skipSpace, take, type TextCursor } from './text-cursor.ts';

/** A value in a file of opam. What only makes sense to opam (filters, operators) is kept as words. */
export type OpamValue =
  | { readonly kind: 'string' | 'word'; readonly value: string }
  | { readonly kind: 'list' | 'group' | 'filter'; readonly items: readonly OpamValue[] };

export interface OpamSection {
  readonly fields: ReadonlyMap<string, readonly OpamValue[]>;
  /** By kind (`url`), then in order. */
  readonly sections: ReadonlyMap<string, readonly OpamSection[]>;
}

const MAX_DEPTH = 64;
/** The largest files of the public repository have some thousand. */
const MAX_TOKENS = 100_000;
const TOKEN = /("[^"\\]*(?:\\[^][^"\\]*)*")|([A-Za-z0-9_+%.~-][\w+%:./~-]*)|([[\](){}])|([^\s"\w[\](){}]{1,8})/y;
const LONG = '"""';

interface Token {
  readonly kind: 'string' | 'word' | 'bracket' | 'field';
  readonly value: string;
}

/**
 * Reads an opam file: fields (`license: "MIT"`), sections (`url { ... }`). Hostile input: linear time, nesting ends at 64, a hundred thousand words at most; never throws.
 * @returns undefined when it is not one
 * @see https://opam.ocaml.org/doc/Manual.html#General-syntax
 */
export function tryParseOpamFile(text: string): OpamSection | undefined {
  const tokens = tokenize(text);
  if (tokens === undefined) return undefined;
  const cursor = { tokens, at: 0 };
  const section = readSection(cursor, 0);
  return cursor.at === tokens.length ? section : undefined;
}

interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
}

function readSection(cursor: Cursor, depth: number): OpamSection | undefined {
  const fields = new Map<string, readonly OpamValue[]>();
  const sections = new Map<string, OpamSection[]>();
  for (let token = cursor.tokens[cursor.at]; token !== undefined; token = cursor.tokens[cursor.at]) {
    if (token.value === '}' && token.kind === 'bracket') break;
    cursor.at += 1;
    if (token.kind === 'field') {
      const values = readValues(cursor, depth);
      if (values === undefined) return undefined;
      fields.set(token.value, values);
    } else if (token.kind === 'word' && depth < MAX_DEPTH) {
      if (cursor.tokens[cursor.at]?.kind === 'string') cursor.at += 1;
      if (!isBracket(cursor, '{')) return undefined;
      cursor.at += 1;
      const section = readSection(cursor, depth + 1);
      if (section === undefined || !isBracket(cursor, '}')) return undefined;
      cursor.at += 1;
      const same = sections.get(token.value);
      if (same === undefined) sections.set(token.value, [section]);
      else same.push(section);
    } else return undefined;
  }
  return { fields, sections };
}

/** Values up to the next field, section or closing bracket. */
function readValues(cursor: Cursor, depth: number): readonly OpamValue[] | undefined {
  const values: OpamValue[] = [];
  if (depth > MAX_DEPTH) return undefined;
  for (let token = cursor.tokens[cursor.at]; token !== undefined; token = cursor.tokens[cursor.at]) {
    if (token.kind === 'field' || (token.kind === 'bracket' && /[\])}]/.test(token.value))) break;
    if (token.kind === 'word' && values.length > 0 && depth === 0 && startsSection(cursor)) break;
    cursor.at += 1;
    if (token.kind !== 'bracket') {
      values.push({ kind: token.kind, value: token.value });
      continue;
    }
    const items = readValues(cursor, depth + 1);
    if (items === undefined || !isBracket(cursor, CLOSING[token.value] ?? '')) return undefined;
    cursor.at += 1;
    values.push({ kind: KINDS[token.value] ?? 'list', items });
  }
  return values;
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };
const KINDS: Readonly<Record<string, 'list' | 'group' | 'filter'>> = { '[': 'list', '(': 'group', '{': 'filter' };

function startsSection(cursor: Cursor): boolean {
  const next = cursor.tokens[cursor.at + 1];
  return next?.kind === 'bracket' && next.value === '{';
}

function isBracket(cursor: Cursor, bracket: string): boolean {
  const token = cursor.tokens[cursor.at];
  return token?.kind === 'bracket' && token.value === bracket;
}

function tokenize(text: string): readonly Token[] | undefined {
  const cursor: TextCursor = { text, at: 0 };
  const tokens: Token[] = [];
  for (;;) {
    skipSpace(cursor, { line: '#', open: /\(\*/y, close: () => '*)' });
    if (cursor.at === text.length) return tokens;
    if (tokens.length >= MAX_TOKENS) return undefined;
    if (text.startsWith(LONG, cursor.at)) {
      const end = text.indexOf(LONG, cursor.at + LONG.length);
      if (end === -1) return undefined;
      tokens.push({ kind: 'string', value: text.slice(cursor.at + LONG.length, end) });
      cursor.at = end + LONG.length;
      continue;
    }
    const match = take(cursor, TOKEN);
    if (match === undefined) return undefined;
    const [, quoted, word, bracket, operator] = match;
    if (quoted !== undefined) tokens.push({ kind: 'string', value: unquote(quoted.slice(1, -1)) });
    else if (bracket !== undefined) tokens.push({ kind: 'bracket', value: bracket });
    else if (word?.endsWith(':') === true) tokens.push({ kind: 'field', value: word.slice(0, -1) });
    else tokens.push({ kind: 'word', value: word ?? operator ?? '' });
  }
}

function unquote(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\\r?\n\s*|\\([^])/g, (_, char: string | undefined) => (char === 'n' ? '\n' : (char ?? '')))
    : text;
}
