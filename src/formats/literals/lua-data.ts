import { skipSpace, take, type TextCursor } from './text-cursor.ts';

/** A value in a Lua file that only holds data. `undefined` stands for what is not a literal. */
export type LuaValue = string | number | boolean | LuaTable | undefined;

export interface LuaTable {
  /** Entries with a name, in order; of two with the same name the later. */
  readonly fields: ReadonlyMap<string, LuaValue>;
  /** Entries without one. */
  readonly items: readonly LuaValue[];
}

const MAX_DEPTH = 64;
const NAME = /(?:local\s+)?([A-Za-z_]\w*)/y;
const STRING = /"[^"\\\n]*(?:\\[^][^"\\\n]*)*"|'[^'\\\n]*(?:\\[^][^'\\\n]*)*'/y;
const LONG_OPEN = /\[(=*)\[(?:\r?\n)?/y;
const COMMENTS = { line: '--', open: /--\[(=*)\[/y, close: ([, level = '']: RegExpExecArray) => `]${level}]` } as const;
const NUMBER = /-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/y;

/**
 * Reads the assignments (`package = "lpeg"`) of a Lua file that is data, such as a rockspec: strings, numbers, truth values, tables, and strings
 * joined by `..`. Nothing is run. Hostile input: nesting ends at 64; never throws.
 * @returns variables up to the end or the first thing that is no such assignment; `complete` tells which
 * @see https://www.lua.org/manual/5.4/manual.html#3.1
 */
export function parseLuaData(text: string): {
  readonly variables: ReadonlyMap<string, LuaValue>;
  readonly complete: boolean;
} {
  const cursor: TextCursor = { text, at: 0 };
  const variables = new Map<string, LuaValue>();
  if (text.startsWith('#')) cursor.at = Math.max(0, text.indexOf('\n'));
  for (skip(cursor); cursor.at < text.length; skip(cursor)) {
    if (text[cursor.at] === ';') {
      cursor.at += 1;
      continue;
    }
    const name = take(cursor, NAME)?.[1];
    if (name === undefined || !takeChar(cursor, '=')) return { variables, complete: false };
    const value = readValue(cursor, 0, variables);
    if (value === undefined) return { variables, complete: false };
    variables.set(name, value);
  }
  return { variables, complete: true };
}

function readValue(cursor: TextCursor, depth: number, variables: ReadonlyMap<string, LuaValue>): LuaValue {
  let value = readOperand(cursor, depth, variables);
  while (value !== undefined && (skip(cursor), cursor.text.startsWith('..', cursor.at))) {
    cursor.at += 2;
    const more = readOperand(cursor, depth, variables);
    if (typeof value === 'object' || typeof more === 'object' || more === undefined) return undefined;
    value = `${value}${more}`;
    // joining a variable to itself doubles it each time
    if (value.length > cursor.text.length) return undefined;
  }
  return value;
}

function readOperand(cursor: TextCursor, depth: number, variables: ReadonlyMap<string, LuaValue>): LuaValue {
  skip(cursor);
  const char = cursor.text[cursor.at];
  if (char === '{') return depth >= MAX_DEPTH ? undefined : readTable(cursor, depth, variables);
  if (char === '"' || char === "'") {
    const quoted = take(cursor, STRING)?.[0];
    return quoted === undefined ? undefined : unescape(quoted.slice(1, -1));
  }
  if (char === '[') return readLongString(cursor);
  const number = take(cursor, NUMBER)?.[0];
  if (number !== undefined) return Number(number);
  const name = take(cursor, NAME)?.[1];
  if (name === 'true' || name === 'false') return name === 'true';
  return name === undefined ? undefined : variables.get(name);
}

function readLongString(cursor: TextCursor): string | undefined {
  const open = take(cursor, LONG_OPEN);
  const close = `]${open?.[1] ?? ''}]`;
  const start = cursor.at;
  const end = open === undefined ? -1 : cursor.text.indexOf(close, start);
  if (end === -1) return undefined;
  cursor.at = end + close.length;
  return cursor.text.slice(start, end);
}

function readTable(cursor: TextCursor, depth: number, variables: ReadonlyMap<string, LuaValue>): LuaTable | undefined {
  const fields = new Map<string, LuaValue>();
  const items: LuaValue[] = [];
  cursor.at += 1;
  for (skip(cursor); cursor.text[cursor.at] !== '}'; skip(cursor)) {
    const key = readKey(cursor);
    const value = readValue(cursor, depth + 1, variables);
    if (value === undefined) return undefined;
    if (key === undefined) items.push(value);
    else fields.set(key, value);
    if (!takeChar(cursor, ',') && !takeChar(cursor, ';') && cursor.text[cursor.at] !== '}') return undefined;
  }
  cursor.at += 1;
  return { fields, items };
}

/** `name =` or `["name"] =`; the cursor stays where it is when there is neither. */
function readKey(cursor: TextCursor): string | undefined {
  const start = cursor.at;
  let key: string | undefined;
  if (cursor.text[start] !== '[') key = take(cursor, NAME)?.[1];
  else if (!/^\[=*\[/.test(cursor.text.slice(start, start + 2))) {
    cursor.at += 1;
    skip(cursor);
    const quoted = take(cursor, STRING)?.[0];
    key = quoted === undefined ? take(cursor, NUMBER)?.[0] : unescape(quoted.slice(1, -1));
    if (!takeChar(cursor, ']')) key = undefined;
  }
  if (key !== undefined && takeChar(cursor, '=') && cursor.text[cursor.at] !== '=') return key;
  cursor.at = start;
  return undefined;
}

const ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', '\n': '\n' }));

function unescape(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(?:(\d{1,3})|([^]))/g, (_, code: string | undefined, char: string) =>
        code === undefined ? (ESCAPES.get(char) ?? char) : String.fromCharCode(Number(code)),
      )
    : text;
}

function skip(cursor: TextCursor): void {
  skipSpace(cursor, COMMENTS);
}

function takeChar(cursor: TextCursor, char: string): boolean {
  skip(cursor);
  if (cursor.text[cursor.at] !== char) return false;
  cursor.at += 1;
  return true;
}
