import { skipSpace, take, type TextCursor } from './text-cursor.ts';

/** An Erlang term as far as configuration files hold it. Binaries are strings; the items of a map are tuples of a key and a value. */
export type ErlangTerm =
  | { readonly kind: 'atom' | 'string' | 'fun'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'list' | 'tuple' | 'map'; readonly items: readonly ErlangTerm[] };

const MAX_DEPTH = 64;
const ATOM = /[a-z][\w@]*|'[^'\\]*(?:\\[^][^'\\]*)*'/y;
const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const NUMBER = /-?\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?)?/y;
/** `16#ff` */
const BASED_NUMBER = /-?\d{1,2}#[0-9a-zA-Z]{1,64}/y;
/** `$a`, `$\n` */
const CHARACTER = /\$(?:\\(?:x\{[0-9a-fA-F]{1,6}\}|[^])|[^])/uy;
const FUN = /fun\s+(?:[a-z][\w@]*|'[^'\\]*'):(?:[a-z][\w@]*|'[^'\\]*')\/\d{1,3}/y;
/** What stands behind a part of a binary: `/utf8`, `:8/integer`. */
const PART_TYPE = /(?:\s*:\s*\d{1,9})?(?:\s*\/\s*[a-z][a-z0-9-]{0,64})?/y;

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
  if (cursor.text.startsWith('<<', cursor.at)) return readBinary(cursor);
  if (cursor.text.startsWith('#{', cursor.at)) return readMap(cursor, depth);
  const fun = take(cursor, FUN)?.[0];
  if (fun !== undefined) return { kind: 'fun', value: fun };
  const atom = take(cursor, ATOM)?.[0];
  if (atom !== undefined) {
    return { kind: 'atom', value: atom.startsWith("'") ? unescape(atom.slice(1, -1)) : atom };
  }
  return readNumber(cursor);
}

function readNumber(cursor: TextCursor): ErlangTerm | undefined {
  const character = take(cursor, CHARACTER)?.[0];
  if (character !== undefined) return { kind: 'number', value: unescape(character.slice(1)).codePointAt(0) ?? 0 };
  const [base, digits] = take(cursor, BASED_NUMBER)?.[0].split('#') ?? [];
  if (base !== undefined && digits !== undefined) {
    const radix = Math.abs(Number(base));
    const value = radix >= 2 && radix <= 36 ? Number.parseInt(digits, radix) : Number.NaN;
    return Number.isNaN(value) ? undefined : { kind: 'number', value: base.startsWith('-') ? -value : value };
  }
  const number = take(cursor, NUMBER)?.[0];
  return number === undefined ? undefined : { kind: 'number', value: Number(number.replaceAll('_', '')) };
}

/** `#{key => value, ...}` */
function readMap(cursor: TextCursor, depth: number): ErlangTerm | undefined {
  const items: ErlangTerm[] = [];
  cursor.at += 2;
  skip(cursor);
  while (cursor.text[cursor.at] !== '}') {
    const key = readTerm(cursor, depth + 1);
    skip(cursor);
    if (key === undefined || !cursor.text.startsWith('=>', cursor.at)) return undefined;
    cursor.at += 2;
    const value = readTerm(cursor, depth + 1);
    if (value === undefined) return undefined;
    items.push({ kind: 'tuple', items: [key, value] });
    skip(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else if (cursor.text[cursor.at] !== '}') return undefined;
    skip(cursor);
  }
  cursor.at += 1;
  return { kind: 'map', items };
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

/** Texts and bytes, each perhaps with a type: `<<"a"/utf8, 10>>`. */
function readBinary(cursor: TextCursor): ErlangTerm | undefined {
  const parts: string[] = [];
  cursor.at += 2;
  skip(cursor);
  while (!cursor.text.startsWith('>>', cursor.at)) {
    const part = cursor.text[cursor.at] === '"' ? readString(cursor) : readNumber(cursor);
    if (part?.kind === 'string') parts.push(part.value);
    else if (part?.kind === 'number') parts.push(String.fromCharCode(part.value & 0xff));
    else return undefined;
    take(cursor, PART_TYPE);
    skip(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else if (!cursor.text.startsWith('>>', cursor.at)) return undefined;
    skip(cursor);
  }
  cursor.at += 2;
  return { kind: 'string', value: parts.join('') };
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
