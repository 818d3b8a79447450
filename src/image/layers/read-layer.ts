import { createDigester, digestAlgorithm } from '../../core/index.ts';
import type { CaptureMatcher } from '../../filesystem/index.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import { layerError } from './errors.ts';
import { layerLabel, type LayerJob, type LayerLimits, type LayerResult } from './layer-job.ts';
import { LayerPass } from './layer-pass.ts';
import { layerCompression } from './media-type.ts';

/** Stored bytes chunk by chunk. A chunk's memory may be used again once the one after the next is asked for. */
export type ChunkSource = () => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/**
 * One pass over one layer: hash, decompress, hash, parse. The stored bytes' digest is judged first, then the diffID, then what was wrong inside.
 * @throws AppError LAYER_*
 */
export async function readLayer(
  job: LayerJob,
  source: ChunkSource,
  options: { matcher: CaptureMatcher; limits: LayerLimits; onProgress: (bytes: number) => void },
): Promise<LayerResult> {
  const pass = new LayerPass(job, options.matcher, options.limits);
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
      throwIfLimit(decoder?.failure);
      if (decoder === undefined && failure === undefined) {
        try {
          decoder = createDecoder(job, layerCompression(job, chunk), (bytes) => pass.write(bytes));
        } catch (error) {
          failure = error;
        }
      }
      writing = decoder?.write(chunk);
      options.onProgress(chunk.length);
    }
    await writing;
    throwIfLimit(decoder?.failure);
    checkStoredBytes(job, readBytes, digester.digest());
    await decoder?.end();
    failure ??= decoder?.failure;
    if (failure !== undefined) throw failure;
    return pass.finish();
  } finally {
    decoder?.destroy();
  }
}

/** Limits are about resources: they cannot wait until everything was hashed. */
function throwIfLimit(failure: Error | undefined): void {
  if (failure && 'code' in failure && (failure.code === 'LAYER_TOO_LARGE' || failure.code === 'LAYER_EXPANSION')) {
    throw failure;
  }
}

function checkStoredBytes(job: LayerJob, readBytes: number, digest: string): void {
  if (readBytes < job.sizeBytes) {
    throw layerError('LAYER_TRUNCATED', `${layerLabel(job)} has ${readBytes} of its ${job.sizeBytes} bytes`);
  }
  if (digest !== job.digest) {
    throw layerError('LAYER_DIGEST_MISMATCH', `${layerLabel(job)} has the digest ${digest}`);
  }
}
