import { createByteReader, type ByteReader } from '../executable/byte-reader.ts';
import type { Executable, MappedRange } from '../executable/executable.ts';

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Index of the section this one refers to (a symbol table's strings). */
  readonly link: number;
  /** As the header says it: any number. */
  readonly alignment: number;
}

export interface ElfSegment extends MappedRange {
  readonly type: number;
  readonly flags: number;
  readonly alignment: number;
}

export interface ElfFile extends Executable {
  readonly format: 'elf';
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
}

/** Headers beyond these are not read: linkers make some dozens, and a table is never larger than the file. */
const MAX_SECTIONS = 65_536;
const MAX_SEGMENTS = 4096;
const PT_LOAD = 1;
const PF_X = 1;
const PF_W = 2;
const SHT_NOBITS = 8;

const MACHINES: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/**
 * Reads the headers of an ELF file (32 and 64 bits, either byte order) from hostile bytes, which may end early. Never throws.
 * @returns undefined when the bytes do not begin with an ELF header; tables that lie outside the bytes are empty
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */
export function tryParseElf(bytes: Uint8Array): ElfFile | undefined {
  if (bytes.byteLength < 52 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    return undefined;
  }
  const [wordClass, order] = [bytes[4], bytes[5]];
  if ((wordClass !== 1 && wordClass !== 2) || (order !== 1 && order !== 2)) return undefined;
  const pointerBytes = wordClass === 2 ? 8 : 4;
  const reader = createByteReader(bytes, order === 1);
  const sections = readSections(reader, pointerBytes);
  const segments = readSegments(reader, pointerBytes);
  const machine = reader.u16(18) ?? 0;
  return {
    format: 'elf',
    architecture: MACHINES[machine] ?? `elf-${machine}`,
    pointerBytes,
    reader,
    mapped: segments.filter((segment) => segment.type === PT_LOAD && segment.sizeBytes > 0),
    buildInfo: buildInfoRange(sections, segments),
    sections,
    segments,
  };
}

/** The bytes of a section, as far as the file holds them. */
export function elfSectionBytes(elf: ElfFile, section: ElfSection): Buffer {
  if (section.type === SHT_NOBITS) return Buffer.alloc(0);
  return elf.reader.bytes.subarray(section.offset, section.offset + section.sizeBytes);
}

/** The same choice as `debug/buildinfo` makes. */
function buildInfoRange(sections: readonly ElfSection[], segments: readonly ElfSegment[]): MappedRange | undefined {
  return (
    sections.find((section) => section.name === '.go.buildinfo') ??
    segments.find((segment) => segment.type === PT_LOAD && (segment.flags & (PF_X | PF_W)) === PF_W)
  );
}

function readSections(reader: ByteReader, pointerBytes: 4 | 8): readonly ElfSection[] {
  const wide = pointerBytes === 8;
  const word = (offset: number): number | undefined => (wide ? reader.u64(offset) : reader.u32(offset));
  const table = word(wide ? 40 : 32);
  const entrySize = reader.u16(wide ? 58 : 46);
  const smallest = wide ? 64 : 40;
  if (table === undefined || table === 0 || entrySize === undefined || entrySize < smallest) return [];
  const at = (index: number): number => table + index * entrySize;
  // more sections than 16 bits can say are counted in section 0
  let count = reader.u16(wide ? 60 : 48) ?? 0;
  let namesIndex = reader.u16(wide ? 62 : 50) ?? 0;
  if (count === 0) count = word(at(0) + (wide ? 32 : 20)) ?? 0;
  if (namesIndex === 0xffff) namesIndex = reader.u32(at(0) + (wide ? 40 : 24)) ?? 0;
  const names = word(at(namesIndex) + (wide ? 24 : 16));
  const sections: ElfSection[] = [];
  for (let index = 0; index < Math.min(count, MAX_SECTIONS); index += 1) {
    const start = at(index);
    if (start + smallest > reader.bytes.byteLength) break;
    sections.push({
      name: names === undefined ? '' : nameAt(reader.bytes, names + (reader.u32(start) ?? 0)),
      type: reader.u32(start + 4) ?? 0,
      address: word(start + (wide ? 16 : 12)) ?? 0,
      offset: word(start + (wide ? 24 : 16)) ?? 0,
      sizeBytes: word(start + (wide ? 32 : 20)) ?? 0,
      link: reader.u32(start + (wide ? 40 : 24)) ?? 0,
      alignment: word(start + (wide ? 48 : 32)) ?? 0,
    });
  }
  return sections;
}

function readSegments(reader: ByteReader, pointerBytes: 4 | 8): readonly ElfSegment[] {
  const wide = pointerBytes === 8;
  const word = (offset: number): number | undefined => (wide ? reader.u64(offset) : reader.u32(offset));
  const table = word(wide ? 32 : 28);
  const entrySize = reader.u16(wide ? 54 : 42);
  const count = reader.u16(wide ? 56 : 44) ?? 0;
  const smallest = wide ? 56 : 32;
  if (table === undefined || table === 0 || entrySize === undefined || entrySize < smallest) return [];
  const segments: ElfSegment[] = [];
  for (let index = 0; index < Math.min(count, MAX_SEGMENTS); index += 1) {
    const start = table + index * entrySize;
    if (start + smallest > reader.bytes.byteLength) break;
    segments.push({
      type: reader.u32(start) ?? 0,
      flags: reader.u32(start + (wide ? 4 : 24)) ?? 0,
      offset: word(start + (wide ? 8 : 4)) ?? 0,
      address: word(start + (wide ? 16 : 8)) ?? 0,
      sizeBytes: word(start + (wide ? 32 : 16)) ?? 0,
      alignment: word(start + (wide ? 48 : 28)) ?? 0,
    });
  }
  return segments;
}

/** A section's name; cut at 64 bytes, so that a hostile table of names cannot make the read quadratic. */
function nameAt(bytes: Buffer, offset: number): string {
  if (offset >= bytes.byteLength) return '';
  const window = bytes.subarray(offset, offset + 64);
  const end = window.indexOf(0);
  return window.toString('latin1', 0, end === -1 ? window.byteLength : end);
}
