import { createByteReader } from '../executable/byte-reader.ts';
import type { RpmItem } from './item.ts';

const SLOT_BYTES = 16;
const SLOT_PAGE_BYTES = 4096;
const BLOCK_BYTES = 16;
const BLOB_HEAD_BYTES = 16;
const BLOB_TAIL_BYTES = 12;
/** The file's header takes the place of the first slots. */
const HEADER_SLOTS = 2;
const MAX_SLOT_PAGES = 2048;
const SLOT_MAGIC = 0x746f6c53;
const BLOB_MAGIC = 0x53626c42;
const BLOB_END_MAGIC = 0x45626c42;
const ADLER_MODULUS = 65_521;
/** So many bytes can be added up before the sums of Adler-32 leave 32 bits. */
const ADLER_BLOCK = 5552;

/** Whether the bytes begin as rpm's own database, ndb, does. */
export function isNdb(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'RpmP';
}

/**
 * Yields the headers of an ndb database (`Packages.db`): a table of slots that say where each package's blob lies. A blob whose checksum is wrong is
 * a problem, as it is for rpm. Hostile input: never throws, linear.
 * @see https://github.com/rpm-software-management/rpm/blob/rpm-4.20.x/lib/backend/ndb/rpmpkg.c
 */
export function* readNdb(bytes: Uint8Array): Generator<RpmItem> {
  const reader = createByteReader(bytes, true);
  const version = reader.u32(4);
  const slotPages = reader.u32(12);
  if (version !== 0 || slotPages === undefined || slotPages === 0 || slotPages > MAX_SLOT_PAGES) {
    yield { problem: `version ${version} with ${slotPages} pages of slots is no database that can be read` };
    return;
  }
  let left = bytes.length;
  const slots = (slotPages * SLOT_PAGE_BYTES) / SLOT_BYTES;
  for (let slot = HEADER_SLOTS; slot < slots; slot += 1) {
    const at = slot * SLOT_BYTES;
    const magic = reader.u32(at);
    if (magic !== SLOT_MAGIC) {
      const reason = magic === undefined ? 'the file ends before' : 'it is no slot; nothing after it is read';
      yield { problem: `slot ${slot} of ${slots}: ${reason}` };
      return;
    }
    const record = reader.u32(at + 4);
    const start = reader.u32(at + 8);
    const blocks = reader.u32(at + 12);
    if (record === undefined || start === undefined || blocks === undefined) continue;
    if (record === 0) continue;
    const size = blocks * BLOCK_BYTES;
    // blobs do not overlap, so that each byte is summed up once; what is outside of the file is not read at all
    if (size <= bytes.length) left -= size;
    if (left < 0) {
      yield { problem: `record ${record}: the blobs are longer than the file; nothing after it is read` };
      return;
    }
    yield readBlob(reader.bytes, { record, start: start * BLOCK_BYTES, size });
  }
}

function readBlob(
  bytes: Buffer,
  place: { readonly record: number; readonly start: number; readonly size: number },
): RpmItem {
  const { record, start, size } = place;
  const bad = (reason: string): RpmItem => ({ problem: `record ${record}: ${reason}` });
  if (size < BLOB_HEAD_BYTES + BLOB_TAIL_BYTES || start + size > bytes.length) return bad('lies outside of the file');
  if (bytes.readUInt32LE(start) !== BLOB_MAGIC || bytes.readUInt32LE(start + 4) !== record) {
    return bad('its slot leads to something else');
  }
  const length = bytes.readUInt32LE(start + 12);
  const tail = start + size - BLOB_TAIL_BYTES;
  const isWhole = length <= tail - start - BLOB_HEAD_BYTES && bytes.readUInt32LE(tail + 4) === length;
  if (!isWhole || bytes.readUInt32LE(tail + 8) !== BLOB_END_MAGIC) return bad('is cut off');
  if (bytes.readUInt32LE(tail) !== adler32(bytes.subarray(start, tail))) return bad('its checksum is wrong');
  return { record, header: bytes.subarray(start + BLOB_HEAD_BYTES, start + BLOB_HEAD_BYTES + length) };
}

/** @see https://www.rfc-editor.org/rfc/rfc1950#section-9 */
function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let start = 0; start < bytes.length; start += ADLER_BLOCK) {
    const end = Math.min(start + ADLER_BLOCK, bytes.length);
    for (let at = start; at < end; at += 1) {
      low += bytes[at]!;
      high += low;
    }
    low %= ADLER_MODULUS;
    high %= ADLER_MODULUS;
  }
  return ((high << 16) | low) >>> 0;
}
