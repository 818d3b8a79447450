/**
 * File names are bytes; waybill's paths are strings. UTF-8 decodes as itself. A byte that is no UTF-8, and the bytes of the code points used for
 * this (U+F780..U+F7FF), become U+F700 plus the byte: well-formed strings, one to one, so that no two names of an image ever collide.
 */
const ESCAPE_BASE = 0xf700;
const ESCAPE_FIRST = 0xf780;
const ESCAPE_LAST = 0xf7ff;

const strict = (): TextDecoder => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
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

function decodeSlowly(bytes: Uint8Array): string {
  const decoder = strict();
  let result = '';
  let index = 0;
  while (index < bytes.length) {
    const length = sequenceLength(bytes[index] ?? 0);
    const char = length > 0 ? tryDecode(decoder, bytes.subarray(index, index + length)) : undefined;
    if (char === undefined || isEscape(char)) {
      const count = char === undefined ? 1 : length;
      for (let k = 0; k < count; k += 1) result += String.fromCharCode(ESCAPE_BASE + (bytes[index + k] ?? 0));
      index += count;
    } else {
      result += char;
      index += length;
    }
  }
  return result;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

function tryDecode(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
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

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
