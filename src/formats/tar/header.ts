import { tarError } from './errors.ts';
import { decodeName } from './name.ts';
import { checksumMatches, parseNumber } from './numbers.ts';

/** The fields of one 512-byte header block. */
export interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  /** Type flag as a character code. */
  readonly flag: number;
  readonly linkName: string;
  readonly isGnu: boolean;
  readonly major: number;
  readonly minor: number;
}

export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0) return false;
  for (let index = at + 1; index < at + 512; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

/**
 * Decodes the v7, ustar, star or GNU header at an offset. Hundreds of thousands come by: no view is made for one, and no object but the result.
 * @throws AppError TAR_CHECKSUM, TAR_MALFORMED
 */
export function parseHeader(bytes: Buffer, at: number): RawHeader {
  if (!checksumMatches(bytes, at)) throw tarError('TAR_CHECKSUM', 'a header has a wrong checksum');
  const form = headerForm(bytes, at);
  const sizeBytes = parseNumber(bytes, at + 124, 12);
  if (sizeBytes < 0) throw tarError('TAR_MALFORMED', 'a header has a negative size');
  const flag = bytes[at + 156] ?? 0;
  // only devices have numbers worth reading; old tars leave rubbish there
  const isDevice = flag === 0x33 || flag === 0x34;
  return {
    name: headerName(bytes, at, form),
    mode: parseNumber(bytes, at + 100, 8) & 0o7777,
    uid: toId(parseNumber(bytes, at + 108, 8)),
    gid: toId(parseNumber(bytes, at + 116, 8)),
    sizeBytes,
    mtime: parseNumber(bytes, at + 136, 12),
    flag,
    linkName: field(bytes, at + 157, 100),
    isGnu: form === 'gnu',
    major: isDevice ? parseNumber(bytes, at + 329, 8) : 0,
    minor: isDevice ? parseNumber(bytes, at + 337, 8) : 0,
  };
}

/** User and group ids are 32 bits; GNU tar writes -2 for nobody. */
export function toId(value: number): number {
  if (value > 0xffffffff || value < -0x80000000) throw tarError('TAR_MALFORMED', `${value} is no user or group id`);
  return value >>> 0;
}

const USTAR = Buffer.from('ustar\0', 'latin1');
const GNU = Buffer.from('ustar  \0', 'latin1');

/** Which form a header says it has. What says something else is of the old form, which has no prefix. */
function headerForm(bytes: Buffer, at: number): 'ustar' | 'gnu' | 'v7' {
  if (hasMagic(bytes, at, USTAR)) return 'ustar';
  return hasMagic(bytes, at, GNU) ? 'gnu' : 'v7';
}

function hasMagic(bytes: Buffer, at: number, magic: Buffer): boolean {
  for (let index = 0; index < magic.length; index += 1) if (bytes[at + 257 + index] !== magic[index]) return false;
  return true;
}

function headerName(bytes: Buffer, at: number, form: 'ustar' | 'gnu' | 'v7'): string {
  const name = field(bytes, at, 100);
  const prefix = form === 'v7' ? '' : form === 'gnu' ? strayPrefix(bytes, at) : ustarPrefix(bytes, at);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function ustarPrefix(bytes: Buffer, at: number): string {
  if (bytes[at + 345] === 0) return '';
  // star keeps times after a shorter prefix
  const end = at + 508;
  const isStar = bytes[end] === 0x74 && bytes[end + 1] === 0x61 && bytes[end + 2] === 0x72 && bytes[end + 3] === 0;
  return field(bytes, at + 345, isStar ? 131 : 155);
}

/**
 * The prefix of a GNU header, where its times ought to be: archives of Go had one before Go 1.8, and whoever unpacks with Go, as all container runtimes do,
 * takes what is no number there for a prefix, if it is ASCII.
 * @see https://go.dev/issue/21005
 */
function strayPrefix(bytes: Buffer, at: number): string {
  const areTimes = isTime(bytes, at + 345) && isTime(bytes, at + 357);
  const prefix = areTimes ? '' : field(bytes, at + 345, 155);
  return /^[\0-\x7f]*$/.test(prefix) ? prefix : '';
}

/** Whether Go reads twelve bytes as a number: none at all, octal up to the first NUL, or base-256 within 64 bits. */
function isTime(bytes: Buffer, offset: number): boolean {
  const first = bytes[offset] as number;
  if (first === 0) return true;
  if ((first & 0x80) === 0) {
    const text = bytes.toString('latin1', offset, offset + 12).replaceAll(/^[ \0]+|[ \0]+$/g, '');
    return /^[0-7]*(?:\0|$)/.test(text);
  }
  const flip = (first & 0x40) === 0 ? 0 : 0xff;
  const high = bytes.subarray(offset, offset + 5).map((byte, index) => (byte ^ flip) & (index === 0 ? 0x7f : 0xff));
  return high.subarray(0, 4).every((byte) => byte === 0) && (high[4] as number) < 0x80;
}

/** Text up to the first NUL. */
function field(block: Buffer, offset: number, length: number): string {
  const limit = offset + length;
  let end = offset;
  let codes = 0;
  for (let byte = block[end] as number; end < limit && byte !== 0; byte = block[end] as number) {
    codes |= byte;
    end += 1;
  }
  if (end === offset) return '';
  return codes < 0x80 ? block.toString('latin1', offset, end) : decodeName(block.subarray(offset, end));
}

/** The body of a GNU long name or long link entry: text up to the first NUL. */
export function longName(body: Uint8Array): string {
  const nul = body.indexOf(0);
  return decodeName(nul < 0 ? body : body.subarray(0, nul));
}
