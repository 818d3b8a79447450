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
