import type { TextTable } from './byte-list.ts';

/** Reads many items of one table: a view over its bytes is made once. */
export class TextReader {
  readonly #ends: Uint32Array;
  readonly #buffer: Buffer;

  constructor(table: TextTable) {
    const { bytes, ends } = table;
    this.#ends = ends;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  at(index: number): string {
    const start = index === 0 ? 0 : (this.#ends[index - 1] as number);
    return this.#buffer.toString('utf8', start, this.#ends[index]);
  }
}
