/** A part of a file: from `start` to before `end`. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** Memory of which more than this was used is given back after use. */
const KEPT_BYTES = 16 * 1024 * 1024;
/**
 * Memory is taken in at least this size; what is not touched takes no room. Smaller pieces teach the C library's allocator, which raises its limits to the
 * largest piece of up to 32 MiB that was given back, to keep as much for itself in every thread.
 */
const LEAST_BYTES = 33 * 1024 * 1024;

/** Memory in which files are gathered, one at a time, used again and again. */
export class Scratch {
  #memory = Buffer.from(new ArrayBuffer(0));
  #length = 0;
  /** The most that was written into this memory. */
  #usedBytes = 0;
  /** All of the file is gathered, or only these parts. */
  #spans: readonly ByteSpan[] | undefined;

  /** Bytes gathered without a gap; with parts, up to where the last one ends. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Forgets the file. Large memory is given back at once: waiting for the collector would cost hundreds of megabytes. */
  reset(): void {
    this.#length = 0;
    this.#spans = undefined;
    if (this.#usedBytes > KEPT_BYTES || this.#memory.length > LEAST_BYTES) this.#release();
  }

  /** Adds a chunk to the end. @param totalBytes how much there will be: room is made once */
  append(chunk: Uint8Array, totalBytes: number): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#memory.length) {
      const larger = new ArrayBuffer(Math.max(needed, totalBytes, LEAST_BYTES));
      new Uint8Array(larger).set(this.#memory.subarray(0, this.#length));
      this.#replace(larger);
    }
    this.#memory.set(chunk, this.#length);
    this.#length = needed;
    this.#usedBytes = Math.max(this.#usedBytes, needed);
  }

  /**
   * From now on only parts of the file are kept, where they lie in the file. The memory is new, so that what is not written reads as zeros and takes no
   * room. What was gathered so far is cut down likewise: the result must not depend on how the file was cut into chunks.
   */
  keepOnly(spans: readonly ByteSpan[], lengthBytes: number): void {
    const gathered = Buffer.from(this.bytes);
    this.#replace(new ArrayBuffer(Math.max(lengthBytes, LEAST_BYTES)));
    this.#usedBytes = Math.max(lengthBytes, KEPT_BYTES + 1);
    this.#length = lengthBytes;
    this.#spans = spans;
    this.place(gathered, 0);
  }

  /** More parts are wanted: all of them begin after what was placed so far. */
  keepAlso(span: ByteSpan): void {
    this.#spans = [...(this.#spans ?? []), span];
  }

  /** Writes the kept parts of a chunk that begins at `offset` of the file. */
  place(chunk: Uint8Array, offset: number): void {
    const chunkEnd = Math.min(offset + chunk.length, this.#length);
    for (const span of this.#spans ?? []) {
      const start = Math.max(span.start, offset);
      const end = Math.min(span.end, chunkEnd);
      if (span.start >= chunkEnd) return;
      if (start < end) this.#memory.set(chunk.subarray(start - offset, end - offset), start);
    }
  }

  #release(): void {
    this.#replace(new ArrayBuffer(0));
    this.#usedBytes = 0;
  }

  #replace(memory: ArrayBuffer): void {
    const old = this.#memory.buffer;
    this.#memory = Buffer.from(memory);
    old.transfer(0);
  }
}
