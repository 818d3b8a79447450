import { findZipEnd, type ReadsPart, type ZipEnd } from './end.ts';

/** One entry as the central directory describes it. */
export interface ZipEntry {
  /** As recorded: `/` between segments, a trailing `/` for folders. */
  readonly name: string;
  /** 0 stored, 8 deflated; others cannot be read. */
  readonly method: number;
  readonly compressedBytes: number;
  /** Size it claims to have. */
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly isEncrypted: boolean;
  /** Position of its local header. */
  readonly offset: number;
}

/** What is wrong with an archive that could be read nevertheless. */
export type ZipProblem =
  /** The central directory ends before the number of entries the archive claims. */
  | 'fewer-entries'
  /** More entries than asked for. */
  | 'too-many-entries'
  /** Bytes of one entry lie inside another: how bombs are made. Later ones are left out. */
  | 'overlapping-entries'
  /** A name is there twice; the last counts, as it does for Java. */
  | 'duplicate-names'
  /** Names that leave the archive or hold control characters are left out. */
  | 'unsafe-names';

/** An archive's entries, in the order of the central directory. */
export interface ZipArchive {
  readonly bytes: Buffer;
  readonly entries: readonly ZipEntry[];
  /** Bytes before the archive: a launch script. */
  readonly prefixBytes: number;
  readonly problems: readonly ZipProblem[];
}

export interface ZipOptions {
  /** Entries beyond these are left out. 1,000,000 unless told. */
  readonly maxEntries?: number;
  /** Asked for every entry, in order: whether to keep it. Others only count, and bound the rest. All unless told. */
  readonly wants?: (name: string) => boolean;
  /** Told of each part that the result, and what `readZipEntry` will make of its entries, depends on. */
  readonly reads?: ReadsPart;
}

const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const ENCRYPTED_FLAG = 0x1;
const MAX_ENTRIES = 1_000_000;
const MAX_NAME_BYTES = 4096;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\0-\x1f\x7f-\x9f\\]|^\/|^[A-Za-z]:|(?:^|\/)\.\.(?:\/|$)/;

/**
 * Reads a zip archive's list of entries from hostile bytes; contents are read one by one (`readZipEntry`). Zip64, comments, bytes before the archive
 * and data descriptors (the central directory has the sizes) are understood. Never throws; time is linear in the size of the central directory.
 * @returns undefined when the bytes are no zip archive
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function tryReadZip(input: Uint8Array, options: ZipOptions = {}): ZipArchive | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const end = findZipEnd(bytes, options.reads);
  if (end === undefined) return undefined;
  const problems = new Set<ZipProblem>();
  const entries = listEntries(bytes, {
    end,
    problems,
    maxEntries: options.maxEntries ?? MAX_ENTRIES,
    wants: options.wants,
  });
  if (options.reads !== undefined) tellReads(bytes, { end, entries, reads: options.reads });
  return {
    bytes,
    entries: unique(entries, problems),
    prefixBytes: end.prefixBytes,
    problems: [...problems].toSorted(),
  };
}

function tellReads(
  bytes: Buffer,
  from: { readonly end: ZipEnd; readonly entries: readonly ZipEntry[]; readonly reads: ReadsPart },
): void {
  const { end, entries, reads } = from;
  reads(end.directoryOffset, end.directoryOffset + end.directoryBytes);
  for (const { offset, compressedBytes } of entries) {
    if (offset + LOCAL_BYTES > bytes.byteLength) continue;
    const nameBytes = bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    reads(offset, offset + LOCAL_BYTES);
    reads(offset, offset + LOCAL_BYTES + nameBytes + compressedBytes);
  }
}

interface Listing {
  readonly end: ZipEnd;
  readonly problems: Set<ZipProblem>;
  readonly maxEntries: number;
  readonly wants: ((name: string) => boolean) | undefined;
}

function listEntries(bytes: Buffer, listing: Listing): readonly ZipEntry[] {
  const { end, problems, maxEntries, wants } = listing;
  const limit = end.directoryOffset + end.directoryBytes;
  const spans = new SpanCheck();
  const kept: { readonly entry: ZipEntry; readonly index: number }[] = [];
  let at = end.directoryOffset;
  let count = 0;
  while (at + ENTRY_BYTES <= limit && bytes.readUInt32LE(at) === ENTRY) {
    if (count >= maxEntries) {
      problems.add('too-many-entries');
      break;
    }
    const nameBytes = bytes.readUInt16LE(at + 28);
    const extraBytes = bytes.readUInt16LE(at + 30);
    const next = at + ENTRY_BYTES + nameBytes + extraBytes + bytes.readUInt16LE(at + 32);
    if (next > limit) break;
    const entry = readEntry(bytes, at, end.prefixBytes);
    spans.add(entry.offset, entry.offset + LOCAL_BYTES + nameBytes + entry.compressedBytes);
    if (wants === undefined || wants(entry.name)) {
      if (nameBytes > MAX_NAME_BYTES || UNSAFE.test(entry.name)) problems.add('unsafe-names');
      else kept.push({ entry, index: count });
    }
    count += 1;
    at = next;
  }
  // without zip64 the count is only known modulo 65,536
  if (!problems.has('too-many-entries') && count % 65_536 !== end.entryCount % 65_536) problems.add('fewer-entries');
  const overlapping = spans.overlapping();
  if (overlapping.size === 0) return kept.map(({ entry }) => entry);
  problems.add('overlapping-entries');
  return kept.filter(({ index }) => !overlapping.has(index)).map(({ entry }) => entry);
}

function readEntry(bytes: Buffer, at: number, prefixBytes: number): ZipEntry {
  const flags = bytes.readUInt16LE(at + 8);
  const nameBytes = bytes.readUInt16LE(at + 28);
  const nameStart = at + ENTRY_BYTES;
  let compressedBytes = bytes.readUInt32LE(at + 20);
  let sizeBytes = bytes.readUInt32LE(at + 24);
  let offset = bytes.readUInt32LE(at + 42);
  if (compressedBytes === 0xffffffff || sizeBytes === 0xffffffff || offset === 0xffffffff) {
    const extraStart = nameStart + nameBytes;
    const extra = bytes.subarray(extraStart, extraStart + bytes.readUInt16LE(at + 30));
    const large = largeNumbers(extra);
    if (sizeBytes === 0xffffffff) sizeBytes = large.shift() ?? sizeBytes;
    if (compressedBytes === 0xffffffff) compressedBytes = large.shift() ?? compressedBytes;
    if (offset === 0xffffffff) offset = large.shift() ?? offset;
  }
  const nameEnd = nameStart + Math.min(nameBytes, MAX_NAME_BYTES);
  return {
    // Java's tools write UTF-8 without saying so; what is not UTF-8 shows as replacement characters
    name: bytes.toString('utf8', nameStart, nameEnd),
    method: bytes.readUInt16LE(at + 10),
    compressedBytes,
    sizeBytes,
    crc32: bytes.readUInt32LE(at + 16),
    isEncrypted: (flags & ENCRYPTED_FLAG) !== 0,
    offset: offset + prefixBytes,
  };
}

/** The 64-bit numbers of the zip64 extra field, in their order. */
function largeNumbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const sizeBytes = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + sizeBytes);
    if (extra.readUInt16LE(at) === 1) {
      const numbers: number[] = [];
      for (let word = 0; word + 8 <= field.byteLength && word < 24; word += 8) {
        numbers.push(Number(field.readBigUInt64LE(word)));
      }
      return numbers;
    }
    at += 4 + sizeBytes;
  }
  return [];
}

/** Finds spans that begin inside an earlier one. Archives are nearly always in order, so that nothing must be sorted. */
class SpanCheck {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #isSorted = true;
  #furthest = 0;

  add(start: number, end: number): void {
    if (start < this.#furthest) this.#isSorted = false;
    this.#furthest = Math.max(this.#furthest, end);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Indices of the spans to leave out. */
  overlapping(): ReadonlySet<number> {
    const found = new Set<number>();
    if (this.#isSorted) return found;
    const order = Uint32Array.from(this.#starts.keys());
    order.sort((a, b) => this.#starts[a]! - this.#starts[b]! || a - b);
    let furthest = 0;
    for (const index of order) {
      if (this.#starts[index]! < furthest) found.add(index);
      else furthest = this.#ends[index]!;
    }
    return found;
  }
}

/** One entry for each name: the last, where Java too looks up by name. Order stays that of the directory. */
function unique(entries: readonly ZipEntry[], problems: Set<ZipProblem>): readonly ZipEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  if (byName.size === entries.length) return entries;
  problems.add('duplicate-names');
  return entries.filter((entry) => byName.get(entry.name) === entry);
}
