import { createHmac, timingSafeEqual } from 'node:crypto';
import { packRecords, unpackRecords, type PackedLayout, type StackDiagnostic } from '../../filesystem/index.ts';
import { NO_SECOND_LOOK, type LayerResult } from './layer-job.ts';

/**
 * One file of the layer cache:
 *
 *     0  "WBLC"
 *     4  a byte that is written on each use, so that the modification time tells the last one; 3 zeros
 *     8  HMAC-SHA256 of all that follows
 *    40  length of the header (32 bits, little endian); 4 zeros
 *    48  header as JSON, zeros up to a multiple of 8, then the columns of the records, each padded likewise
 */
const MAGIC = Buffer.from('WBLC', 'latin1');
const MAC_OFFSET = 8;
const BODY_OFFSET = 40;
const HEADER_OFFSET = 48;
export const TOUCH_OFFSET = 4;

/** What identified a blob's file when its bytes were last hashed. Decimal strings: nanoseconds do not fit a number. */
export interface FileFacts {
  readonly path: string;
  readonly offsetBytes: number;
  readonly device: string;
  readonly inode: string;
  readonly sizeBytes: string;
  readonly modifiedNs: string;
  readonly changedNs: string;
}

/** What an entry says beside the records. */
export interface CacheHeader {
  /** The cache key: an entry that was renamed is not believed. */
  readonly key: string;
  readonly facts: FileFacts | undefined;
  readonly diagnostics: readonly StackDiagnostic[];
  readonly unpackedBytes: number;
  readonly layout: PackedLayout;
}

/** The bytes of an entry, in pieces. */
export function encodeEntry(
  content: { key: string; facts: FileFacts | undefined; result: LayerResult },
  secret: Uint8Array,
): Uint8Array[] {
  const { layout, parts } = packRecords(content.result.records);
  const header: CacheHeader = {
    key: content.key,
    facts: content.facts,
    diagnostics: content.result.diagnostics,
    unpackedBytes: content.result.unpackedBytes,
    layout,
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(HEADER_OFFSET - BODY_OFFSET);
  length.writeUInt32LE(json.length);
  const body = [length, json, new Uint8Array((8 - (json.length % 8)) % 8), ...parts];
  const mac = createHmac('sha256', secret);
  for (const part of body) mac.update(part);
  return [MAGIC, new Uint8Array(MAC_OFFSET - MAGIC.length), mac.digest(), ...body];
}

/** An entry's content if it is authentic and for this key; anything else is no entry. */
export function tryDecodeEntry(
  buffer: ArrayBuffer,
  key: string,
  secret: Uint8Array,
): { facts: FileFacts | undefined; result: LayerResult } | undefined {
  const bytes = Buffer.from(buffer);
  if (bytes.length < HEADER_OFFSET || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const mac = createHmac('sha256', secret).update(bytes.subarray(BODY_OFFSET)).digest();
  if (!timingSafeEqual(mac, bytes.subarray(MAC_OFFSET, BODY_OFFSET))) return undefined;
  // from here on the bytes are our own
  const headerBytes = bytes.readUInt32LE(BODY_OFFSET);
  const header = JSON.parse(bytes.toString('utf8', HEADER_OFFSET, HEADER_OFFSET + headerBytes)) as CacheHeader;
  if (header.key !== key) return undefined;
  const offset = HEADER_OFFSET + Math.ceil(headerBytes / 8) * 8;
  const records = unpackRecords(header.layout, buffer, offset);
  const { facts, diagnostics, unpackedBytes } = header;
  return { facts, result: { records, diagnostics, unpackedBytes, missing: NO_SECOND_LOOK } };
}
