import type { ExecutableStructure } from './executable-structure.ts';
import type { ByteSpan } from './scratch.ts';

/**
 * Cheap signs of a Go program, so that the many executables that are none are neither gathered in memory nor parsed.
 * @see https://pkg.go.dev/debug/buildinfo
 */

const MARKER = Buffer.from('\xff Go buildinf:', 'latin1');
/** Short needles are found several times faster than long ones. */
const MARKER_END = Buffer.from('dinf:', 'latin1');
const UPX = Buffer.from('UPX!', 'latin1');
const GO_SECTIONS = ['.gopclntab', '.note.go.buildid', '.gosymtab', '.typelink'];

/** Whether a Go program's headers say what it is; where they say nothing, its bytes are searched. @param kept the parts that are not just zeros; all of it unless told */
export function mayBeGo(bytes: Buffer, structure: ExecutableStructure, kept?: readonly ByteSpan[]): boolean {
  if (!structure.hasSections) return mayHaveBuildInfo(bytes, kept);
  if (structure.section('.go.buildinfo')) return true;
  // a linker's own script may have put it elsewhere
  return GO_SECTIONS.some((name) => structure.section(name)) && mayHaveBuildInfo(bytes);
}

/** Whether the marker in front of Go's build information is in `bytes`, or UPX's mark at their beginning. */
export function mayHaveBuildInfo(bytes: Buffer, kept?: readonly ByteSpan[]): boolean {
  const parts = kept?.map(({ start, end }) => bytes.subarray(start, end)) ?? [bytes];
  return parts.some(hasMarker) || bytes.subarray(0, 1024).includes(UPX);
}

function hasMarker(bytes: Buffer): boolean {
  const lead = MARKER.length - MARKER_END.length;
  for (let at = bytes.indexOf(MARKER_END); at >= 0; at = bytes.indexOf(MARKER_END, at + 1)) {
    if (at >= lead && bytes.compare(MARKER, 0, lead, at - lead, at) === 0) return true;
  }
  return false;
}

const MAX_SECTIONS = 512;
const SECTION_BYTES = 64;
/** Of a header for 32 and for 64 bits: where it says where the table lies, the size of an item, their number. */
const HEADER_FIELDS = { narrow: [0x20, 0x2e, 0x30], wide: [0x28, 0x3a, 0x3c] } as const;
const PROGBITS = 1;
const ALLOCATED = 2;
const INSTRUCTIONS = 4;

/** Where the table of sections of an ELF file lies; undefined when its header names none, or UPX took it away. */
export function sectionTable(head: Buffer): ByteSpan | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  if (head.subarray(0, 1024).includes(UPX)) return undefined;
  const isBig = head[5] === 2;
  const [offsetAt, sizeAt, countAt] = head[4] === 1 ? HEADER_FIELDS.narrow : HEADER_FIELDS.wide;
  const u16 = (at: number): number => (isBig ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const wide = (): number => Number(isBig ? head.readBigUInt64BE(offsetAt) : head.readBigUInt64LE(offsetAt));
  const narrow = (): number => (isBig ? head.readUInt32BE(offsetAt) : head.readUInt32LE(offsetAt));
  const start = head[4] === 1 ? narrow() : wide();
  const end = start + u16(sizeAt) * u16(countAt);
  return start > 0 && end > start && Number.isSafeInteger(end) ? { start, end } : undefined;
}

/**
 * The parts of a large program that say nothing about its modules: machine code and debugging data, more than half of most. Known when the
 * section headers are at the beginning, where Go's linker puts them (64 bits, little endian); else nothing is left out.
 * @returns ascending, without overlap
 */
export function unneededSpans(head: Buffer): readonly ByteSpan[] {
  const isElf64 = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!isElf64 || head.readUInt16LE(0x3a) !== SECTION_BYTES) return [];
  const offset = Number(head.readBigUInt64LE(0x28));
  const count = head.readUInt16LE(0x3c);
  if (count > MAX_SECTIONS || offset + count * SECTION_BYTES > head.length) return [];
  const spans: ByteSpan[] = [];
  let end = 0;
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * SECTION_BYTES;
    const flags = head.readUInt32LE(at + 8);
    const isDebugging = head.readUInt32LE(at + 4) === PROGBITS && (flags & ALLOCATED) === 0;
    if (!isDebugging && (flags & INSTRUCTIONS) === 0) continue;
    const start = Number(head.readBigUInt64LE(at + 0x18));
    const length = Number(head.readBigUInt64LE(at + 0x20));
    // the head was gathered already, and sections that overlap are nobody's honest program
    if (start < end || !Number.isSafeInteger(start + length)) continue;
    end = start + length;
    spans.push({ start, end });
  }
  return spans;
}
