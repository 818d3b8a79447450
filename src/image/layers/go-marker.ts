import type { ExecutableStructure } from './executable-structure.ts';

/**
 * Cheap signs of a Go program, so that the many executables that are none are neither gathered in memory nor parsed.
 * @see https://pkg.go.dev/debug/buildinfo
 */

const MARKER = Buffer.from('\xff Go buildinf:', 'latin1');
/** Short needles are found several times faster than long ones. */
const MARKER_END = Buffer.from('dinf:', 'latin1');
const UPX = Buffer.from('UPX!', 'latin1');
const GO_SECTIONS = ['.gopclntab', '.note.go.buildid', '.gosymtab', '.typelink'];
const NOTE_NAME = Buffer.from('Go\0\0', 'latin1');

/** Bytes of a file that `looksLikeGo` wants to see (fewer when the file is shorter). */
export const GO_HEAD_BYTES = 64 * 1024;

/**
 * Whether an executable's beginning suggests Go: the linker's note, its habit of putting section headers first, UPX, or a format of which
 * there are few. False negatives (external linking without a build id) are found by `GoMarkerScan`.
 */
export function looksLikeGo(head: Buffer): boolean {
  const isElf = head[0] === 0x7f && head[1] === 0x45;
  if (!isElf || head.length < 64) return true;
  if (head.subarray(0, 1024).includes(UPX) || head.includes(NOTE_NAME)) return true;
  return sectionHeaderOffset(head) < GO_HEAD_BYTES;
}

function sectionHeaderOffset(head: Buffer): number {
  const isBig = head[5] === 2;
  if (head[4] === 1) return isBig ? head.readUInt32BE(0x20) : head.readUInt32LE(0x20);
  return Number(isBig ? head.readBigUInt64BE(0x28) : head.readBigUInt64LE(0x28));
}

/** Whether a Go program's headers say what it is; where they say nothing, its bytes are searched. */
export function mayBeGo(bytes: Buffer, structure: ExecutableStructure): boolean {
  if (!structure.hasSections) return mayHaveBuildInfo(bytes);
  if (structure.section('.go.buildinfo')) return true;
  // a linker's own script may have put it elsewhere
  return GO_SECTIONS.some((name) => structure.section(name)) && mayHaveBuildInfo(bytes);
}

/** Whether the marker in front of Go's build information is in `bytes`, or UPX's mark at their beginning. */
export function mayHaveBuildInfo(bytes: Buffer): boolean {
  return hasMarker(bytes) || bytes.subarray(0, 1024).includes(UPX);
}

function hasMarker(bytes: Buffer): boolean {
  const lead = MARKER.length - MARKER_END.length;
  for (let at = bytes.indexOf(MARKER_END); at >= 0; at = bytes.indexOf(MARKER_END, at + 1)) {
    if (at >= lead && bytes.compare(MARKER, 0, lead, at - lead, at) === 0) return true;
  }
  return false;
}

/** Looks for the marker in a file that streams by. */
export class GoMarkerScan {
  #tail = Buffer.alloc(0);
  found = false;

  add(chunk: Buffer): void {
    if (this.found) return;
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, MARKER.length)]);
    this.found = hasMarker(seam) || hasMarker(chunk);
    const tail = chunk.length >= MARKER.length ? chunk : seam;
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - MARKER.length + 1)));
  }
}

/** A part of a file: from `start` to before `end`. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

const MAX_SECTIONS = 512;
const SECTION_BYTES = 64;
const PROGBITS = 1;
const ALLOCATED = 2;
const INSTRUCTIONS = 4;

/**
 * The parts of a large program that say nothing about its modules: machine code and debugging data, more than half of most. Known when the
 * section headers are at the beginning, where Go's linker puts them (64 bits, little endian); else nothing is left out.
 * @returns ascending, without overlap
 */
export function unneededSpans(head: Buffer): readonly ByteSpan[] {
  const isElf64 = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!isElf64 || head.readUInt16LE(0x3a) !== SECTION_BYTES) return [];
  const offset = sectionHeaderOffset(head);
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
