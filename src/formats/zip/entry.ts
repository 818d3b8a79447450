import { crc32, inflateRawSync } from 'node:zlib';
import type { ZipArchive, ZipEntry } from './zip.ts';

/** The content of an entry, or why there is none. */
export type ZipContent =
  | { readonly bytes: Buffer }
  | {
      readonly problem:
        /** Larger than asked for. */
        | 'too-large'
        /** Its place or its sizes lie outside the archive, or its content has another size or checksum than it claims. */
        | 'malformed'
        | 'encrypted'
        /** Compressed by a method other than deflate. */
        | 'unsupported-method';
    };

const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** Deflate makes at most 1,032 bytes of one; whoever claims more lies, and gets no memory for it. */
const MAX_RATIO = 1032;

/**
 * Content of one entry, checked against its size and checksum. Stored content is a view of the archive's bytes, not a copy. Hostile bytes: never
 * throws, never makes more than `maxBytes`.
 */
export function readZipEntry(archive: ZipArchive, entry: ZipEntry, maxBytes: number): ZipContent {
  if (entry.isEncrypted) return { problem: 'encrypted' };
  if (entry.method !== STORED && entry.method !== DEFLATED) return { problem: 'unsupported-method' };
  if (entry.sizeBytes > maxBytes) return { problem: 'too-large' };
  const raw = rawContent(archive, entry);
  if (raw === undefined) return { problem: 'malformed' };
  const bytes = entry.method === STORED ? raw : inflate(raw, entry.sizeBytes);
  if (bytes?.byteLength !== entry.sizeBytes || crc32(bytes) !== entry.crc32) return { problem: 'malformed' };
  return { bytes };
}

function rawContent(archive: ZipArchive, entry: ZipEntry): Buffer | undefined {
  const { bytes } = archive;
  const { offset, compressedBytes } = entry;
  if (offset + LOCAL_BYTES > bytes.byteLength || bytes.readUInt32LE(offset) !== LOCAL) return undefined;
  const start = offset + LOCAL_BYTES + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  return start + compressedBytes > bytes.byteLength ? undefined : bytes.subarray(start, start + compressedBytes);
}

function inflate(raw: Buffer, sizeBytes: number): Buffer | undefined {
  if (sizeBytes > raw.byteLength * MAX_RATIO + MAX_RATIO) return undefined;
  try {
    // one byte more than is needed: all is made in one piece, and content that is longer than it claims is seen
    return inflateRawSync(raw, { maxOutputLength: sizeBytes + 1, chunkSize: Math.max(64, sizeBytes + 1) });
  } catch {
    return undefined;
  }
}
