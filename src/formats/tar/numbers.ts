import { tarError } from './errors.ts';

/**
 * A numeric header field: octal digits with blanks or NULs around, or GNU base-256 (high bit set, two's complement). An empty field is 0.
 * @throws AppError TAR_MALFORMED for other characters or numbers beyond 2^53
 */
export function parseNumber(block: Uint8Array, offset: number, length: number): number {
  return (block[offset] ?? 0) & 0x80 ? parseBase256(block, offset, length) : parseOctal(block, offset, length);
}

function parseOctal(block: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  let index = offset;
  while (index < end && isBlank(block[index] ?? 0)) index += 1;
  let value = 0;
  for (; index < end; index += 1) {
    const digit = (block[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  // what follows the digits must be blanks or NULs
  for (; index < end; index += 1) {
    if (!isBlank(block[index] ?? 0)) throw tarError('TAR_MALFORMED', 'a number in a header is not octal');
  }
  return value;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

function parseBase256(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  const negative = (first & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = 0;
  for (let index = offset; index < offset + length; index += 1) {
    const byte = ((block[index] ?? 0) ^ flip) & (index === offset ? 0x7f : 0xff);
    value = value * 256 + byte;
  }
  if (!Number.isSafeInteger(value)) throw tarError('TAR_MALFORMED', 'a number in a header is larger than 2^53');
  return negative ? -value - 1 : value;
}

/** A non-negative decimal integer as pax records and sparse maps write it. */
export function parseDecimal(text: string, what: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw tarError('TAR_MALFORMED', `${what} is not a whole number`);
  return value;
}

/** Of a number of bytes that four divides: of all bytes of a header, one by one, half the time goes into counting. */
function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 4) {
    sum += (bytes[at] as number) + (bytes[at + 1] as number) + (bytes[at + 2] as number) + (bytes[at + 3] as number);
  }
  return sum;
}

/** Whether the stored checksum of the block at an offset is its own, summed over unsigned or (old tars) signed bytes. */
export function checksumMatches(bytes: Uint8Array, at: number): boolean {
  let stored: number;
  try {
    stored = parseOctal(bytes, at + 148, 8);
  } catch {
    return false;
  }
  const sum = 8 * 0x20 + sumOf(bytes, at, at + 148) + sumOf(bytes, at + 156, at + 512);
  if (sum === stored) return true;
  let high = 0;
  for (let index = 0; index < 512; index += 1) {
    if ((index < 148 || index >= 156) && (bytes[at + index] as number) > 127) high += 1;
  }
  return sum - 256 * high === stored;
}
