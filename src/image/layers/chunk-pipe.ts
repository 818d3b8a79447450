import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { layerError } from './errors.ts';

/**
 * One end of a way for chunks between the thread that decompresses and the one that hashes and parses. Chunks change hands without being copied; what is
 * shared are counters. One writer, one reader. Either side blocks while the other is slow; each can end it for the other. Waits are cut into slices, so that a
 * flag set in between is never missed.
 */
export interface PipeEnd {
  readonly control: SharedArrayBuffer;
  /** To be transferred to the thread that uses it. */
  readonly port: MessagePort;
}

export interface ChunkPipe {
  readonly writer: PipeEnd;
  readonly reader: PipeEnd;
}

/** Chunks on their way. */
const CHUNKS_AHEAD = 3;
const WAIT_SLICE_MS = 200;

// words of the control buffer
const WRITTEN = 0;
const READ = 1;
const STATE = 2;
const WORDS = 3;

const RUNNING = 0;
const ENDED = 1;
const FAILED = 2;
const STOPPED = 3;

export function createChunkPipe(): ChunkPipe {
  const control = new SharedArrayBuffer(4 * WORDS);
  const { port1, port2 } = new MessageChannel();
  return { writer: { control, port: port1 }, reader: { control, port: port2 } };
}

/** Makes a pipe ready for the next layer, after one that went through whole. Only while neither side uses it. */
export function resetChunkPipe({ writer }: ChunkPipe): void {
  new Int32Array(writer.control).fill(0);
}

/** Ends a pipe whose writer is gone: the reader then finds its bytes not good. */
export function closeChunkPipe({ writer }: ChunkPipe): void {
  const control = new Int32Array(writer.control);
  Atomics.compareExchange(control, STATE, RUNNING, FAILED);
  Atomics.notify(control, WRITTEN);
}

export class ChunkWriter {
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  #written = 0;

  constructor({ control, port }: PipeEnd) {
    this.#control = new Int32Array(control);
    this.#port = port;
  }

  /**
   * Sends bytes; blocks while there are enough on their way.
   * @param isOwn whether the chunk's memory may be given away; else it is copied
   * @throws AppError LAYER_STOPPED when the reader gave up
   */
  write(chunk: Uint8Array<ArrayBuffer>, isOwn: boolean): void {
    this.#waitForRoom();
    const bytes = isOwn ? chunk : chunk.slice();
    this.#port.postMessage(bytes, [bytes.buffer]);
    this.#written += 1;
    Atomics.store(this.#control, WRITTEN, this.#written);
    Atomics.notify(this.#control, WRITTEN);
  }

  #waitForRoom(): void {
    for (;;) {
      if (Atomics.load(this.#control, STATE) === STOPPED) throw layerError('LAYER_STOPPED', 'the parser gave up');
      const read = Atomics.load(this.#control, READ);
      if (this.#written - read < CHUNKS_AHEAD) return;
      Atomics.wait(this.#control, READ, read, WAIT_SLICE_MS);
    }
  }

  /** No more bytes come: all of them were good, or something was wrong with them. */
  close(good: boolean): void {
    Atomics.compareExchange(this.#control, STATE, RUNNING, good ? ENDED : FAILED);
    Atomics.notify(this.#control, WRITTEN);
  }
}

/**
 * Hands each chunk to `consume` until the writer closes the pipe. A chunk's memory is freed at once.
 * @returns whether the writer found its bytes good
 */
export function drainChunks(end: PipeEnd, consume: (chunk: Uint8Array) => void): boolean {
  const control = new Int32Array(end.control);
  let read = 0;
  try {
    for (;;) {
      // the state first: what was written before it was set is then seen
      const state = Atomics.load(control, STATE);
      if (read === Atomics.load(control, WRITTEN)) {
        if (state !== RUNNING) return state === ENDED;
        Atomics.wait(control, WRITTEN, read, WAIT_SLICE_MS);
        continue;
      }
      const chunk = receiveMessageOnPort(end.port)?.message as Uint8Array<ArrayBuffer>;
      consume(chunk);
      chunk.buffer.transfer(0);
      read += 1;
      Atomics.store(control, READ, read);
      Atomics.notify(control, READ);
    }
  } catch (error) {
    Atomics.store(control, STATE, STOPPED);
    Atomics.notify(control, READ);
    throw error;
  }
}
