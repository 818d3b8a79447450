/** A value of PHP's `serialize`. Arrays are maps whose keys are spelled as text, whatever they were; objects are not read. */
export type PhpValue = string | number | boolean | null | PhpArray;
export type PhpArray = ReadonlyMap<string, PhpValue>;

const MAX_DEPTH = 64;
const MAX_VALUES = 1_000_000;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  values: number;
}

/**
 * Reads what PHP's `serialize` wrote. Hostile input: objects, references and wrong lengths are refused, nesting ends at 64, and there are at most a million values.
 * Text is UTF-8 with invalid bytes replaced. Never throws.
 * @returns undefined for anything that is not one whole value
 * @see https://www.php.net/manual/en/function.serialize.php
 */
export function tryParsePhpSerialized(bytes: Uint8Array): PhpValue | undefined {
  const cursor: Cursor = { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0, values: 0 };
  return readValue(cursor, 0);
}

function readValue(cursor: Cursor, depth: number): PhpValue | undefined {
  if (depth > MAX_DEPTH || ++cursor.values > MAX_VALUES) return undefined;
  const { bytes } = cursor;
  const kind = String.fromCharCode(bytes[cursor.at] ?? 0);
  if (kind === 'N') return bytes[cursor.at + 1] === 0x3b ? ((cursor.at += 2), null) : undefined;
  if (bytes[cursor.at + 1] !== 0x3a) return undefined;
  cursor.at += 2;
  if (kind === 's') return readString(cursor);
  if (kind === 'a') return readArray(cursor, depth);
  const text = upTo(cursor, 0x3b, 64);
  if (text === undefined) return undefined;
  if (kind === 'b') return text === '1';
  if (kind === 'i') return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  return kind === 'd' && text !== '' ? Number(text.replace('INF', 'Infinity')) : undefined;
}

function readString(cursor: Cursor): string | undefined {
  const length = readCount(cursor);
  if (length === undefined || cursor.bytes[cursor.at] !== 0x22) return undefined;
  const end = cursor.at + 1 + length;
  if (cursor.bytes[end] !== 0x22 || cursor.bytes[end + 1] !== 0x3b) return undefined;
  const text = cursor.bytes.toString('utf8', cursor.at + 1, end);
  cursor.at = end + 2;
  return text;
}

function readArray(cursor: Cursor, depth: number): PhpArray | undefined {
  const count = readCount(cursor);
  if (count === undefined || cursor.bytes[cursor.at] !== 0x7b) return undefined;
  cursor.at += 1;
  const array = new Map<string, PhpValue>();
  for (let index = 0; index < count; index += 1) {
    // an array as a key, which would be read before it is refused, could lie in the key of another, and so on
    const key = cursor.bytes[cursor.at] === 0x61 ? undefined : readValue(cursor, depth);
    if (typeof key !== 'string' && typeof key !== 'number') return undefined;
    const value = readValue(cursor, depth + 1);
    if (value === undefined) return undefined;
    array.set(String(key), value);
  }
  if (cursor.bytes[cursor.at] !== 0x7d) return undefined;
  cursor.at += 1;
  return array;
}

/** A length and the colon behind it. More than there are bytes left is refused. */
function readCount(cursor: Cursor): number | undefined {
  const text = upTo(cursor, 0x3a, 10);
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const count = Number(text);
  return count <= cursor.bytes.length - cursor.at ? count : undefined;
}

function upTo(cursor: Cursor, end: number, maxLength: number): string | undefined {
  for (let at = cursor.at; at <= cursor.at + maxLength && at < cursor.bytes.length; at += 1) {
    if (cursor.bytes[at] !== end) continue;
    const text = cursor.bytes.toString('latin1', cursor.at, at);
    cursor.at = at + 1;
    return text;
  }
  return undefined;
}
