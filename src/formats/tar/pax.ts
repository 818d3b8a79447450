import { tarError } from './errors.ts';
import { decodeName } from './name.ts';
import { parseDecimal } from './numbers.ts';

/** What a pax extended header says, the keys waybill reads. */
export interface PaxRecords {
  path?: string;
  linkPath?: string;
  sizeBytes?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  xattrs?: Record<string, Uint8Array>;
  sparse?: PaxSparse;
}

/** GNU sparse records: 0.0 repeats offset and numbytes, 0.1 has one map, 1.0 keeps the map before the content. */
export interface PaxSparse {
  major?: number;
  minor?: number;
  name?: string;
  realBytes?: number;
  /** Offsets and lengths in turn. */
  map: number[];
  /** How many pairs there should be. */
  blocks?: number;
}

const XATTR = 'SCHILY.xattr.';

/**
 * Parses the body of a pax extended header. An empty value withdraws the record.
 * @throws AppError TAR_MALFORMED
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function parsePax(body: Uint8Array): PaxRecords {
  const records: PaxRecords = {};
  let offset = 0;
  while (offset < body.length) {
    const end = recordEnd(body, offset);
    const space = body.indexOf(0x20, offset);
    const equals = body.indexOf(0x3d, space);
    if (space < 0 || space >= end || equals < 0 || equals >= end || equals === space + 1) throw malformed();
    applyRecord(records, decodeName(body.subarray(space + 1, equals)), body.subarray(equals + 1, end - 1));
    offset = end;
  }
  return records;
}

function malformed(): Error {
  return tarError('TAR_MALFORMED', 'a malformed record in a pax header');
}

/** End of the record whose decimal length stands at `offset`. */
function recordEnd(body: Uint8Array, offset: number): number {
  let length = 0;
  let index = offset;
  for (; index < body.length && index < offset + 8; index += 1) {
    const digit = (body[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  const end = offset + length;
  if (index === offset || body[index] !== 0x20 || end > body.length || end < index + 3 || body[end - 1] !== 0x0a) {
    throw malformed();
  }
  return end;
}

function applyRecord(records: PaxRecords, key: string, value: Uint8Array): void {
  if (key.startsWith(XATTR)) {
    const name = key.slice(XATTR.length);
    // own properties only: an attribute may be called __proto__
    records.xattrs ??= Object.create(null) as Record<string, Uint8Array>;
    records.xattrs[name] = value.slice();
    return;
  }
  if (key.startsWith('GNU.sparse.')) {
    applySparse((records.sparse ??= { map: [] }), key.slice('GNU.sparse.'.length), value);
    return;
  }
  if (value.length === 0) {
    withdraw(records, key);
    return;
  }
  if (key === 'path') records.path = nameValue(value);
  else if (key === 'linkpath') records.linkPath = nameValue(value);
  else if (key === 'size') records.sizeBytes = parseDecimal(text(value), 'pax size');
  else if (key === 'uid') records.uid = integer(text(value), 'pax uid');
  else if (key === 'gid') records.gid = integer(text(value), 'pax gid');
  else if (key === 'mtime') records.mtime = parseTime(text(value));
}

function withdraw(records: PaxRecords, key: string): void {
  if (key === 'path') delete records.path;
  else if (key === 'linkpath') delete records.linkPath;
  else if (key === 'size') delete records.sizeBytes;
  else if (key === 'uid') delete records.uid;
  else if (key === 'gid') delete records.gid;
  else if (key === 'mtime') delete records.mtime;
}

function text(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}

function nameValue(value: Uint8Array): string {
  if (value.includes(0)) throw tarError('TAR_MALFORMED', 'a name in a pax header contains NUL');
  return decodeName(value);
}

function integer(value: string, what: string): number {
  return value.startsWith('-') ? -parseDecimal(value.slice(1), what) : parseDecimal(value, what);
}

function parseTime(value: string): number {
  if (!/^-?\d{1,15}(?:\.\d{0,30})?$/.test(value)) throw tarError('TAR_MALFORMED', 'a pax time is not a number');
  return Number(value);
}

function applySparse(sparse: PaxSparse, key: string, value: Uint8Array): void {
  if (key === 'name') sparse.name = nameValue(value);
  else if (key === 'major') sparse.major = parseDecimal(text(value), 'sparse version');
  else if (key === 'minor') sparse.minor = parseDecimal(text(value), 'sparse version');
  else if (key === 'size' || key === 'realsize') sparse.realBytes = parseDecimal(text(value), 'sparse size');
  else if (key === 'numblocks') sparse.blocks = parseDecimal(text(value), 'sparse block count');
  else if (key === 'offset' || key === 'numbytes') addPair(sparse, key, value);
  else if (key === 'map') sparse.map = parseMap(text(value));
}

function addPair(sparse: PaxSparse, key: string, value: Uint8Array): void {
  const isOffset = sparse.map.length % 2 === 0;
  if (isOffset !== (key === 'offset')) throw tarError('TAR_MALFORMED', 'sparse offsets and lengths do not alternate');
  sparse.map.push(parseDecimal(text(value), 'sparse map'));
}

function parseMap(map: string): number[] {
  return map === '' ? [] : map.split(',').map((item) => parseDecimal(item, 'sparse map'));
}
