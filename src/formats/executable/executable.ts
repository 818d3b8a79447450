import type { ByteReader } from './byte-reader.ts';

/** A run of bytes of the file that is mapped at an address when the program runs. */
export interface MappedRange {
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What is common to executables of all formats, as far as readers of their contents need it. */
export interface Executable {
  readonly format: 'elf' | 'pe' | 'mach-o';
  /** Processor by Go's names where there is one (`amd64`, `arm64`), else `<format>-<number>`. */
  readonly architecture: string;
  readonly pointerBytes: 4 | 8;
  readonly reader: ByteReader;
  readonly mapped: readonly MappedRange[];
  /** Where Go's linker puts its build information: its own section, else the first writable data. Addresses. */
  readonly buildInfo: MappedRange | undefined;
}

/** Bytes at an address, as many as are mapped together there and at most `sizeBytes`; undefined when none are. */
export function bytesAt(executable: Executable, address: number, sizeBytes: number): Buffer | undefined {
  for (const range of executable.mapped) {
    const skip = address - range.address;
    if (skip < 0 || skip >= range.sizeBytes) continue;
    const start = range.offset + skip;
    return executable.reader.bytes.subarray(start, start + Math.min(sizeBytes, range.sizeBytes - skip));
  }
  return undefined;
}

/** An address-sized number at an address. */
export function pointerAt(executable: Executable, address: number): number | undefined {
  const found = bytesAt(executable, address, executable.pointerBytes);
  if (found === undefined || found.byteLength < executable.pointerBytes) return undefined;
  const offset = found.byteOffset - executable.reader.bytes.byteOffset;
  return executable.pointerBytes === 8 ? executable.reader.u64(offset) : executable.reader.u32(offset);
}
