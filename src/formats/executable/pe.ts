import { createByteReader } from './byte-reader.ts';
import type { Executable, MappedRange } from './executable.ts';

const MACHINES: Readonly<Record<number, string>> = { 0x14c: '386', 0x8664: 'amd64', 0xaa64: 'arm64', 0x1c4: 'arm' };
const MAX_SECTIONS = 4096;
/** Initialised data that can be read and written. */
const WRITABLE_DATA = 0xc0000040;

/**
 * Reads the headers of a Windows executable from hostile bytes, which may end early. Never throws.
 * @see https://learn.microsoft.com/windows/win32/debug/pe-format
 */
export function tryParsePe(bytes: Uint8Array): Executable | undefined {
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
  const mapped: MappedRange[] = [];
  let data: MappedRange | undefined;
  for (let index = 0; index < count; index += 1) {
    const start = table + index * 40;
    const virtualAddress = reader.u32(start + 12);
    const sizeBytes = reader.u32(start + 16);
    const offset = reader.u32(start + 20);
    const flags = reader.u32(start + 36);
    if (virtualAddress === undefined || sizeBytes === undefined || offset === undefined || flags === undefined) break;
    if (virtualAddress === 0 || sizeBytes === 0) continue;
    const range = { address: imageBase + virtualAddress, offset, sizeBytes };
    mapped.push(range);
    if ((flags & WRITABLE_DATA) >>> 0 === WRITABLE_DATA) data ??= range;
  }
  return {
    format: 'pe',
    architecture: MACHINES[machine] ?? `pe-${machine}`,
    pointerBytes: wide ? 8 : 4,
    reader,
    mapped,
    buildInfo: data,
  };
}
