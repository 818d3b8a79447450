import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { digestAlgorithm, digestHex } from '../../core/index.ts';
import type { BlobSource, Descriptor, FileRange } from '../types.ts';
import type { FileFacts } from './cache-entry.ts';

const CHUNK_BYTES = 1024 * 1024;

/** What identifies the file of a blob now; undefined when it cannot be looked at. */
export async function fileFacts(range: FileRange): Promise<FileFacts | undefined> {
  try {
    const stats = await stat(range.path, { bigint: true });
    if (!stats.isFile()) return undefined;
    return {
      path: range.path,
      offsetBytes: range.offsetBytes,
      device: String(stats.dev),
      inode: String(stats.ino),
      sizeBytes: String(stats.size),
      modifiedNs: String(stats.mtimeNs),
      changedNs: String(stats.ctimeNs),
    };
  } catch {
    return undefined;
  }
}

export function sameFacts(a: FileFacts | undefined, b: FileFacts | undefined): boolean {
  return a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether stored bytes still have their size and digest. What cannot be read does not. */
export async function blobIsIntact(descriptor: Descriptor, source: BlobSource, signal: AbortSignal): Promise<boolean> {
  const digester = createHash(digestAlgorithm(descriptor.digest));
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(source, signal)) {
      bytes += chunk.length;
      if (bytes > descriptor.sizeBytes) return false;
      digester.update(chunk);
    }
  } catch {
    return false;
  }
  return bytes === descriptor.sizeBytes && digester.digest('hex') === digestHex(descriptor.digest);
}

function chunksOf(source: BlobSource, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (source.kind === 'stream') return source.stream;
  const { path, offsetBytes, lengthBytes } = source.range;
  return createReadStream(path, {
    start: offsetBytes,
    end: offsetBytes + Math.max(lengthBytes, 1) - 1,
    highWaterMark: CHUNK_BYTES,
    signal,
  }) as AsyncIterable<Uint8Array>;
}
