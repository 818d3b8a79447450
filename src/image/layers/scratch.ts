/** A part of a file: from `start` to before `end`. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** Memory of which more than this was written is given back after use, also what is larger than the second, most of it never touched. */
const KEPT_BYTES = 20 * 1024 * 1024;
const KEPT_LENGTH_BYTES = 128 * 1024 * 1024;
/**
 * Memory is taken in at least this size; what is not touched takes no room. Smaller pieces teach the C library's allocator, which raises its limits to the
 * largest piece of up to 32 MiB that was given back, to keep as much for itself in every thread.
 */
const LEAST_BYTES = 33 * 1024 * 1024;

/** Memory in which files are gathered, one at a time, used again and again: new memory costs more than writing zeros where something was. */
export class Scratch {
  #memory = Buffer.from(new ArrayBuffer(0));
  #length = 0;
  /** Where the memory may hold something else than zeros: up to here, and in these parts, ascending. */
  #filledBytes = 0;
  readonly #placed: { start: number; end: number }[] = [];
  /** All of the file is gathered, or only these parts. */
  #spans: readonly ByteSpan[] | undefined;

  /** Bytes gathered without a gap; with parts, up to where the last one ends. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Forgets the file. Much memory is given back at once: waiting for the collector would cost hundreds of megabytes. */
  reset(): void {
    this.#spans = undefined;
    if (this.#length === 0) return;
    this.#length = 0;
    const written = this.#placed.reduce((sum, { start, end }) => sum + end - start, this.#filledBytes);
    if (written > KEPT_BYTES || this.#memory.length > KEPT_LENGTH_BYTES) this.#replace(new ArrayBuffer(0));
  }

  /** Adds a chunk to the end. @param totalBytes how much there will be: room is made once */
  append(chunk: Uint8Array, totalBytes: number): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#memory.length) {
      const gathered = this.bytes;
      const larger = new ArrayBuffer(Math.max(needed, totalBytes, LEAST_BYTES));
      new Uint8Array(larger).set(gathered);
      this.#replace(larger);
    }
    this.#memory.set(chunk, this.#length);
    this.#length = needed;
    this.#filledBytes = Math.max(this.#filledBytes, needed);
  }

  /**
   * From now on only parts of the file are kept, where they lie in the file. What is not written reads as zeros and, where the memory was not used before,
   * takes no room. What was gathered so far is cut down likewise: the result must not depend on how the file was cut into chunks.
   */
  keepOnly(spans: readonly ByteSpan[], lengthBytes: number): void {
    const gathered = Buffer.from(this.bytes);
    if (lengthBytes > this.#memory.length) this.#replace(new ArrayBuffer(Math.max(lengthBytes, LEAST_BYTES)));
    else this.#clear();
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
      if (start < end) this.#write(chunk.subarray(start - offset, end - offset), start);
    }
  }

  #write(bytes: Uint8Array, start: number): void {
    this.#memory.set(bytes, start);
    const last = this.#placed.at(-1);
    if (last?.end === start) last.end += bytes.length;
    else this.#placed.push({ start, end: start + bytes.length });
  }

  #clear(): void {
    this.#memory.fill(0, 0, this.#filledBytes);
    for (const { start, end } of this.#placed) this.#memory.fill(0, start, end);
    this.#forgetWritten();
  }

  #forgetWritten(): void {
    this.#filledBytes = 0;
    this.#placed.length = 0;
  }

  #replace(memory: ArrayBuffer): void {
    const old = this.#memory.buffer;
    this.#memory = Buffer.from(memory);
    this.#forgetWritten();
    old.transfer(0);
  }
}
