import { createDigester, digestAlgorithm } from '../../core/index.ts';
import { createDecoder, type ChunkTaker, type Decoder } from './decoder.ts';
import { layerError } from './errors.ts';
import { layerLabel, type LayerJob } from './layer-job.ts';
import { layerCompression } from './media-type.ts';

/** Stored bytes chunk by chunk. A chunk's memory may be used again once the one after the next is asked for. */
export type ChunkSource = () => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface StoredPassOptions {
  /** Takes the uncompressed bytes. May throw: LAYER_TOO_LARGE, LAYER_EXPANSION and LAYER_STOPPED end the pass at once. */
  readonly onData: ChunkTaker;
  readonly onProgress: (bytes: number) => void;
}

const STOPS_AT_ONCE = new Set<unknown>(['LAYER_TOO_LARGE', 'LAYER_EXPANSION', 'LAYER_STOPPED']);

/**
 * The compressed half of one pass: reads the stored bytes, hashes them, decompresses. What is wrong with the compression is held back until size and
 * digest are known: a damaged blob is called damaged, not malformed.
 * @throws AppError LAYER_SIZE_MISMATCH, LAYER_TRUNCATED, LAYER_DIGEST_MISMATCH; then LAYER_MEDIA_TYPE, LAYER_MALFORMED, and what `onData` threw
 */
export async function readStored(job: LayerJob, source: ChunkSource, options: StoredPassOptions): Promise<void> {
  const digester = createDigester(digestAlgorithm(job.digest));
  let decoder: Decoder | undefined;
  let failure: unknown;
  let readBytes = 0;
  let writing: Promise<void> | undefined;
  try {
    for (let chunk = await source(); chunk !== undefined; chunk = await source()) {
      readBytes += chunk.length;
      if (readBytes > job.sizeBytes) {
        throw layerError('LAYER_SIZE_MISMATCH', `${layerLabel(job)} is larger than its ${job.sizeBytes} bytes`);
      }
      digester.update(chunk);
      // the chunk before was being decompressed meanwhile
      await writing;
      throwIfUrgent(decoder?.failure);
      if (decoder === undefined && failure === undefined) {
        try {
          decoder = createDecoder(job, layerCompression(job, chunk), options.onData);
        } catch (error) {
          failure = error;
        }
      }
      writing = decoder?.write(chunk);
      options.onProgress(chunk.length);
    }
    await writing;
    await decoder?.end();
    throwIfUrgent(decoder?.failure);
    checkStoredBytes(job, readBytes, digester.digest());
    failure ??= decoder?.failure;
    if (failure !== undefined) throw failure;
  } finally {
    decoder?.destroy();
  }
}

/** Limits are about resources: they cannot wait until everything was hashed. */
function throwIfUrgent(failure: Error | undefined): void {
  if (failure && 'code' in failure && STOPS_AT_ONCE.has(failure.code)) throw failure;
}

function checkStoredBytes(job: LayerJob, readBytes: number, digest: string): void {
  if (readBytes < job.sizeBytes) {
    throw layerError('LAYER_TRUNCATED', `${layerLabel(job)} has ${readBytes} of its ${job.sizeBytes} bytes`);
  }
  if (digest !== job.digest) {
    throw layerError('LAYER_DIGEST_MISMATCH', `${layerLabel(job)} has the digest ${digest}`);
  }
}
