import { inflateRawSync } from 'node:zlib';
import { elfSectionBytes, tryParseElf } from '../elf/elf.ts';
import type { ByteReader } from '../executable/byte-reader.ts';
import { tryParsePe } from '../executable/pe.ts';
import { readBundleManifest, type BundleEntry, type BundleManifest } from './bundle-manifest.ts';

/** What `extractDotnetBundle` keeps of an executable, as JSON. */
export interface DotnetBundle {
  readonly format: 'elf' | 'pe';
  readonly architecture: string;
  /** Version of the bundle's format: `6.0`. */
  readonly bundleVersion: string;
  /** Name of the list of libraries inside: `app.deps.json`. */
  readonly depsName?: string;
  /** That list, as found. */
  readonly depsJson?: string;
  /** The runtime's settings inside, as found. */
  readonly runtimeConfig?: string;
  /** Paths of the assemblies and libraries inside, at most 4,096. */
  readonly binaries?: readonly string[];
  /** Why something that is there could not be read. */
  readonly problem?: string;
}

const MiB = 1024 * 1024;
/** SHA-256 of ".net core bundle" and a line feed. */
const SIGNATURE = Buffer.from('8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae', 'hex');
const OFFSET_BYTES = 8;
const MAX_DATA_BYTES = 64 * MiB;
const MAX_JSON_BYTES = 32 * MiB;
/** Real lists shrink to a tenth. An image may hold a thousand programs whose lists are bombs, and what is kept of all programs has a limit that ends the scan. */
const MAX_EXPANSION = 64;
const FREE_BYTES = 256 * 1024;
const MAX_BINARIES = 4096;
const BINARY = /\.(?:dll|exe|so|dylib)$/i;

/**
 * Reads what a .NET program that was published as a single file says of its contents. Hostile bytes: every read is bounded, never throws.
 * @returns a `DotnetBundle` as compact UTF-8 JSON, or undefined when the file is no such program
 * @see https://github.com/dotnet/designs/blob/main/accepted/2020/single-file/bundler.md
 */
export function extractDotnetBundle(bytes: Uint8Array): Uint8Array | undefined {
  const host = findHost(bytes);
  if (host === undefined) return undefined;
  const { format, architecture, reader, headerAt } = host;
  const read = readBundleManifest(reader, headerAt);
  const version = reader.u32(headerAt);
  const bundleVersion = `${version ?? '?'}.${reader.u32(headerAt + 4) ?? '?'}`;
  const found: DotnetBundle = { format, architecture, bundleVersion, ...contents(reader, read) };
  return Buffer.from(JSON.stringify(found), 'utf8');
}

/**
 * Whether a program has the mark of .NET's hosts with a bundle behind it: searches its data only.
 * @param data where that lies, when the program's headers have been read already
 */
export function hasDotnetBundle(
  bytes: Uint8Array,
  data?: { readonly offset: number; readonly sizeBytes: number },
): boolean {
  if (data === undefined) return findHost(bytes) !== undefined;
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return findHeaderOffset(content.subarray(data.offset, data.offset + data.sizeBytes)) !== undefined;
}

interface Host {
  readonly format: 'elf' | 'pe';
  readonly architecture: string;
  readonly reader: ByteReader;
  readonly headerAt: number;
}

/** The host's data holds the offset of the bundle's header, then the signature; a host without a bundle has the offset 0. */
function findHost(bytes: Uint8Array): Host | undefined {
  const elf = tryParseElf(bytes);
  const file = elf ?? tryParsePe(bytes);
  if (file === undefined) return undefined;
  const section = elf?.sections.find(({ name }) => name === '.data');
  const range = section ?? file.buildInfo;
  if (range === undefined) return undefined;
  const isElfSection = elf !== undefined && section !== undefined;
  const { bytes: all } = file.reader;
  const offset = findHeaderOffset(
    isElfSection ? elfSectionBytes(elf, section) : all.subarray(range.offset, range.offset + range.sizeBytes),
  );
  if (offset === undefined) return undefined;
  const { format, architecture, reader } = file;
  return { format, architecture, reader, headerAt: offset };
}

/** @returns undefined when there is no mark, or no bundle behind it */
function findHeaderOffset(section: Buffer): number | undefined {
  const data = section.subarray(0, MAX_DATA_BYTES);
  const at = data.indexOf(SIGNATURE);
  if (at < OFFSET_BYTES) return undefined;
  // hosts run on little-endian and big-endian machines alike; the bundler writes little-endian
  const offset = data.readBigInt64LE(at - OFFSET_BYTES);
  if (offset <= 0n) return undefined;
  return offset > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(offset);
}

function contents(
  reader: ByteReader,
  manifest: BundleManifest | string,
): Omit<DotnetBundle, keyof Host | 'bundleVersion'> {
  if (typeof manifest === 'string') return { problem: manifest };
  const deps = manifest.entries.find(({ path }) => path.endsWith('.deps.json'));
  const config = manifest.entries.find(({ path }) => path.endsWith('.runtimeconfig.json'));
  const depsJson = deps === undefined ? undefined : entryText(reader, deps);
  const runtimeConfig = config === undefined ? undefined : entryText(reader, config);
  const binaries = manifest.entries.filter(({ path }) => BINARY.test(path)).map(({ path }) => path);
  const isUnreadable =
    (deps !== undefined && depsJson === undefined) || (config !== undefined && runtimeConfig === undefined);
  const problem = isUnreadable ? 'a list inside the bundle cannot be read' : manifest.problem;
  return {
    ...(deps === undefined ? {} : { depsName: deps.path }),
    ...(depsJson === undefined ? {} : { depsJson }),
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
    ...(binaries.length === 0 ? {} : { binaries: binaries.slice(0, MAX_BINARIES) }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function entryText(reader: ByteReader, entry: BundleEntry): string | undefined {
  const stored = entry.compressedBytes > 0 ? entry.compressedBytes : entry.sizeBytes;
  if (entry.sizeBytes > MAX_JSON_BYTES || stored > MAX_JSON_BYTES) return undefined;
  const bytes = reader.bytes.subarray(entry.offset, entry.offset + stored);
  if (bytes.length < stored) return undefined;
  if (entry.compressedBytes === 0) return bytes.toString('utf8');
  try {
    const maxOutputLength = Math.min(MAX_JSON_BYTES, stored * MAX_EXPANSION + FREE_BYTES);
    return inflateRawSync(bytes, { maxOutputLength }).toString('utf8');
  } catch {
    return undefined;
  }
}
