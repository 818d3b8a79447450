import type { ElfFile } from '../elf/elf.ts';
import type { Executable } from './executable.ts';
import type { PeFile } from './pe.ts';

const MARK = 'UPX!';
const HEAD_BYTES = 1024;

/**
 * Whether a program was compressed by UPX, so that nothing inside can be seen: its mark stands behind the headers, and there are no ELF sections,
 * or Windows sections of UPX's names. A program that merely mentions UPX has neither.
 */
export function isUpxPacked(file: Executable | ElfFile | PeFile): boolean {
  if (!file.reader.bytes.subarray(0, HEAD_BYTES).includes(MARK)) return false;
  if (!('sections' in file)) return false;
  if (file.format === 'pe') return file.sections.some(({ name }) => /^UPX\d$/.test(name));
  return file.format === 'elf' && file.sections.length === 0;
}
