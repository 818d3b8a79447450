import { contentKind } from './executable-structure.ts';

/** A ZIP archive begins with this, or is behind a script that starts it. */
export const ZIP_FIRST_BYTE = 0x50;

const ENTRY_MAGIC = Buffer.from('PK\x03\x04', 'latin1');
const END_MAGIC = Buffer.from('PK\x05\x06', 'latin1');
/** What stands last in an archive: a record and a comment of at most so many bytes. */
const MAX_END_BYTES = 22 + 0xffff;
/** Scripts that carry an archive are no smaller; those that carry none are gathered for nothing. */
const SMALLEST_LAUNCHER = 16 * 1024;

/** Whether a file may be a ZIP archive, by its beginning. */
export function mayBeZip(head: Buffer, sizeBytes: number): boolean {
  if (head.subarray(0, ENTRY_MAGIC.length).equals(ENTRY_MAGIC)) return true;
  return sizeBytes >= SMALLEST_LAUNCHER && contentKind(head) === 'script';
}

/** The same, when all of it is there. */
export function isZip(file: Buffer): boolean {
  return mayBeZip(file, file.length) && file.subarray(-MAX_END_BYTES).includes(END_MAGIC);
}
