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

/** Pieces up to the first double; then each is at least the second: see the scratch memory of layers for what sizes in between do. Untouched memory takes no room. */
const SMALL_BYTES = 1024 * 1024;
const LARGE_BYTES = 33 * 1024 * 1024;

interface Piece {
  readonly bytes: Buffer;
  usedBytes: number;
}

/**
 * Bytes that are appended. Grows by further pieces, so that nothing is copied before `finish`, which gives an array of exactly the length, ready to be
 * transferred, and frees each piece as it goes: never twice the bytes are in memory.
 */
export class ByteList {
  readonly #pieces: Piece[] = [];
  readonly #maxBytes: number;
  #last: Piece;
  #length = 0;

  constructor(capacity = 1024, maxBytes = MAX_POOL_BYTES) {
    this.#maxBytes = maxBytes;
    this.#last = this.#addPiece(capacity);
  }

  get length(): number {
    return this.#length;
  }

  appendText(text: string): void {
    // three bytes a UTF-16 unit is the most UTF-8 needs
    const { bytes, usedBytes } = this.#reserve(text.length * 3);
    this.#advance(bytes.write(text, usedBytes, 'utf8'));
  }

  appendHex(hex: string): void {
    const { bytes, usedBytes } = this.#reserve(hex.length / 2);
    this.#advance(bytes.write(hex, usedBytes, 'hex'));
  }

  appendBytes(added: Uint8Array): void {
    const { bytes, usedBytes } = this.#reserve(added.length);
    bytes.set(added, usedBytes);
    this.#advance(added.length);
  }

  finish(): Uint8Array {
    if (this.#pieces.length === 1) return new Uint8Array(bufferOf(this.#last).transfer(this.#length));
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece.bytes.subarray(0, piece.usedBytes), at);
      at += piece.usedBytes;
      bufferOf(piece).transfer(0);
    }
    return whole;
  }

  #advance(bytes: number): void {
    this.#last.usedBytes += bytes;
    this.#length += bytes;
  }

  /** The last piece, with room for so many bytes. */
  #reserve(more: number): Piece {
    const { bytes, usedBytes } = this.#last;
    if (usedBytes + more <= bytes.length) return this.#last;
    if (this.#length + more > this.#maxBytes) {
      throw filesystemError(
        'FILESYSTEM_TOO_LARGE',
        `the names, attributes or captured files of one layer need more than ${this.#maxBytes} bytes`,
      );
    }
    const doubled = bytes.length * 2;
    const capacity = Math.max(more, doubled <= SMALL_BYTES ? doubled : LARGE_BYTES);
    this.#last = this.#addPiece(Math.min(capacity, this.#maxBytes - this.#length));
    return this.#last;
  }

  #addPiece(capacity: number): Piece {
    const piece = { bytes: Buffer.from(new ArrayBuffer(capacity)), usedBytes: 0 };
    this.#pieces.push(piece);
    return piece;
  }
}

function bufferOf({ bytes }: Piece): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
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
