/** Where an archive's list of entries lies. */
export interface ZipEnd {
  /** Position of the central directory in the bytes. */
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  /** Entries the archive claims to have. */
  readonly entryCount: number;
  /** Bytes before the archive (a shell script): all recorded offsets are short by it. */
  readonly prefixBytes: number;
}

/** Told of each part of an archive that is looked at: from `start` to before `end`. */
export type ReadsPart = (start: number, end: number) => unknown;

const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const END_64 = 0x06064b50;
const END_64_BYTES = 56;
const DIRECTORY_ENTRY = 0x02014b50;
const MAX_COMMENT_BYTES = 0xffff;
/** Looks at so many places that look like an end: a comment of 64 KiB may be made of nothing else. */
const MAX_CANDIDATES = 64;

/**
 * Finds the end record from the back; a comment, and bytes before the archive, are allowed. Hostile bytes: never throws, looks at the last 64 KiB only.
 * @returns undefined when there is none whose central directory lies in the bytes
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3.16
 */
export function findZipEnd(bytes: Buffer, reads: ReadsPart = () => undefined): ZipEnd | undefined {
  if (bytes.byteLength < END_BYTES) return undefined;
  const lowest = Math.max(0, bytes.byteLength - END_BYTES - MAX_COMMENT_BYTES);
  const tail = bytes.subarray(lowest);
  let at = tail.lastIndexOf('PK\u0005\u0006', tail.byteLength - END_BYTES, 'latin1');
  for (let tries = 0; at !== -1 && tries < MAX_CANDIDATES; tries += 1) {
    const end = readEnd(bytes, lowest + at, reads);
    if (end !== undefined) {
      reads(lowest + at, bytes.byteLength);
      return end;
    }
    at = at === 0 ? -1 : tail.lastIndexOf('PK\u0005\u0006', at - 1, 'latin1');
  }
  reads(lowest, bytes.byteLength);
  return undefined;
}

function readEnd(bytes: Buffer, at: number, reads: ReadsPart): ZipEnd | undefined {
  if (at < 0 || at + END_BYTES > bytes.byteLength || bytes.readUInt32LE(at) !== END) return undefined;
  const entryCount = bytes.readUInt16LE(at + 10);
  const directoryBytes = bytes.readUInt32LE(at + 12);
  const offset = bytes.readUInt32LE(at + 16);
  const large = entryCount === 0xffff || directoryBytes === 0xffffffff || offset === 0xffffffff;
  return (
    (large ? readEnd64(bytes, at, reads) : undefined) ??
    locate(bytes, { entryCount, directoryBytes, offset, endOffset: at }, reads)
  );
}

/** Archives with more than 65,535 entries or 4 GiB keep the real numbers in a second end record, right before the first. */
function readEnd64(bytes: Buffer, end: number, reads: ReadsPart): ZipEnd | undefined {
  const locator = end - LOCATOR_BYTES;
  if (locator < 0) return undefined;
  reads(locator, end);
  if (bytes.readUInt32LE(locator) !== LOCATOR) return undefined;
  // bytes before the archive make the recorded place wrong: then it is where it lies without an extensible part
  for (const at of [bytes.readBigUInt64LE(locator + 8), BigInt(locator - END_64_BYTES)]) {
    if (at < 0n || at + BigInt(END_64_BYTES) > BigInt(locator)) continue;
    const place = Number(at);
    reads(place, place + END_64_BYTES);
    if (bytes.readUInt32LE(place) !== END_64) continue;
    const numbers = [32, 40, 48].map((field) => Number(bytes.readBigUInt64LE(place + field)));
    const [entryCount = 0, directoryBytes = 0, offset = 0] = numbers;
    return locate(bytes, { entryCount, directoryBytes, offset, endOffset: place }, reads);
  }
  return undefined;
}

interface RecordedEnd {
  readonly entryCount: number;
  readonly directoryBytes: number;
  readonly offset: number;
  readonly endOffset: number;
}

/** The central directory ends where the end record begins, whatever its offset says; else it is where the offset says. */
function locate(bytes: Buffer, end: RecordedEnd, reads: ReadsPart): ZipEnd | undefined {
  const { entryCount, directoryBytes, offset, endOffset } = end;
  const real = endOffset - directoryBytes;
  if (real >= offset && (directoryBytes === 0 ? entryCount === 0 : isEntry(bytes, real, reads))) {
    return { directoryOffset: real, directoryBytes, entryCount, prefixBytes: real - offset };
  }
  if (offset + directoryBytes <= endOffset && isEntry(bytes, offset, reads)) {
    return { directoryOffset: offset, directoryBytes, entryCount, prefixBytes: 0 };
  }
  return undefined;
}

function isEntry(bytes: Buffer, at: number, reads: ReadsPart): boolean {
  if (at < 0 || at + 46 > bytes.byteLength) return false;
  reads(at, at + 46);
  return bytes.readUInt32LE(at) === DIRECTORY_ENTRY;
}
