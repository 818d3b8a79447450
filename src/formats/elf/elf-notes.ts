import { elfSectionBytes, type ElfFile } from './elf.ts';

/** One note: something a vendor wrote into the file. */
export interface ElfNote {
  /** The vendor: `GNU`, `Go`, `FDO`. */
  readonly name: string;
  /** What it is; each vendor counts for itself. */
  readonly type: number;
  /** A view of the file's bytes. */
  readonly content: Buffer;
}

const SHT_NOTE = 7;
const PT_NOTE = 4;
const HEADER_BYTES = 12;
/** Far above what linkers make: notes and their places in one file, and bytes looked through at each place. */
const MAX_NOTES = 1024;
const MAX_PLACES = 64;
const MAX_PLACE_BYTES = 1024 * 1024;
const MAX_NAME_BYTES = 64;

/**
 * The notes of a hostile ELF file: of its note sections, or of its note segments when it has no such sections (a stripped table). Never throws; notes
 * whose lengths lead outside their place end that place.
 * @param section only what lies in sections of this name, where there are any: other sections may hold thousands of notes
 * @returns at most 1,024
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html#note_section
 */
export function elfNotes(elf: ElfFile, section?: string): readonly ElfNote[] {
  const notes: ElfNote[] = [];
  for (const { bytes, alignment } of notePlaces(elf, section)) {
    readNotes(elf, { bytes, step: alignment === 8 ? 8 : 4, notes });
    if (notes.length >= MAX_NOTES) break;
  }
  return notes;
}

interface NotePlace {
  readonly bytes: Buffer;
  readonly alignment: number;
}

function notePlaces(elf: ElfFile, named: string | undefined): readonly NotePlace[] {
  const all = elf.sections.filter(({ type }) => type === SHT_NOTE);
  const wanted = all.filter(({ name }) => name === named);
  const sections = wanted.length > 0 ? wanted : all;
  if (sections.length > 0) {
    return sections.slice(0, MAX_PLACES).map((section) => ({
      bytes: elfSectionBytes(elf, section).subarray(0, MAX_PLACE_BYTES),
      alignment: section.alignment,
    }));
  }
  const segments = elf.segments.filter(({ type }) => type === PT_NOTE).slice(0, MAX_PLACES);
  return segments.map(({ offset, sizeBytes, alignment }) => ({
    bytes: elf.reader.bytes.subarray(offset, offset + Math.min(sizeBytes, MAX_PLACE_BYTES)),
    alignment,
  }));
}

/** A name's and a content's length, a type, then both, each padded. */
function readNotes(
  elf: ElfFile,
  place: { readonly bytes: Buffer; readonly step: number; readonly notes: ElfNote[] },
): void {
  const { bytes, step, notes } = place;
  const number = (at: number): number => (elf.reader.littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const padded = (length: number): number => Math.ceil(length / step) * step;
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length && notes.length < MAX_NOTES) {
    const nameBytes = number(at);
    const contentBytes = number(at + 4);
    const type = number(at + 8);
    const nameAt = at + HEADER_BYTES;
    const contentAt = at + padded(HEADER_BYTES + nameBytes);
    if (nameAt + nameBytes > bytes.length || contentAt + contentBytes > bytes.length) return;
    if (nameBytes <= MAX_NAME_BYTES) {
      const name = bytes.toString('latin1', nameAt, nameAt + nameBytes).replace(/\0+$/, '');
      notes.push({ name, type, content: bytes.subarray(contentAt, contentAt + contentBytes) });
    }
    at = contentAt + padded(contentBytes);
  }
}
