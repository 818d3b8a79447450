/** What a database yields, record by record: a header, or why one cannot be read. */
export type RpmItem = RpmRecordItem | RpmProblemItem;

export interface RpmRecordItem {
  /** Number of the record in its database. */
  readonly record: number;
  /** The header as rpm stores it, without lead and magic; may share memory with the database. */
  readonly header: Uint8Array;
}

export interface RpmProblemItem {
  /** For people: what is wrong with which record or page. */
  readonly problem: string;
}

/** The largest header that rpm accepts, index included. */
export const MAX_HEADER_BYTES = 256 * 1024 * 1024 + 8 + 16 * 0xffff;

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
