import { createByteReader, type ByteReader } from '../executable/byte-reader.ts';
import { PageMarks } from '../page-marks.ts';
import { MAX_HEADER_BYTES, type RpmItem } from './item.ts';

const MAGIC_OFFSET = 12;
const HASH_MAGIC = 0x061561;
const PAGE_HEADER_BYTES = 26;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;
/** Types of pages. Old versions did not sort the entries of a page. */
const HASH_UNSORTED = 2;
const OVERFLOW = 7;
const HASH = 13;
/** Types of entries of a hash page. */
const INLINE = 1;
const OFF_PAGE = 3;
const CHECKSUM_FLAG = 1;

/** A hash database whose metadata could be read. */
interface HashFile {
  readonly reader: ByteReader;
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly marks: PageMarks;
}

/** Whether the bytes begin as a Berkeley DB hash in either byte order does. */
export function isBerkeleyHash(bytes: Uint8Array): boolean {
  return byteOrder(bytes) !== undefined;
}

/**
 * Yields the headers of a Berkeley DB hash (`Packages` before rpm 4.16): every hash page is looked at, so that no chain of buckets can hide one or lead
 * in circles. Both byte orders. Hostile input: never throws, each overflow page is read once.
 * @see https://github.com/berkeleydb/libdb/blob/v5.3.28/src/dbinc/db_page.h
 */
export function* readBerkeleyHash(bytes: Uint8Array): Generator<RpmItem> {
  const littleEndian = byteOrder(bytes) ?? true;
  const reader = createByteReader(bytes, littleEndian);
  const pageBytes = reader.u32(20) ?? 0;
  const lastPage = reader.u32(32);
  const isSize = pageBytes >= MIN_PAGE_BYTES && pageBytes <= MAX_PAGE_BYTES && (pageBytes & (pageBytes - 1)) === 0;
  if (!isSize || lastPage === undefined) {
    yield { problem: `pages of ${pageBytes} bytes are no database that can be read` };
    return;
  }
  if (reader.bytes[24] !== 0 || (reader.bytes[26]! & CHECKSUM_FLAG) !== 0) {
    yield { problem: 'it is encrypted or has checksums, which rpm never does; it is not read' };
    return;
  }
  const pages = Math.floor(bytes.length / pageBytes);
  if (lastPage >= pages) yield { problem: `the file ends at page ${pages} of ${lastPage + 1}` };
  const file = { reader, pageBytes, lastPage: Math.min(lastPage, pages - 1), marks: new PageMarks(pages) };
  for (let page = 1; page <= file.lastPage; page += 1) {
    const type = reader.bytes[page * pageBytes + 25];
    if (type === HASH || type === HASH_UNSORTED) yield* readHashPage(file, page);
  }
}

function byteOrder(bytes: Uint8Array): boolean | undefined {
  if (createByteReader(bytes, true).u32(MAGIC_OFFSET) === HASH_MAGIC) return true;
  return createByteReader(bytes, false).u32(MAGIC_OFFSET) === HASH_MAGIC ? false : undefined;
}

/** A table of offsets, in pairs of key and value; entries fill the page from its end. */
function* readHashPage(file: HashFile, page: number): Generator<RpmItem> {
  const { reader, pageBytes } = file;
  const start = page * pageBytes;
  const entries = reader.u16(start + 20) ?? 0;
  if (entries % 2 !== 0 || PAGE_HEADER_BYTES + 2 * entries > pageBytes) {
    yield { problem: `page ${page}: cannot hold the ${entries} entries it says` };
    return;
  }
  const offsetOf = (entry: number): number =>
    entry < 0 ? pageBytes : (reader.u16(start + PAGE_HEADER_BYTES + 2 * entry) ?? 0);
  const bytesOf = (entry: number): Buffer | undefined => {
    const from = offsetOf(entry);
    const to = offsetOf(entry - 1);
    const isInside = from >= PAGE_HEADER_BYTES + 2 * entries && from < to && to <= pageBytes;
    return isInside ? reader.bytes.subarray(start + from, start + to) : undefined;
  };
  for (let entry = 0; entry < entries; entry += 2) {
    const key = bytesOf(entry);
    const value = bytesOf(entry + 1);
    if (key === undefined || value === undefined || key.length !== 5 || key[0] !== INLINE) {
      yield { problem: `page ${page}: entry ${entry} is not of a package` };
      continue;
    }
    const record = reader.littleEndian ? key.readUInt32LE(1) : key.readUInt32BE(1);
    // the first record counts the others
    if (record !== 0) yield readValue(file, record, value);
  }
}

function readValue(file: HashFile, record: number, value: Buffer): RpmItem {
  if (value[0] === INLINE) return { record, header: value.subarray(1) };
  if (value[0] !== OFF_PAGE || value.length < 12)
    return { problem: `record ${record}: has a value of an unknown kind` };
  const { littleEndian } = file.reader;
  const first = littleEndian ? value.readUInt32LE(4) : value.readUInt32BE(4);
  const length = littleEndian ? value.readUInt32LE(8) : value.readUInt32BE(8);
  return readChain(file, { record, first, length });
}

function readChain(
  file: HashFile,
  value: { readonly record: number; readonly first: number; readonly length: number },
): RpmItem {
  const { reader, pageBytes, lastPage, marks } = file;
  const { record, first, length } = value;
  const bad = (reason: string): RpmItem => ({ problem: `record ${record}: ${reason}` });
  if (length > MAX_HEADER_BYTES || length > reader.bytes.length) return bad(`${length} bytes are more than there are`);
  const parts: Buffer[] = [];
  let left = length;
  for (let page = first; left > 0;) {
    if (page > lastPage || page === 0) return bad('its pages end too early');
    if (!marks.take(page)) return bad(`page ${page} was used before`);
    const start = page * pageBytes;
    if (reader.bytes[start + 25] !== OVERFLOW) return bad(`page ${page} is no overflow page`);
    // where free space begins, in other pages; here the number of bytes
    const used = reader.u16(start + 22) ?? 0;
    if (used === 0 || used > pageBytes - PAGE_HEADER_BYTES) return bad(`page ${page} holds no data`);
    const taken = Math.min(used, left);
    parts.push(reader.bytes.subarray(start + PAGE_HEADER_BYTES, start + PAGE_HEADER_BYTES + taken));
    left -= taken;
    page = reader.u32(start + 16) ?? 0;
  }
  return { record, header: Buffer.concat(parts, length) };
}
