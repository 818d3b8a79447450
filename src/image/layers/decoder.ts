import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { layerError } from './errors.ts';
import { layerLabel, type LayerJob } from './layer-job.ts';
import type { Compression } from './media-type.ts';

/** Handing a chunk from thread to thread costs a wait, during which a core may be idle: with 1 MiB a tenth of the time is lost; beyond 4 MiB nothing is gained. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Frames beyond the first in one layer: compressors that make one per file stay below. */
const MAX_RESTARTS = 1_000_000;

/**
 * Takes uncompressed bytes, in their order.
 * @param isOwn whether the chunk is the last of its memory's use, which may be given to another thread then; else it is valid during the call only
 */
export type ChunkTaker = (chunk: Uint8Array<ArrayBuffer>, isOwn: boolean) => void;

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
export function createDecoder(job: LayerJob, compression: Compression, onData: ChunkTaker): Decoder {
  if (compression === 'none') return new PlainDecoder(onData);
  if (compression === 'zstd') return new FrameDecoder(job, onData);
  return new StreamDecoder(job, createGunzip({ chunkSize: CHUNK_BYTES }), onData);
}

class PlainDecoder implements Decoder {
  readonly #onData: ChunkTaker;
  failure: Error | undefined;

  constructor(onData: ChunkTaker) {
    this.#onData = onData;
  }

  async write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.failure) return;
    try {
      this.#onData(chunk, false);
    } catch (error) {
      this.failure = toError(error);
    }
  }

  async end(): Promise<void> {}

  destroy(): void {}
}

/** Over one of Node's public streams. Gunzip takes members one after another. */
class StreamDecoder implements Decoder {
  readonly #job: LayerJob;
  readonly #stream: Gunzip | ZstdDecompress;
  readonly #onData: ChunkTaker;
  readonly #ended: Promise<void>;
  /** What the stream put into its current memory so far. */
  #gathered: Uint8Array<ArrayBuffer> | undefined;
  #fedBytes = 0;
  failure: Error | undefined;

  constructor(job: LayerJob, stream: Gunzip | ZstdDecompress, onData: ChunkTaker) {
    this.#job = job;
    this.#stream = stream;
    this.#onData = onData;
    this.#ended = new Promise((resolve) => {
      stream.on('data', (chunk: Uint8Array<ArrayBuffer>) => this.#gather(chunk));
      stream.on('error', (cause) => {
        this.failure ??= this.#decodingError(cause);
        resolve();
      });
      stream.on('close', resolve);
      stream.on('end', () => {
        this.flush();
        resolve();
      });
    });
  }

  /** Chunks that lie in one piece of memory, one after another, are taken as one. */
  #gather(chunk: Uint8Array<ArrayBuffer>): void {
    const before = this.#gathered;
    if (before !== undefined && before.buffer !== chunk.buffer) this.flush();
    const start = this.#gathered?.byteOffset ?? chunk.byteOffset;
    const end = chunk.byteOffset + chunk.byteLength;
    this.#gathered = new Uint8Array(chunk.buffer, start, end - start);
    if (end < chunk.buffer.byteLength) return;
    const whole = this.#gathered;
    this.#gathered = undefined;
    // the stream goes on as soon as this returns: the next chunk is decompressed while this one is looked at
    process.nextTick(() => this.#take(whole));
  }

  /** Hands over what was gathered. Once the stream is at its end. */
  flush(): void {
    const rest = this.#gathered;
    this.#gathered = undefined;
    if (rest !== undefined) this.#take(rest);
  }

  /**
   * The chunk's memory is freed when nobody took it: the next chunk then has the same memory, still in the processor's cache. Left to the collector, chunks
   * pile up by the dozen, and collecting them takes a tenth of the time.
   */
  #take(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.failure) return;
    try {
      this.#onData(chunk, true);
    } catch (error) {
      this.failure = toError(error);
      this.#stream.destroy();
      return;
    }
    if (!chunk.buffer.detached) chunk.buffer.transfer(0);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.failure) return;
    this.#fedBytes += chunk.length;
    // a destroyed stream never calls back
    await Promise.race([new Promise<void>((resolve) => this.#stream.write(chunk, () => resolve())), this.#ended]);
  }

  /** Bytes fed so far that the stream, being at its end, did not take. */
  get unusedBytes(): number {
    return this.#fedBytes - this.#stream.bytesWritten;
  }

  async end(): Promise<void> {
    if (this.failure) return;
    this.#stream.end();
    await this.#ended;
    if (this.failure === undefined && this.unusedBytes > 0) {
      this.failure = layerError(
        'LAYER_MALFORMED',
        `${layerLabel(this.#job)} has ${this.unusedBytes} bytes after its compressed data`,
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

/** Zstandard frames one after another: before Node 26 a stream stops where a frame ends inside a chunk; another one goes on from there. */
class FrameDecoder implements Decoder {
  readonly #job: LayerJob;
  readonly #onData: ChunkTaker;
  #current: StreamDecoder;
  #restarts = 0;
  #tooMany: Error | undefined;

  constructor(job: LayerJob, onData: ChunkTaker) {
    this.#job = job;
    this.#onData = onData;
    this.#current = this.#open();
  }

  get failure(): Error | undefined {
    return this.#tooMany ?? this.#current.failure;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.failure) return;
    let rest = chunk;
    for (;;) {
      await this.#current.write(rest);
      const unused = this.#current.unusedBytes;
      // a stream that takes nothing at all is met by no other one
      if (this.failure || unused <= 0 || unused >= rest.length) return;
      rest = rest.subarray(rest.length - unused);
      this.#current.flush();
      this.#current.destroy();
      this.#restarts += 1;
      if (this.#restarts > MAX_RESTARTS) {
        this.#tooMany = layerError('LAYER_MALFORMED', `${layerLabel(this.#job)} has too many zstd frames`);
        return;
      }
      this.#current = this.#open();
    }
  }

  async end(): Promise<void> {
    if (!this.failure) await this.#current.end();
  }

  destroy(): void {
    this.#current.destroy();
  }

  #open(): StreamDecoder {
    return new StreamDecoder(this.#job, createZstdDecompress({ chunkSize: CHUNK_BYTES }), this.#onData);
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
