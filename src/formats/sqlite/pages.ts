/** A SQLite file with its write-ahead log laid over it. */
export interface SqlitePages {
  /** Bytes of a page that trees may use. */
  readonly usableBytes: number;
  readonly pageCount: number;
  /** Bytes of database and log together. */
  readonly sizeBytes: number;
  /** A page by its number, from 1; undefined outside of the database. */
  page(number: number): Buffer | undefined;
}

export interface OpenedSqlite {
  /** Absent when the file is no database that can be read. */
  readonly pages?: SqlitePages;
  /** For people: why it cannot be read, or what of its log was not. */
  readonly problems: readonly string[];
}

interface WalOverlay {
  /** Number of a page to its last committed content. */
  readonly pages: ReadonlyMap<number, Buffer>;
  /** Pages of the database after the last commit. */
  readonly pageCount: number;
}

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
const MIN_USABLE_BYTES = 480;
const UTF_8 = 1;
const WAL_MAGIC = 0x377f0682;
const WAL_VERSION = 3_007_000;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Whether the bytes begin as a SQLite database does. */
export function isSqlite(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/**
 * Opens a database for reading pages; no SQL is ever looked at. Of the log, frames count up to the last commit before the first one whose salt or checksum
 * is wrong, as SQLite recovers it. Hostile input: never throws, linear.
 * @see https://www.sqlite.org/fileformat2.html
 */
export function openSqlite(database: Uint8Array, log?: Uint8Array): OpenedSqlite {
  const bytes = asBuffer(database);
  const wal = log === undefined ? Buffer.alloc(0) : asBuffer(log);
  if (!isSqlite(bytes) || bytes.length < HEADER_BYTES) return { problems: ['it is no SQLite database'] };
  const given = bytes.readUInt16BE(16);
  const pageBytes = given === 1 ? 65_536 : given;
  if (!isPageSize(pageBytes)) return { problems: [`pages cannot have ${pageBytes} bytes`] };
  const problems: string[] = [];
  const overlay = readWal(wal, pageBytes, problems);
  const filePages = Math.floor(bytes.length / pageBytes);
  // a log can say any number, but adds at most a page with each frame
  const pageCount = Math.min(overlay?.pageCount ?? filePages, filePages + (overlay?.pages.size ?? 0));
  const page = (number: number): Buffer | undefined => {
    if (!Number.isSafeInteger(number) || number < 1 || number > pageCount) return undefined;
    const end = number * pageBytes;
    return overlay?.pages.get(number) ?? (end > bytes.length ? undefined : bytes.subarray(end - pageBytes, end));
  };
  const first = page(1);
  const usableBytes = pageBytes - (first?.[20] ?? 0);
  const encoding = first?.readUInt32BE(56);
  if (usableBytes < MIN_USABLE_BYTES || first === undefined) {
    return { problems: [...problems, 'its first page cannot be read'] };
  }
  // 0 is an empty database
  if (encoding !== UTF_8 && encoding !== 0) return { problems: [...problems, 'its text is not UTF-8'] };
  return { pages: { usableBytes, pageCount, sizeBytes: bytes.length + wal.length, page }, problems };
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}

/** undefined when nothing in the log is committed; an empty log is usual. */
function readWal(wal: Buffer, pageBytes: number, problems: string[]): WalOverlay | undefined {
  if (wal.length === 0) return undefined;
  const magic = wal.length < WAL_HEADER_BYTES ? 0 : wal.readUInt32BE(0);
  const isBigEndian = magic === WAL_MAGIC + 1;
  if ((magic !== WAL_MAGIC && !isBigEndian) || wal.readUInt32BE(4) !== WAL_VERSION) {
    problems.push('its write-ahead log is none; only the database itself is read');
    return undefined;
  }
  const sum = new WalChecksum(isBigEndian);
  sum.add(wal.subarray(0, WAL_HEADER_BYTES - 8));
  if (!sum.equals(wal, WAL_HEADER_BYTES - 8) || wal.readUInt32BE(8) !== pageBytes) {
    problems.push('the header of its write-ahead log is wrong; only the database itself is read');
    return undefined;
  }
  const pages = new Map<number, Buffer>();
  let pending: [number, Buffer][] = [];
  let pageCount: number | undefined;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    const content = wal.subarray(at + FRAME_HEADER_BYTES, at + frameBytes);
    // frames of an older log that was started over have other salts
    if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break;
    sum.add(wal.subarray(at, at + 8));
    sum.add(content);
    if (!sum.equals(wal, at + 16)) break;
    pending.push([wal.readUInt32BE(at), content]);
    const committed = wal.readUInt32BE(at + 4);
    if (committed === 0) continue;
    for (const [number, bytes] of pending) pages.set(number, bytes);
    pending = [];
    pageCount = committed;
  }
  return pageCount === undefined ? undefined : { pages, pageCount };
}

/** @see https://www.sqlite.org/fileformat2.html#checksum_algorithm */
class WalChecksum {
  readonly #isBigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  /** Takes bytes in words of eight; all that is summed up has such a length. */
  add(bytes: Buffer): void {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      this.#first = (this.#first + this.#word(bytes, at) + this.#second) >>> 0;
      this.#second = (this.#second + this.#word(bytes, at + 4) + this.#first) >>> 0;
    }
  }

  /** Checksums themselves are always big-endian. */
  equals(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.#first && bytes.readUInt32BE(at + 4) === this.#second;
  }

  #word(bytes: Buffer, at: number): number {
    return this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
