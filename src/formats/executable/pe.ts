import { createByteReader, type ByteReader } from './byte-reader.ts';
import type { Executable, MappedRange } from './executable.ts';

/** A named part of a Windows executable. */
export interface PeSection extends MappedRange {
  /** At most 8 characters: `.text`. */
  readonly name: string;
}

/** Where a table of a Windows executable lies: an address relative to the image's base. */
export interface PeDirectory {
  readonly address: number;
  readonly sizeBytes: number;
}

export interface PeFile extends Executable {
  readonly format: 'pe';
  /** Address that relative addresses count from. */
  readonly imageBase: number;
  /** Those with bytes in the file. */
  readonly sections: readonly PeSection[];
  /** By index as the specification counts them (2: resources, 14: the .NET header); absent ones are undefined. */
  readonly directories: readonly (PeDirectory | undefined)[];
}

const MACHINES: Readonly<Record<number, string>> = { 0x14c: '386', 0x8664: 'amd64', 0xaa64: 'arm64', 0x1c4: 'arm' };
const MAX_SECTIONS = 4096;
const MAX_DIRECTORIES = 16;
/** Initialised data that can be read and written. */
const WRITABLE_DATA = 0xc0000040;

/**
 * Reads the headers of a Windows executable from hostile bytes, which may end early. Never throws.
 * @see https://learn.microsoft.com/windows/win32/debug/pe-format
 */
export function tryParsePe(bytes: Uint8Array): PeFile | undefined {
  if (bytes.byteLength < 64 || bytes[0] !== 0x4d || bytes[1] !== 0x5a) return undefined;
  const reader = createByteReader(bytes, true);
  const header = reader.u32(60) ?? 0;
  if (reader.u32(header) !== 0x4550) return undefined;
  const machine = reader.u16(header + 4) ?? 0;
  const optionalHeader = header + 24;
  const magic = reader.u16(optionalHeader);
  if (magic !== 0x10b && magic !== 0x20b) return undefined;
  const wide = magic === 0x20b;
  const imageBase = wide ? reader.u64(optionalHeader + 24) : reader.u32(optionalHeader + 28);
  if (imageBase === undefined) return undefined;
  const table = optionalHeader + (reader.u16(header + 20) ?? 0);
  const count = Math.min(reader.u16(header + 6) ?? 0, MAX_SECTIONS);
  const { sections, data } = readSections(reader, { table, count, imageBase });
  return {
    format: 'pe',
    architecture: MACHINES[machine] ?? `pe-${machine}`,
    pointerBytes: wide ? 8 : 4,
    reader,
    imageBase,
    mapped: sections,
    buildInfo: data,
    sections,
    directories: readDirectories(reader, optionalHeader + (wide ? 108 : 92), table),
  };
}

function readSections(
  reader: ByteReader,
  from: { readonly table: number; readonly count: number; readonly imageBase: number },
): { readonly sections: readonly PeSection[]; readonly data: MappedRange | undefined } {
  const sections: PeSection[] = [];
  let data: MappedRange | undefined;
  for (let index = 0; index < from.count; index += 1) {
    const start = from.table + index * 40;
    const virtualAddress = reader.u32(start + 12);
    const sizeBytes = reader.u32(start + 16);
    const offset = reader.u32(start + 20);
    const flags = reader.u32(start + 36);
    if (virtualAddress === undefined || sizeBytes === undefined || offset === undefined || flags === undefined) break;
    if (virtualAddress === 0 || sizeBytes === 0) continue;
    const name = reader.bytes.toString('latin1', start, start + 8).replace(/\0.*$/s, '');
    const range = { name, address: from.imageBase + virtualAddress, offset, sizeBytes };
    sections.push(range);
    if ((flags & WRITABLE_DATA) >>> 0 === WRITABLE_DATA) data ??= range;
  }
  return { sections, data };
}

/** The table's length is the number in front of it, and never leads beyond the optional header. */
function readDirectories(reader: ByteReader, at: number, end: number): readonly (PeDirectory | undefined)[] {
  const room = Math.max(0, Math.floor((end - at - 4) / 8));
  const count = Math.min(reader.u32(at) ?? 0, MAX_DIRECTORIES, room);
  return Array.from({ length: count }, (_, index) => {
    const address = reader.u32(at + 4 + index * 8);
    const sizeBytes = reader.u32(at + 8 + index * 8);
    return address === undefined || sizeBytes === undefined || address === 0 || sizeBytes === 0
      ? undefined
      : { address, sizeBytes };
  });
}
