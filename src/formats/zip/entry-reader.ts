import { readZipEntry } from './entry.ts';
import type { ZipArchive, ZipEntry } from './zip.ts';

/** Reads entries of one archive one after the other, within bounds. */
export interface ZipEntryReader {
  /** Content of an entry; undefined when it cannot be read or is too much. */
  read(entry: ZipEntry): Uint8Array | undefined;
  /** false once an entry could not be read, and for an archive whose entries are not all known. */
  readonly isWhole: boolean;
}

/** @param bounds bytes of one entry, and of all that are read */
export function createZipEntryReader(
  archive: ZipArchive,
  bounds: { readonly entryBytes: number; readonly totalBytes: number },
): ZipEntryReader {
  let bytesLeft = bounds.totalBytes;
  let isWhole = !archive.problems.includes('fewer-entries');
  return {
    read(entry) {
      const content = readZipEntry(archive, entry, Math.min(bounds.entryBytes, bytesLeft));
      if ('bytes' in content) {
        bytesLeft -= content.bytes.byteLength;
        return content.bytes;
      }
      isWhole = false;
      return undefined;
    },
    get isWhole() {
      return isWhole;
    },
  };
}
