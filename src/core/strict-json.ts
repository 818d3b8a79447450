import { hasTooManyValues, stringEnd } from './bounded-json.ts';
import { coreError } from './errors.ts';
import type { JsonValue } from './canonical-json.ts';

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
  const { mayOverflow } = checkStructure(text, what, limits.maxDepth ?? 64);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw coreError('JSON_INVALID', `${what} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  // 1e999 is read as infinity, which cannot be written again
  if (mayOverflow && !isFiniteThroughout(value))
    throw coreError('JSON_INVALID', `${what} has a number that is too large`);
  return value;
}

function isFiniteThroughout(value: JsonValue | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isFiniteThroughout);
}

/** So many digits, with two more in an exponent, stay below the largest double. */
const HARMLESS_DIGITS = 200;

/**
 * One forward scan over the text: nesting depth and duplicate keys. Leaves all other syntax errors to JSON.parse.
 * @returns whether a number has an exponent, or so many digits that it may be beyond a double
 */
function checkStructure(text: string, what: string, maxDepth: number): { readonly mayOverflow: boolean } {
  const scopes: (Set<string> | null)[] = [];
  /** Keys of the innermost object; null within an array. */
  let scope: Set<string> | null = null;
  let index = 0;
  let expectKey = false;
  let digits = 0;
  let mayOverflow = false;
  while (index < text.length) {
    const char = text.charCodeAt(index);
    if (char === 0x22) {
      const end = stringEnd(text, index);
      if (expectKey && scope !== null) {
        addKey(scope, text.slice(index, end), what);
        expectKey = false;
      }
      index = end;
      continue;
    }
    if (char >= 0x30 && char <= 0x39) {
      digits += 1;
      mayOverflow ||= digits > HARMLESS_DIGITS;
      index += 1;
      continue;
    }
    // e or E behind a digit, which no word of JSON has
    if ((char | 0x20) === 0x65 && digits > 0) mayOverflow = true;
    digits = 0;
    if (char === 0x7b || char === 0x5b) {
      scope = char === 0x7b ? new Set() : null;
      scopes.push(scope);
      expectKey = scope !== null;
      if (scopes.length > maxDepth)
        throw coreError('LIMIT_EXCEEDED', `${what} is nested deeper than ${maxDepth} levels`);
    } else if (char === 0x7d || char === 0x5d) {
      scopes.pop();
      scope = scopes.at(-1) ?? null;
      expectKey = false;
    } else if (char === 0x2c) expectKey = scope !== null;
    index += 1;
  }
  return { mayOverflow };
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
