import { createDigester, digestAlgorithm, type AppError } from '../../core/index.ts';
import { createDecoder, type ChunkTaker, type Decoder } from './decoder.ts';
import { layerError } from './errors.ts';
import { excessBytes, type ExpansionAccount } from './expansion-account.ts';
import { layerLabel, looksForSomething, type LayerJob, type LayerLimits } from './layer-job.ts';
import { layerCompression } from './media-type.ts';

/** Stored bytes chunk by chunk. A chunk's memory may be used again once the one after the next is asked for. */
export type ChunkSource = () => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface StoredPassOptions {
  readonly limits: LayerLimits;
  readonly account: ExpansionAccount;
  /** Takes the uncompressed bytes once they are counted. May throw: LAYER_STOPPED ends the pass at once. */
  readonly onData: ChunkTaker;
  readonly onProgress: (bytes: number) => void;
}

const STOPS_AT_ONCE = new Set<unknown>(['LAYER_TOO_LARGE', 'LAYER_EXPANSION', 'LAYER_STOPPED']);

/**
 * The first half of one pass: reads the stored bytes, hashes them, decompresses, counts what comes out. What is wrong with the compression is held back
 * until size and digest are known: a damaged blob is called damaged, not malformed.
 * @throws AppError LAYER_TOO_LARGE, LAYER_EXPANSION at once; LAYER_SIZE_MISMATCH, LAYER_TRUNCATED, LAYER_DIGEST_MISMATCH; then LAYER_MEDIA_TYPE,
 *   LAYER_MALFORMED and what `onData` threw
 */
export async function readStored(job: LayerJob, source: ChunkSource, options: StoredPassOptions): Promise<void> {
  const digester = createDigester(digestAlgorithm(job.digest));
  const unpacked = new UnpackedLimit(job, options);
  const onData: ChunkTaker = (chunk, isOwn) => {
    unpacked.add(chunk.length);
    options.onData(chunk, isOwn);
  };
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
          decoder = createDecoder(job, layerCompression(job, chunk), onData);
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

/** Counts the uncompressed bytes. */
class UnpackedLimit {
  readonly #job: LayerJob;
  readonly #limits: LayerLimits;
  readonly #account: ExpansionAccount | undefined;
  #bytes = 0;
  /** What the account has of this layer. */
  #countedBytes = 0;

  constructor(job: LayerJob, { limits, account }: Pick<StoredPassOptions, 'limits' | 'account'>) {
    this.#job = job;
    this.#limits = limits;
    // the first look at the layer was counted already
    this.#account = looksForSomething(job.secondLook) ? undefined : account;
  }

  /** @throws AppError LAYER_TOO_LARGE, LAYER_EXPANSION: limits that cannot wait for the end */
  add(lengthBytes: number): void {
    this.#bytes += lengthBytes;
    const { layerBytes } = this.#limits;
    if (this.#bytes > layerBytes) {
      throw layerError(
        'LAYER_TOO_LARGE',
        `${layerLabel(this.#job)} unpacks to more than the ${layerBytes} bytes allowed`,
        { hint: 'raise --max-layer-bytes if the image is trusted' },
      );
    }
    const excess = excessBytes({ storedBytes: this.#job.sizeBytes, unpackedBytes: this.#bytes }, this.#limits);
    if (excess <= this.#countedBytes) return;
    const total = this.#account?.add(excess - this.#countedBytes) ?? excess;
    this.#countedBytes = excess;
    if (total > this.#limits.expansionExcessBytes) throw expansionError(this.#job, this.#limits);
  }
}

export function expansionError(layer: Pick<LayerJob, 'index' | 'digest'>, limits: LayerLimits): AppError {
  const { expansionRatio, expansionExcessBytes } = limits;
  return layerError(
    'LAYER_EXPANSION',
    `${layerLabel(layer)} expands too much: the layers of the image unpack to ${expansionExcessBytes} bytes beyond ${expansionRatio} times their size`,
    { hint: 'name with --max-layer-bytes what one layer may unpack to if the image is trusted' },
  );
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
