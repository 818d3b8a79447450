import { decodeName } from '../tar/name.ts';

/** The values of one package header. What is absent, of another type or outside of the data is undefined or empty. */
export interface RpmHeader {
  /** The string, or the first of several. */
  text(tag: number): string | undefined;
  /** The strings of a list, at most a million and 32 MiB. Fewer than `count` where they end, or the data before. */
  texts(tag: number): readonly string[];
  /** How many values the header says this tag has. */
  count(tag: number): number;
  /** Integers of any width, at most a million; characters as their codes. */
  numbers(tag: number): readonly number[];
}

/** Numbers of the tags that packages are described by. @see https://rpm-software-management.github.io/rpm/manual/tags.html */
export const RPM_TAGS = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  vendor: 1011,
  license: 1014,
  url: 1020,
  architecture: 1022,
  oldFileNames: 1027,
  fileStates: 1029,
  fileDigests: 1035,
  fileLinkTargets: 1036,
  fileFlags: 1037,
  sourceRpm: 1044,
  fileVerifyFlags: 1045,
  provideName: 1047,
  requireName: 1049,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
  fileDigestAlgorithm: 5011,
  modularityLabel: 5096,
} as const;

interface IndexEntry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** Far more than the files of any package. */
const MAX_VALUES = 1_000_000;
const MAX_LIST_BYTES = 32 * 1024 * 1024;
/** Longer single values are cut: they are no names, and summaries are one line. */
const MAX_TEXT_BYTES = 64 * 1024;
const PREAMBLE_BYTES = 8;
const ENTRY_BYTES = 16;
const MAX_ENTRIES = 0xffff;
const MAX_DATA_BYTES = 256 * 1024 * 1024;
const STRING = 6;
const STRING_ARRAY = 8;
const I18N_STRING = 9;
/** Bytes of one value, by type: characters, and integers of 8, 16, 32 and 64 bits. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
]);

/**
 * Parses a header blob of a package database: big-endian counts, an index, data. Entries that were added after the package was signed come after the
 * immutable region and win over it. Hostile input: never throws, values are read when asked for, each read linear in the blob.
 * @returns undefined when the counts are beyond rpm's own limits or the blob is shorter than they say
 * @see https://rpm-software-management.github.io/rpm/manual/hregions.html
 */
export function tryParseRpmHeader(blob: Uint8Array): RpmHeader | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < PREAMBLE_BYTES) return undefined;
  const entryCount = bytes.readUInt32BE(0);
  const dataBytes = bytes.readUInt32BE(4);
  if (entryCount === 0 || entryCount > MAX_ENTRIES || dataBytes > MAX_DATA_BYTES) return undefined;
  const dataStart = PREAMBLE_BYTES + ENTRY_BYTES * entryCount;
  if (bytes.length < dataStart + dataBytes) return undefined;
  const entries = new Map<number, IndexEntry>();
  for (let index = 0; index < entryCount; index += 1) {
    const at = PREAMBLE_BYTES + ENTRY_BYTES * index;
    const type = bytes.readUInt32BE(at + 4);
    const offset = bytes.readInt32BE(at + 8);
    const count = bytes.readUInt32BE(at + 12);
    entries.set(bytes.readUInt32BE(at), { type, offset, count });
  }
  return createHeader(entries, bytes.subarray(dataStart, dataStart + dataBytes));
}

function createHeader(entries: ReadonlyMap<number, IndexEntry>, data: Buffer): RpmHeader {
  return {
    text(tag) {
      const entry = entries.get(tag);
      return entry !== undefined && isText(entry) ? readText(data, entry.offset) : undefined;
    },
    texts(tag) {
      const entry = entries.get(tag);
      if (entry === undefined || !isText(entry)) return [];
      return readTexts(data, entry.offset, entry.type === STRING ? 1 : Math.min(entry.count, MAX_VALUES));
    },
    count(tag) {
      const entry = entries.get(tag);
      return entry === undefined ? 0 : entry.type === STRING ? 1 : entry.count;
    },
    numbers(tag) {
      const entry = entries.get(tag);
      return entry === undefined ? [] : readNumbers(data, entry);
    },
  };
}

function isText({ type }: IndexEntry): boolean {
  return type === STRING || type === STRING_ARRAY || type === I18N_STRING;
}

/** A string ends in a zero byte. */
function readText(data: Buffer, offset: number): string | undefined {
  // a negative offset would count from the end
  const zero = offset < 0 ? -1 : data.indexOf(0, offset);
  return zero === -1 ? undefined : decodeName(data.subarray(offset, Math.min(zero, offset + MAX_TEXT_BYTES)));
}

/** One that the data cuts off is left out. */
function readTexts(data: Buffer, offset: number, count: number): readonly string[] {
  if (offset < 0) return [];
  let end = offset;
  let found = 0;
  for (; found < count; found += 1) {
    const zero = data.indexOf(0, end);
    if (zero === -1 || zero - offset > MAX_LIST_BYTES) break;
    end = zero + 1;
  }
  // decoded at once: one by one takes several times as long for a hundred thousand file names
  return found === 0 ? [] : decodeName(data.subarray(offset, end - 1)).split('\0');
}

function readNumbers(data: Buffer, { type, offset, count }: IndexEntry): readonly number[] {
  const width = WIDTHS.get(type);
  if (width === undefined || offset < 0 || offset + width * count > data.length) return [];
  const numbers: number[] = [];
  const kept = Math.min(count, MAX_VALUES);
  for (let at = offset; numbers.length < kept; at += width) {
    numbers.push(width === 8 ? Number(data.readBigUInt64BE(at)) : data.readUIntBE(at, width));
  }
  return numbers;
}
