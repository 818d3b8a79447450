import { hasTooManyValues, stringEnd } from './bounded-json.ts';
import { coreError } from './errors.ts';
import type { JsonValue } from './canonical-json.ts';

/** A number that may be beyond a double, in every text that has one; not the digits within a string of hexadecimals. Linear. */
const LARGE_NUMBER = /(?:^|[[,:\s])-?[0-9][0-9.]*[eE]\+?[0-9]{3}|[0-9]{200}/;

export interface StrictJsonLimits {
  /** Largest accepted input. */
  readonly maxBytes: number;
  /** Deepest nesting of arrays and objects; 64 unless told. */
  readonly maxDepth?: number;
}

/**
 * Parses hostile JSON: UTF-8 without byte-order mark, size and depth capped before parsing, duplicate keys, `__proto__` and numbers beyond a double refused
 * (two parsers that disagree on a duplicate are how signed and read values come to differ).
 * @param what names the document in messages
 * @throws AppError LIMIT_EXCEEDED, JSON_INVALID
 */
export function parseStrictJson(bytes: Uint8Array, what: string, limits: StrictJsonLimits): JsonValue {
  if (bytes.byteLength > limits.maxBytes) {
    throw coreError('LIMIT_EXCEEDED', `${what} is ${bytes.byteLength} bytes, more than the ${limits.maxBytes} allowed`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw coreError('JSON_INVALID', `${what} is not UTF-8`, { cause });
  }
  if (hasTooManyValues(text)) throw coreError('LIMIT_EXCEEDED', `${what} has more values than any real document`);
  checkStructure(text, what, limits.maxDepth ?? 64);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw coreError('JSON_INVALID', `${what} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  // 1e999 is read as infinity, which cannot be written again
  if (LARGE_NUMBER.test(text) && !isFiniteThroughout(value))
    throw coreError('JSON_INVALID', `${what} has a number that is too large`);
  return value;
}

function isFiniteThroughout(value: JsonValue | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isFiniteThroughout);
}

/** One forward scan over the text: nesting depth and duplicate keys. Leaves all other syntax errors to JSON.parse. */
function checkStructure(text: string, what: string, maxDepth: number): void {
  const scopes: (Set<string> | null)[] = [];
  let index = 0;
  let expectKey = false;
  while (index < text.length) {
    const char = text.charCodeAt(index);
    if (char === 0x22) {
      const end = stringEnd(text, index);
      const scope = scopes.at(-1);
      if (expectKey && scope) {
        addKey(scope, text.slice(index, end), what);
        expectKey = false;
      }
      index = end;
      continue;
    }
    if (char === 0x7b || char === 0x5b) {
      scopes.push(char === 0x7b ? new Set() : null);
      expectKey = char === 0x7b;
      if (scopes.length > maxDepth)
        throw coreError('LIMIT_EXCEEDED', `${what} is nested deeper than ${maxDepth} levels`);
    } else if (char === 0x7d || char === 0x5d) {
      scopes.pop();
      expectKey = false;
    } else if (char === 0x2c) {
      expectKey = scopes.at(-1) instanceof Set;
    }
    index += 1;
  }
}

function addKey(scope: Set<string>, literal: string, what: string): void {
  const key = literal.includes('\\') ? unescapeKey(literal, what) : literal.slice(1, -1);
  if (key === '__proto__') throw coreError('JSON_INVALID', `${what} has a key "__proto__"`);
  if (scope.has(key))
    throw coreError('JSON_INVALID', `${what} has the key ${JSON.stringify(key.slice(0, 80))} twice in one object`);
  scope.add(key);
}

function unescapeKey(literal: string, what: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch (cause) {
    throw coreError('JSON_INVALID', `${what} has a malformed key`, { cause });
  }
}
