/** Remembers which pages were used: none is used twice, so that no chain of pages is endless or read again for every record. */
export class PageMarks {
  readonly #used: Uint8Array;

  constructor(pageCount: number) {
    this.#used = new Uint8Array(pageCount + 1);
  }

  /** false when there is no such page or it was taken before. */
  take(page: number): boolean {
    if (!Number.isSafeInteger(page) || page < 0 || page >= this.#used.length || this.#used[page] !== 0) return false;
    this.#used[page] = 1;
    return true;
  }
}
