import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { layerError } from './errors.ts';
import { layerLabel, type LayerJob } from './layer-job.ts';
import type { Compression } from './media-type.ts';

/** Small chunks cost up to 40 % of the speed; beyond 1 MiB nothing is gained. */
const CHUNK_BYTES = 1024 * 1024;

/** Turns stored bytes into the tar, handing it to a callback chunk by chunk. */
export interface Decoder {
  /** Resolves when the chunk is used up and its memory may be written again. Never rejects; see `failure`. */
  write(chunk: Uint8Array): Promise<void>;
  /** No more bytes come. Resolves when all output was handed over. */
  end(): Promise<void>;
  /** Why decoding stopped, once it did. */
  readonly failure: Error | undefined;
  destroy(): void;
}

/** @param onData called synchronously with each chunk; what it throws becomes `failure` */
export function createDecoder(job: LayerJob, compression: Compression, onData: (chunk: Uint8Array) => void): Decoder {
  if (compression === 'none') return new PlainDecoder(onData);
  const stream =
    compression === 'gzip'
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  return new StreamDecoder(job, stream, onData);
}

class PlainDecoder implements Decoder {
  readonly #onData: (chunk: Uint8Array) => void;
  failure: Error | undefined;

  constructor(onData: (chunk: Uint8Array) => void) {
    this.#onData = onData;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.failure) return;
    try {
      this.#onData(chunk);
    } catch (error) {
      this.failure = toError(error);
    }
  }

  async end(): Promise<void> {}

  destroy(): void {}
}

/** Over Node's public gunzip and zstd streams, which take gzip members and zstd frames one after another. */
class StreamDecoder implements Decoder {
  readonly #job: LayerJob;
  readonly #stream: Gunzip | ZstdDecompress;
  readonly #ended: Promise<void>;
  #fedBytes = 0;
  failure: Error | undefined;

  constructor(job: LayerJob, stream: Gunzip | ZstdDecompress, onData: (chunk: Uint8Array) => void) {
    this.#job = job;
    this.#stream = stream;
    this.#ended = new Promise((resolve) => {
      stream.on('data', (chunk: Uint8Array) => {
        if (this.failure) return;
        try {
          onData(chunk);
        } catch (error) {
          this.failure = toError(error);
          stream.destroy();
        }
      });
      stream.on('error', (cause) => {
        this.failure ??= this.#decodingError(cause);
        resolve();
      });
      stream.on('close', resolve);
      stream.on('end', resolve);
    });
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.failure) return;
    this.#fedBytes += chunk.length;
    // a destroyed stream never calls back
    await Promise.race([new Promise<void>((resolve) => this.#stream.write(chunk, () => resolve())), this.#ended]);
  }

  async end(): Promise<void> {
    if (this.failure) return;
    this.#stream.end();
    await this.#ended;
    if (this.failure === undefined && this.#stream.bytesWritten !== this.#fedBytes) {
      this.failure = layerError(
        'LAYER_MALFORMED',
        `${layerLabel(this.#job)} has ${this.#fedBytes - this.#stream.bytesWritten} bytes after its compressed data`,
      );
    }
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #decodingError(cause: Error): Error {
    const isShort = 'code' in cause && cause.code === 'Z_BUF_ERROR';
    return layerError(
      isShort ? 'LAYER_TRUNCATED' : 'LAYER_MALFORMED',
      isShort
        ? `${layerLabel(this.#job)}: the compressed data ends too early`
        : `${layerLabel(this.#job)} cannot be decompressed: ${cause.message}`,
      { cause },
    );
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
