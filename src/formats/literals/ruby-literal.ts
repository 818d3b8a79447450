import { skipSpace, take, type TextCursor } from './text-cursor.ts';

const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'/y;
const PERCENT_OPEN = /%([qQwWi]?)([<({[|!])/y;
const CLOSING: ReadonlyMap<string, string> = new Map(Object.entries({ '<': '>', '(': ')', '{': '}', '[': ']' }));
const FREEZE = /\.freeze\b/y;
const MAX_ITEMS = 100_000;

/**
 * Reads a literal of Ruby at the start of a text: a string, or a list of strings (`["MIT".freeze]`, `%w[a b]`). Nothing is run. Hostile input; never throws.
 * @returns undefined for anything else, and for strings with a value in them (`"#{x}"`)
 */
export function tryParseRubyLiteral(text: string): string | readonly string[] | undefined {
  const cursor: TextCursor = { text, at: 0 };
  skip(cursor);
  return readList(cursor) ?? readString(cursor);
}

/** Strings at the start of a text with commas between them; lists among them stay lists. Ends before the first thing that is neither. */
export function parseRubyArguments(text: string): readonly (string | readonly string[])[] {
  const cursor: TextCursor = { text, at: 0 };
  const values: (string | readonly string[])[] = [];
  for (;;) {
    skip(cursor);
    const value = readList(cursor) ?? readString(cursor);
    if (value === undefined || values.length >= MAX_ITEMS) return values;
    values.push(value);
    skip(cursor);
    if (text[cursor.at] !== ',') return values;
    cursor.at += 1;
  }
}

function readList(cursor: TextCursor): readonly string[] | undefined {
  const words = /^%[wWi]/.test(cursor.text.slice(cursor.at, cursor.at + 2)) ? readPercent(cursor) : undefined;
  if (words !== undefined) return words.split(/\s+/).filter((word) => word !== '');
  if (cursor.text[cursor.at] !== '[') return undefined;
  cursor.at += 1;
  const items: string[] = [];
  for (skip(cursor); cursor.text[cursor.at] !== ']'; skip(cursor)) {
    const item = readString(cursor);
    if (item === undefined || items.length >= MAX_ITEMS) return undefined;
    items.push(item);
    skip(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    else if (cursor.text[cursor.at] !== ']') return undefined;
  }
  cursor.at += 1;
  take(cursor, FREEZE);
  return items;
}

function readString(cursor: TextCursor): string | undefined {
  const quoted = take(cursor, STRING)?.[0];
  const text = quoted === undefined ? readPercent(cursor) : unquote(quoted);
  if (text !== undefined) take(cursor, FREEZE);
  return text;
}

/** `%q<...>` and its relatives, brackets inside not counted: gem names and versions have none. */
function readPercent(cursor: TextCursor): string | undefined {
  const start = cursor.at;
  const open = take(cursor, PERCENT_OPEN);
  if (open === undefined) return undefined;
  const close = CLOSING.get(open[2] ?? '') ?? open[2] ?? '';
  const end = cursor.text.indexOf(close, cursor.at);
  const text = end === -1 ? undefined : cursor.text.slice(cursor.at, end);
  if (text === undefined || (open[1] !== 'q' && text.includes('#{'))) {
    cursor.at = start;
    return undefined;
  }
  cursor.at = end + 1;
  return text;
}

function unquote(quoted: string): string | undefined {
  const text = quoted.slice(1, -1);
  if (quoted.startsWith("'")) return text.replace(/\\(['\\])/g, '$1');
  if (/(?:^|[^\\])#\{/.test(text)) return undefined;
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|([^]))/g, (_, braced, plain, char: string) => {
    const hex = (braced ?? plain) as string | undefined;
    if (hex === undefined) return ESCAPES.get(char) ?? char;
    const code = Number.parseInt(hex, 16);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : '\ufffd';
  });
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ n: '\n', t: '\t', r: '\r', s: ' ', e: '\u001b' }),
);

function skip(cursor: TextCursor): void {
  skipSpace(cursor, { line: '#' });
}
