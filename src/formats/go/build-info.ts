import { findElfSymbols } from '../elf/elf-symbols.ts';
import { tryParseElf, type ElfFile } from '../elf/elf.ts';
import { bytesAt, pointerAt, type Executable } from '../executable/executable.ts';
import { tryParseMachO } from '../executable/mach-o.ts';
import { tryParsePe } from '../executable/pe.ts';
import { isUpxPacked } from '../executable/upx.ts';

/** A string variable of the program whose initial value could be read from the file. */
export interface GoStringVariable {
  readonly name: string;
  readonly value: string;
}

/** What `extractGoBuildInfo` keeps of an executable, as JSON. */
export interface GoBuildInfo {
  readonly format: 'elf' | 'pe' | 'mach-o';
  readonly architecture: string;
  readonly sizeBytes: number;
  /** As the toolchain writes it: `go1.26.8`, `go1.22.1 X:boringcrypto`. */
  readonly goVersion?: string;
  /** Lines as `go version -m` shows them: `path`, `mod`, `dep`, `=>`, `build`, fields separated by tabs. '' when built without modules. */
  readonly modInfo?: string;
  /** Variables that by custom hold the program's version. */
  readonly variables?: readonly GoStringVariable[];
  /** Why build information that is there could not be read. */
  readonly problem?: string;
  /** Compressed by UPX: nothing inside can be seen. */
  readonly packed?: 'upx';
}

export interface GoExecutableFacts {
  readonly path: string;
  /** Size of the whole file. */
  readonly sizeBytes: number;
  /** false when only the file's beginning is in `bytes`. */
  readonly complete: boolean;
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER_BYTES = 32;
const ALIGNMENT = 16;
const INLINE_STRINGS = 2;
const BIG_ENDIAN = 1;
const MAX_VERSION_BYTES = 1024;
const MAX_MODINFO_BYTES = 8 * 1024 * 1024;
const MAX_VARIABLE_BYTES = 256;
const VERSION_VARIABLES = ['main.version', 'main.Version', 'main.buildVersion', 'main.BuildVersion', 'main.appVersion'];

/**
 * Reads what Go's linker wrote about a program's modules. Runs in a worker on hostile bytes: every read is bounded, time is linear in
 * the size, and it never throws. ELF, PE, Mach-O and universal binaries; strings inline (Go 1.18 and later) or behind pointers (before).
 * @returns a `GoBuildInfo` as compact UTF-8 JSON, or undefined when the file is not a Go program
 * @see https://pkg.go.dev/debug/buildinfo
 */
export function extractGoBuildInfo(bytes: Uint8Array, info: GoExecutableFacts): Uint8Array | undefined {
  const elf = tryParseElf(bytes);
  const pe = elf === undefined ? tryParsePe(bytes) : undefined;
  const executables = elf ?? pe;
  for (const executable of executables === undefined ? tryParseMachO(bytes) : [executables]) {
    const found = readExecutable(executable, elf, info);
    if (found !== undefined) return Buffer.from(JSON.stringify(found), 'utf8');
  }
  return undefined;
}

function readExecutable(
  executable: Executable,
  elf: ElfFile | undefined,
  info: GoExecutableFacts,
): GoBuildInfo | undefined {
  const { format, architecture } = executable;
  const facts = { format, architecture, sizeBytes: info.sizeBytes };
  const address = findBlob(executable);
  if (address === undefined) {
    return isUpxPacked(elf ?? executable) ? { ...facts, packed: 'upx' } : undefined;
  }
  const strings = readBlob(executable, address);
  if (strings === undefined) {
    const reason = info.complete ? 'its strings lie outside the file' : 'only the beginning of the file was read';
    return { ...facts, problem: `Go build information cannot be read: ${reason}` };
  }
  const variables = elf === undefined ? [] : readVariables(elf);
  return { ...facts, ...strings, ...(variables.length === 0 ? {} : { variables }) };
}

/** Address of the blob: the magic, aligned to 16, in the range where the linker puts it. */
function findBlob(executable: Executable): number | undefined {
  const range = executable.buildInfo;
  if (range === undefined) return undefined;
  const bytes = bytesAt(executable, range.address, range.sizeBytes);
  if (bytes === undefined) return undefined;
  let at = bytes.indexOf(MAGIC);
  while (at !== -1) {
    const address = range.address + at;
    if (address % ALIGNMENT === 0 && bytes.byteLength - at >= HEADER_BYTES) return address;
    at = bytes.indexOf(MAGIC, at + 1);
  }
  return undefined;
}

interface BlobStrings {
  readonly goVersion: string;
  readonly modInfo: string;
}

function readBlob(executable: Executable, address: number): BlobStrings | undefined {
  const header = bytesAt(executable, address, HEADER_BYTES);
  if (header === undefined || header.byteLength < HEADER_BYTES) return undefined;
  const pointerBytes = header[14] ?? 0;
  const flags = header[15] ?? 0;
  const pair =
    (flags & INLINE_STRINGS) === 0
      ? readPointers(executable, address, { pointerBytes, bigEndian: (flags & BIG_ENDIAN) !== 0 })
      : readInline(executable, address + HEADER_BYTES);
  if (pair === undefined || pair.version.byteLength === 0) return undefined;
  return { goVersion: pair.version.toString('utf8'), modInfo: unframe(pair.modInfo).toString('utf8') };
}

interface RawPair {
  readonly version: Buffer;
  readonly modInfo: Buffer;
}

function readInline(executable: Executable, address: number): RawPair | undefined {
  const version = readVarintString(executable, address, MAX_VERSION_BYTES);
  if (version === undefined) return undefined;
  const modInfo = readVarintString(executable, version.next, MAX_MODINFO_BYTES);
  return modInfo === undefined ? undefined : { version: version.value, modInfo: modInfo.value };
}

function readVarintString(
  executable: Executable,
  address: number,
  maxBytes: number,
): { readonly value: Buffer; readonly next: number } | undefined {
  const prefix = bytesAt(executable, address, 10);
  let length = 0;
  let used = 0;
  for (const byte of prefix ?? []) {
    length += (byte & 0x7f) * 2 ** (7 * used);
    used += 1;
    if (byte < 0x80) {
      const value = length > maxBytes ? undefined : readExactly(executable, address + used, length);
      return value === undefined ? undefined : { value, next: address + used + length };
    }
  }
  return undefined;
}

/** Before Go 1.18 the blob holds the addresses of two Go strings. */
function readPointers(
  executable: Executable,
  address: number,
  form: { readonly pointerBytes: number; readonly bigEndian: boolean },
): RawPair | undefined {
  // the blob repeats what the file's own header says; a contradiction is not a Go program of any use
  if (form.pointerBytes !== executable.pointerBytes || form.bigEndian === executable.reader.littleEndian)
    return undefined;
  const first = pointerAt(executable, address + ALIGNMENT);
  const second = pointerAt(executable, address + ALIGNMENT + executable.pointerBytes);
  if (first === undefined || second === undefined) return undefined;
  const version = readGoString(executable, first, MAX_VERSION_BYTES);
  if (version === undefined) return undefined;
  return { version, modInfo: readGoString(executable, second, MAX_MODINFO_BYTES) ?? Buffer.alloc(0) };
}

/** The text of a Go string variable: its header is an address and a length. */
function readGoString(executable: Executable, address: number, maxBytes: number): Buffer | undefined {
  const start = pointerAt(executable, address);
  const length = pointerAt(executable, address + executable.pointerBytes);
  if (start === undefined || length === undefined || length > maxBytes) return undefined;
  return readExactly(executable, start, length);
}

function readExactly(executable: Executable, address: number, length: number): Buffer | undefined {
  if (length === 0) return Buffer.alloc(0);
  const bytes = bytesAt(executable, address, length);
  return bytes?.byteLength === length ? bytes : undefined;
}

/** The linker frames the module lines by 16 random bytes on either side. */
function unframe(modInfo: Buffer): Buffer {
  const framed = modInfo.byteLength >= 33 && modInfo[modInfo.byteLength - 17] === 0x0a;
  return framed ? modInfo.subarray(16, modInfo.byteLength - 16) : Buffer.alloc(0);
}

function readVariables(elf: ElfFile): readonly GoStringVariable[] {
  const variables: GoStringVariable[] = [];
  for (const symbol of findElfSymbols(elf, VERSION_VARIABLES)) {
    if (symbol.sizeBytes !== 2 * elf.pointerBytes) continue;
    const value = readGoString(elf, symbol.address, MAX_VARIABLE_BYTES)?.toString('utf8');
    if (value !== undefined && value !== '') variables.push({ name: symbol.name, value });
  }
  return variables;
}
