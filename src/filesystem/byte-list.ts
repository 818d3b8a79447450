import { filesystemError } from './errors.ts';

/** Text items that lie one after another in one pool of UTF-8 bytes: item i ends at `ends[i]`. */
export interface TextTable {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** Item `index` of a table. */
export function textAt(table: TextTable, index: number): string {
  const start = index === 0 ? 0 : (table.ends[index - 1] ?? 0);
  const bytes = table.bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'utf8',
    start,
    table.ends[index] ?? start,
  );
}

/** Most bytes that the captured files or the names of one layer may have: five million names of fifty bytes. */
const MAX_POOL_BYTES = 1024 * 1024 * 1024;
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** What grows beyond the first is given the second at once: see the scratch memory of layers for what pieces in between do. Untouched memory takes no room. */
const SMALL_BYTES = 1024 * 1024;
const LARGE_BYTES = 33 * 1024 * 1024;

/** Grows by doubling; `finish` gives an array of exactly the length, ready to be transferred. */
export class ByteList {
  #bytes: Buffer;
  readonly #maxBytes: number;
  #length = 0;

  constructor(capacity = 1024, maxBytes = MAX_POOL_BYTES) {
    this.#bytes = Buffer.from(new ArrayBuffer(capacity));
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  appendText(text: string): void {
    // three bytes a UTF-16 unit is the most UTF-8 needs
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  appendHex(hex: string): void {
    this.#reserve(hex.length / 2);
    this.#length += this.#bytes.write(hex, this.#length, 'hex');
  }

  appendBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): Uint8Array {
    return new Uint8Array((this.#bytes.buffer as ArrayBuffer).transfer(this.#length));
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#maxBytes) {
      throw filesystemError(
        'FILESYSTEM_TOO_LARGE',
        `the names, attributes or captured files of one layer need more than ${this.#maxBytes} bytes`,
      );
    }
    const doubled = Math.max(needed, this.#bytes.length * 2);
    const capacity = Math.min(this.#maxBytes, doubled <= SMALL_BYTES ? doubled : Math.max(doubled, LARGE_BYTES));
    const larger = Buffer.from(new ArrayBuffer(capacity));
    larger.set(this.#bytes.subarray(0, this.#length));
    (this.#bytes.buffer as ArrayBuffer).transfer(0);
    this.#bytes = larger;
  }
}

type NumberArray = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** Numbers of one typed-array kind that grow by doubling. */
export class NumberList<T extends NumberArray> {
  readonly #make: (buffer: ArrayBuffer) => T;
  readonly #width: number;
  #items: T;
  #length = 0;

  constructor(kind: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number }, capacity = 256) {
    this.#make = (buffer) => new kind(buffer);
    this.#width = kind.BYTES_PER_ELEMENT;
    this.#items = this.#make(new ArrayBuffer(capacity * this.#width));
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#items[index] as number;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }

  push(value: number): void {
    if (this.#length === this.#items.length) {
      this.#items = this.#make((this.#items.buffer as ArrayBuffer).transfer(this.#length * 2 * this.#width));
    }
    this.#items[this.#length] = value;
    this.#length += 1;
  }

  finish(): T {
    return this.#make((this.#items.buffer as ArrayBuffer).transfer(this.#length * this.#width));
  }
}

/** Builds a `TextTable`. */
export class TextList {
  readonly #bytes = new ByteList(1024, MAX_TEXT_BYTES);
  readonly #ends = new NumberList(Uint32Array);

  get length(): number {
    return this.#ends.length;
  }

  push(text: string): number {
    this.#bytes.appendText(text);
    this.#ends.push(this.#bytes.length);
    return this.#ends.length - 1;
  }

  finish(): TextTable {
    return { bytes: this.#bytes.finish(), ends: this.#ends.finish() };
  }
}
