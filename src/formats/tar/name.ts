/**
 * File names are bytes; waybill's paths are strings. UTF-8 decodes as itself. A byte that is no UTF-8, and the bytes of the code points used for
 * this (U+F780..U+F7FF), become U+F700 plus the byte: well-formed strings, one to one, so that no two names of an image ever collide.
 */
const ESCAPE_BASE = 0xf700;
const ESCAPE_FIRST = 0xf780;
const ESCAPE_LAST = 0xf7ff;

// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /[\uf780-\uf7ff\ufffd]/;

/** Decodes a name; never fails. */
export function decodeName(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  const text = buffer.toString('utf8');
  // U+FFFD is either genuine or the mark of a byte that is no UTF-8: only then is a second look needed
  if (!NEEDS_ESCAPE.test(text)) return text;
  return decodeSlowly(bytes);
}

/** Whole runs at once: a file of megabytes with one bad byte must not be decoded byte by byte. */
function decodeSlowly(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  let result = '';
  for (let index = 0; index < bytes.length;) {
    const start = index;
    for (let size = plainLength(bytes, index); size > 0; size = plainLength(bytes, index)) index += size;
    if (start < index) result += buffer.toString('utf8', start, index);
    const bad = index;
    while (index < bytes.length && plainLength(bytes, index) === 0) index += Math.max(1, sequenceLength(bytes, index));
    if (bad < index) result += escapeBytes(buffer.subarray(bad, index));
  }
  return result;
}

function escapeBytes(bytes: Uint8Array): string {
  const units = Buffer.alloc(2 * bytes.length, ESCAPE_BASE >> 8);
  for (let index = 0; index < bytes.length; index += 1) units[2 * index] = bytes[index] ?? 0;
  return units.toString('utf16le');
}

/** Bytes of the sequence here that decodes as itself; 0 at the end and for what is escaped. */
function plainLength(bytes: Uint8Array, index: number): number {
  if (index >= bytes.length) return 0;
  // U+F780..U+F7FF
  const isEscape = bytes[index] === 0xef && (bytes[index + 1] === 0x9e || bytes[index + 1] === 0x9f);
  return isEscape ? 0 : sequenceLength(bytes, index);
}

/** Bytes of the well-formed UTF-8 sequence that begins here; 0 when none does. @see https://www.unicode.org/versions/Unicode15.1.0/ch03.pdf table 3-7 */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0) return 0;
  // neither overlong, nor half of a surrogate pair, nor beyond U+10FFFF
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[index + 1] ?? 0;
  if (second < least || second > most) return 0;
  for (let k = 2; k < length; k += 1) if (((bytes[index + k] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

function isEscape(char: string): boolean {
  const code = char.charCodeAt(0);
  return char.length === 1 && code >= ESCAPE_FIRST && code <= ESCAPE_LAST;
}

/** The bytes that `decodeName` would give this string for. */
export function encodeName(name: string): Uint8Array {
  if (!NEEDS_ESCAPE.test(name)) return Buffer.from(name, 'utf8');
  const parts: number[] = [];
  for (const char of name) {
    if (isEscape(char)) parts.push(char.charCodeAt(0) - ESCAPE_BASE);
    else parts.push(...Buffer.from(char, 'utf8'));
  }
  return Uint8Array.from(parts);
}

/** The same bytes, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
