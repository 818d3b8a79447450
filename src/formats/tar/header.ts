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
  const ustar = isUstar(bytes, at);
  const gnu = ustar && bytes[at + 262] === 0x20;
  const sizeBytes = parseNumber(bytes, at + 124, 12);
  if (sizeBytes < 0) throw tarError('TAR_MALFORMED', 'a header has a negative size');
  const flag = bytes[at + 156] ?? 0;
  // only devices have numbers worth reading; old tars leave rubbish there
  const isDevice = flag === 0x33 || flag === 0x34;
  return {
    name: headerName(bytes, at, ustar && !gnu),
    mode: parseNumber(bytes, at + 100, 8) & 0o7777,
    uid: toId(parseNumber(bytes, at + 108, 8)),
    gid: toId(parseNumber(bytes, at + 116, 8)),
    sizeBytes,
    mtime: parseNumber(bytes, at + 136, 12),
    flag,
    linkName: field(bytes, at + 157, 100),
    isGnu: gnu,
    major: isDevice ? parseNumber(bytes, at + 329, 8) : 0,
    minor: isDevice ? parseNumber(bytes, at + 337, 8) : 0,
  };
}

/** User and group ids are 32 bits; GNU tar writes -2 for nobody. */
export function toId(value: number): number {
  if (value > 0xffffffff || value < -0x80000000) throw tarError('TAR_MALFORMED', `${value} is no user or group id`);
  return value >>> 0;
}

function isUstar(bytes: Uint8Array, at: number): boolean {
  const magic = at + 257;
  return (
    bytes[magic] === 0x75 &&
    bytes[magic + 1] === 0x73 &&
    bytes[magic + 2] === 0x74 &&
    bytes[magic + 3] === 0x61 &&
    bytes[magic + 4] === 0x72
  );
}

function headerName(bytes: Buffer, at: number, hasPrefix: boolean): string {
  const name = field(bytes, at, 100);
  if (!hasPrefix || bytes[at + 345] === 0) return name;
  // star keeps times after a shorter prefix
  const end = at + 508;
  const isStar = bytes[end] === 0x74 && bytes[end + 1] === 0x61 && bytes[end + 2] === 0x72 && bytes[end + 3] === 0;
  const prefix = field(bytes, at + 345, isStar ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
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
