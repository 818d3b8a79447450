import { createHash } from 'node:crypto';
import { mattersInJavaArchive, ZipWalk } from '../../formats/index.ts';

/** Smaller archives are simply kept. */
export const SPARSE_ARCHIVE_BYTES = 24 * 1024 * 1024;

/** An archive with more wanted entries than any has is kept from there on. */
const MAX_SPANS = 200_000;

/**
 * A large Java archive of which only the parts are kept that its reader may need: manifests, Maven's records, nested archives, the central directory. They lie
 * where they lie in the file, with zeros between that take no memory.
 */
export class SparseArchive {
  readonly #memory: Buffer;
  readonly #walk: ZipWalk;
  readonly #hash = createHash('sha256');
  /** Of the parts that are kept, ascending. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #sha256: string | undefined;
  #isLacking = false;

  constructor(sizeBytes: number) {
    this.#memory = Buffer.from(new ArrayBuffer(sizeBytes));
    this.#walk = new ZipWalk(
      (name) => this.#starts.length > MAX_SPANS || mattersInJavaArchive(name),
      (bytes, offset) => this.#keep(bytes, offset),
    );
  }

  add(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#walk.add(chunk);
  }

  #keep(bytes: Buffer, offset: number): void {
    this.#memory.set(bytes, offset);
    const last = this.#ends.length - 1;
    if (this.#ends[last] === offset) this.#ends[last] = offset + bytes.length;
    else {
      this.#starts.push(offset);
      this.#ends.push(offset + bytes.length);
    }
  }

  /** No more bytes come. @returns the file, zeros where nothing was kept */
  finish(): Buffer {
    this.#walk.end();
    return this.#memory;
  }

  /** Of the whole file, hex. */
  get sha256(): string {
    this.#sha256 ??= this.#hash.digest('hex');
    return this.#sha256;
  }

  /** Whether something was needed that is not there. */
  get isLacking(): boolean {
    return this.#isLacking;
  }

  /** Told of each part that is read. */
  readonly reads = (start: number, end: number): boolean => {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] as number) <= start) low = middle + 1;
      else high = middle;
    }
    const isKept = start >= end || (low > 0 && Math.min(end, this.#memory.length) <= (this.#ends[low - 1] as number));
    if (!isKept) this.#isLacking = true;
    return isKept;
  };

  /** Gives the memory back. */
  free(): void {
    (this.#memory.buffer as ArrayBuffer).transfer(0);
  }
}
