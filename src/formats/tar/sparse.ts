import { tarError } from './errors.ts';
import { parseDecimal, parseNumber } from './numbers.ts';

/** Where the stored bytes of a sparse file lie: offsets and lengths in turn, ascending, without overlap. */
export interface SparseMap {
  readonly pairs: readonly number[];
  readonly realBytes: number;
}

/** Pairs of one file; maps are capped by their bytes too. */
const MAX_PAIRS = 100_000;

/**
 * Checks a map against the sizes it must agree with.
 * @throws AppError TAR_MALFORMED, TAR_LIMIT
 */
export function sparseMap(pairs: readonly number[], realBytes: number, storedBytes: number): SparseMap {
  if (pairs.length % 2 !== 0) throw bad('has an offset without a length');
  if (pairs.length > 2 * MAX_PAIRS) throw tarError('TAR_LIMIT', `a sparse map has more than ${MAX_PAIRS} parts`);
  let end = 0;
  let stored = 0;
  for (let index = 0; index < pairs.length; index += 2) {
    const offset = pairs[index] ?? 0;
    const length = pairs[index + 1] ?? 0;
    if (offset < end) throw bad('overlaps itself');
    end = offset + length;
    stored += length;
  }
  if (end > realBytes) throw bad('reaches beyond the size of the file');
  if (stored !== storedBytes) throw bad('does not agree with the stored size');
  return { pairs, realBytes };
}

function bad(why: string): Error {
  return tarError('TAR_MALFORMED', `a sparse map ${why}`);
}

/** Appends the pairs of an old GNU header (`offset` 386, 4 of them) or extension block (0, 21 of them); an empty one ends the list. */
export function readOldPairs(block: Uint8Array, offset: number, count: number, pairs: number[]): void {
  for (let index = 0; index < count; index += 1) {
    const at = offset + 24 * index;
    if (block[at] === 0) return;
    const start = parseNumber(block, at, 12);
    const length = parseNumber(block, at + 12, 12);
    if (start < 0 || length < 0) throw bad('has a negative number');
    pairs.push(start, length);
    if (pairs.length > 2 * MAX_PAIRS) throw tarError('TAR_LIMIT', `a sparse map has more than ${MAX_PAIRS} parts`);
  }
}

/** Longest map of format 1.0, in bytes. */
const MAX_MAP_BYTES = 4 * 1024 * 1024;

/** Collects the map that format 1.0 keeps in front of the content: decimal lines, count first, padded to a block. */
export class SparseMapReader {
  readonly #blocks: Buffer[] = [];
  #newlines = 0;
  #needed = 1;

  /** Takes the next block; returns the pairs once the map is complete. */
  add(block: Uint8Array): number[] | undefined {
    this.#blocks.push(Buffer.from(block));
    for (const byte of block) if (byte === 0x0a) this.#newlines += 1;
    if (this.#blocks.length * 512 > MAX_MAP_BYTES) throw tarError('TAR_LIMIT', 'a sparse map is too long');
    if (this.#newlines < this.#needed) return undefined;
    if (this.#needed === 1) {
      const count = parseDecimal(this.#lines()[0] ?? '', 'sparse block count');
      if (count > MAX_PAIRS) throw tarError('TAR_LIMIT', `a sparse map has more than ${MAX_PAIRS} parts`);
      this.#needed = 1 + 2 * count;
      if (this.#newlines < this.#needed) return undefined;
    }
    return this.#lines()
      .slice(1, this.#needed)
      .map((line) => parseDecimal(line, 'sparse map'));
  }

  /** Bytes taken so far: the content begins after them. */
  get bytes(): number {
    return this.#blocks.length * 512;
  }

  #lines(): string[] {
    return Buffer.concat(this.#blocks).toString('latin1').split('\n');
  }
}
