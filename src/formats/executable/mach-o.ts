import { createByteReader, type ByteReader } from './byte-reader.ts';
import type { Executable, MappedRange } from './executable.ts';

/** A named part of a Mach-O file. */
export interface MachOSection extends MappedRange {
  /** Segment and section: `__DATA,__data`. */
  readonly name: string;
}

export interface MachOFile extends Executable {
  readonly format: 'mach-o';
  readonly sections: readonly MachOSection[];
}

const CPUS: Readonly<Record<number, string>> = { 7: '386', 0x1000007: 'amd64', 12: 'arm', 0x100000c: 'arm64' };
const MAX_COMMANDS = 4096;
/** Of one slice: commands may overlap, so that counting each one's alone would not bound anything. */
const MAX_SECTIONS = 4096;
const MAX_SLICES = 16;
const READ_WRITE = 3;
const GO_SECTION = '__go_buildinfo';

/**
 * Reads the headers of a Mach-O executable, or of each slice of a universal one, from hostile bytes, which may end early. Never throws.
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
 */
export function tryParseMachO(bytes: Uint8Array): readonly MachOFile[] {
  const big = createByteReader(bytes, false);
  const magic = big.u32(0);
  if (magic === 0xcafebabe || magic === 0xcafebabf) return readSlices(big, magic === 0xcafebabf);
  const single = readSingle(bytes);
  return single === undefined ? [] : [single];
}

function readSlices(reader: ByteReader, wide: boolean): readonly MachOFile[] {
  const count = reader.u32(4) ?? 0;
  // Java class files share this magic; their next number is a version far above any slice count
  if (count > MAX_SLICES) return [];
  const slices: MachOFile[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = 8 + index * (wide ? 32 : 20);
    const offset = wide ? reader.u64(start + 8) : reader.u32(start + 8);
    const size = wide ? reader.u64(start + 16) : reader.u32(start + 12);
    if (offset === undefined || size === undefined) break;
    const slice = readSingle(reader.bytes.subarray(offset, offset + size));
    if (slice !== undefined) slices.push(slice);
  }
  return slices;
}

function readSingle(bytes: Uint8Array): MachOFile | undefined {
  const magic = createByteReader(bytes, true).u32(0);
  const littleEndian = magic === 0xfeedface || magic === 0xfeedfacf;
  if (!littleEndian && magic !== 0xcefaedfe && magic !== 0xcffaedfe) return undefined;
  const wide = magic === 0xfeedfacf || magic === 0xcffaedfe;
  const reader = createByteReader(bytes, littleEndian);
  const cpu = reader.u32(4) ?? 0;
  const commands = Math.min(reader.u32(16) ?? 0, MAX_COMMANDS);
  const mapped: MappedRange[] = [];
  const sections: MachOSection[] = [];
  let data: MappedRange | undefined;
  let at = wide ? 32 : 28;
  for (let index = 0; index < commands; index += 1) {
    const command = reader.u32(at);
    const size = reader.u32(at + 4);
    if (command === undefined || size === undefined || size < 8) break;
    const segment = command === (wide ? 0x19 : 1) ? readSegment(reader, at, wide) : undefined;
    if (segment !== undefined) {
      readSections(reader, { at, wide, sections });
      if (segment.range.address !== 0 && segment.range.sizeBytes !== 0) {
        mapped.push(segment.range);
        if (segment.writable) data ??= segment.range;
      }
    }
    at += size;
  }
  const buildInfo = sections.find(({ name }) => name.endsWith(`,${GO_SECTION}`)) ?? data;
  const architecture = CPUS[cpu] ?? `mach-o-${cpu}`;
  return { format: 'mach-o', architecture, pointerBytes: wide ? 8 : 4, reader, mapped, buildInfo, sections };
}

interface Segment {
  readonly range: MappedRange;
  readonly writable: boolean;
}

function readSegment(reader: ByteReader, at: number, wide: boolean): Segment | undefined {
  const word = (offset: number): number | undefined => (wide ? reader.u64(offset) : reader.u32(offset));
  const step = wide ? 8 : 4;
  const address = word(at + 24);
  const offset = word(at + 24 + 2 * step);
  const sizeBytes = word(at + 24 + 3 * step);
  const tail = at + 24 + 4 * step;
  const maximum = reader.u32(tail);
  const initial = reader.u32(tail + 4);
  if (address === undefined || offset === undefined || sizeBytes === undefined) return undefined;
  return { range: { address, offset, sizeBytes }, writable: initial === READ_WRITE && maximum === READ_WRITE };
}

/** Adds the sections of the segment whose command stands at `at`. */
function readSections(
  reader: ByteReader,
  segment: { readonly at: number; readonly wide: boolean; readonly sections: MachOSection[] },
): void {
  const { at, wide, sections } = segment;
  const word = (offset: number): number => (wide ? reader.u64(offset) : reader.u32(offset)) ?? 0;
  const step = wide ? 8 : 4;
  const tail = at + 24 + 4 * step;
  const count = reader.u32(tail + 8) ?? 0;
  const sectionBytes = wide ? 80 : 68;
  for (let index = 0; index < count && sections.length < MAX_SECTIONS; index += 1) {
    const start = tail + 16 + index * sectionBytes;
    if (start + sectionBytes > reader.bytes.byteLength) return;
    sections.push({
      name: `${fixedText(reader, start + 16)},${fixedText(reader, start)}`,
      address: word(start + 32),
      sizeBytes: word(start + 32 + step),
      offset: reader.u32(start + 32 + 2 * step) ?? 0,
    });
  }
}

/** Sixteen bytes, padded by zeros. */
function fixedText({ bytes }: ByteReader, start: number): string {
  const text = bytes.toString('latin1', start, start + 16);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
