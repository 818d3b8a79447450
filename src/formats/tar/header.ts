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

export function isZeroBlock(block: Uint8Array): boolean {
  if (block[0] !== 0) return false;
  for (let index = 1; index < 512; index += 1) if (block[index] !== 0) return false;
  return true;
}

/**
 * Decodes a v7, ustar, star or GNU header.
 * @throws AppError TAR_CHECKSUM, TAR_MALFORMED
 */
export function parseHeader(bytes: Uint8Array): RawHeader {
  const block = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!checksumMatches(block)) throw tarError('TAR_CHECKSUM', 'a header has a wrong checksum');
  const ustar = isUstar(block);
  const gnu = ustar && block[262] === 0x20;
  const sizeBytes = parseNumber(block, 124, 12);
  if (sizeBytes < 0) throw tarError('TAR_MALFORMED', 'a header has a negative size');
  const flag = block[156] ?? 0;
  // only devices have numbers worth reading; old tars leave rubbish there
  const isDevice = flag === 0x33 || flag === 0x34;
  return {
    name: headerName(block, ustar && !gnu),
    mode: parseNumber(block, 100, 8) & 0o7777,
    uid: toId(parseNumber(block, 108, 8)),
    gid: toId(parseNumber(block, 116, 8)),
    sizeBytes,
    mtime: parseNumber(block, 136, 12),
    flag,
    linkName: field(block, 157, 100),
    isGnu: gnu,
    major: isDevice ? parseNumber(block, 329, 8) : 0,
    minor: isDevice ? parseNumber(block, 337, 8) : 0,
  };
}

/** User and group ids are 32 bits; GNU tar writes -2 for nobody. */
export function toId(value: number): number {
  if (value > 0xffffffff || value < -0x80000000) throw tarError('TAR_MALFORMED', `${value} is no user or group id`);
  return value >>> 0;
}

function isUstar(block: Uint8Array): boolean {
  return (
    block[257] === 0x75 && block[258] === 0x73 && block[259] === 0x74 && block[260] === 0x61 && block[261] === 0x72
  );
}

function headerName(block: Buffer, hasPrefix: boolean): string {
  const name = field(block, 0, 100);
  if (!hasPrefix || block[345] === 0) return name;
  // star keeps times after a shorter prefix
  const isStar = block[508] === 0x74 && block[509] === 0x61 && block[510] === 0x72 && block[511] === 0;
  const prefix = field(block, 345, isStar ? 131 : 155);
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
