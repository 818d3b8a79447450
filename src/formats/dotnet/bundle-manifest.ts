import type { ByteReader } from '../executable/byte-reader.ts';

/** One file inside a bundle. */
export interface BundleEntry {
  /** As the bundle writes it, `/` between segments. */
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** 0: not compressed. */
  readonly compressedBytes: number;
}

export interface BundleManifest {
  readonly entries: readonly BundleEntry[];
  /** Why entries are missing. */
  readonly problem?: string;
}

const MAX_ENTRIES = 100_000;
const MAX_PATH_BYTES = 4096;
/** Before it the header ends after the identifier. */
const WITH_LOCATIONS = 2;
const LOCATIONS_BYTES = 40;
const WITH_COMPRESSION = 3;
const NEWEST = 6;

/**
 * Reads the header and the list of files of a .NET single-file bundle: versions 1 (.NET Core 3), 2 (.NET 5) and 6. Hostile bytes; never throws.
 * @returns what cannot be read at all as a sentence
 * @see https://github.com/dotnet/designs/blob/main/accepted/2020/single-file/bundler.md
 */
export function readBundleManifest(reader: ByteReader, headerAt: number): BundleManifest | string {
  const major = reader.u32(headerAt);
  const count = reader.u32(headerAt + 8);
  const identifier = readText(reader, headerAt + 12);
  if (major === undefined || count === undefined || identifier === undefined)
    return 'the header of the bundle lies outside the file';
  if (major < 1 || major > NEWEST) return `the bundle's version ${major} is not known`;
  const entries: BundleEntry[] = [];
  let at = identifier.next + (major >= WITH_LOCATIONS ? LOCATIONS_BYTES : 0);
  for (let index = 0; index < Math.min(count, MAX_ENTRIES); index += 1) {
    const numbers = major >= WITH_COMPRESSION ? 3 : 2;
    const offset = reader.u64(at);
    const sizeBytes = reader.u64(at + 8);
    const compressedBytes = numbers === 3 ? reader.u64(at + 16) : 0;
    const path = readText(reader, at + numbers * 8 + 1);
    if (offset === undefined || sizeBytes === undefined || compressedBytes === undefined || path === undefined)
      return { entries, problem: `only ${entries.length} of ${count} files of the bundle are listed` };
    entries.push({ path: path.text.replaceAll('\\', '/'), offset, sizeBytes, compressedBytes });
    at = path.next;
  }
  return count > MAX_ENTRIES
    ? { entries, problem: `only ${MAX_ENTRIES} of ${count} files of the bundle are read` }
    : { entries };
}

/** A length in groups of 7 bits, then UTF-8. */
function readText(reader: ByteReader, start: number): { readonly text: string; readonly next: number } | undefined {
  let length = 0;
  for (let used = 0; used < 5; used += 1) {
    const byte = reader.bytes[start + used];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * used);
    if (byte >= 0x80) continue;
    const from = start + used + 1;
    const next = from + length;
    if (length > MAX_PATH_BYTES || next > reader.bytes.length) return undefined;
    return { text: reader.bytes.toString('utf8', from, next), next };
  }
  return undefined;
}
