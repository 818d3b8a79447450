import { inflateSync } from 'node:zlib';
import { parseBoundedJson } from '../../core/index.ts';
import { elfSectionBytes, tryParseElf, type ElfFile } from '../elf/elf.ts';
import type { MappedRange } from '../executable/executable.ts';
import { tryParseMachO } from '../executable/mach-o.ts';
import { tryParsePe } from '../executable/pe.ts';
import { wasmCustomSection } from '../executable/wasm.ts';

/** One crate that a program was built from, as the build wrote it down. */
export interface RustAuditPackage {
  readonly name: string;
  readonly version: string;
  /** `crates.io`, `git`, `local`, `registry` (another one), or a word of later versions. */
  readonly source: string;
  /** `runtime` unless told. */
  readonly kind?: string;
  /** Indexes into the list; none is checked. */
  readonly dependencies?: readonly number[];
  readonly root?: boolean;
}

/** What `extractRustAudit` keeps of an executable, as JSON. */
export interface RustAudit {
  readonly format: 'elf' | 'pe' | 'mach-o' | 'wasm';
  readonly architecture: string;
  /** The list that `cargo auditable` embeds. */
  readonly packages?: readonly RustAuditPackage[];
  /** Only the first 20,000 of the list were kept. */
  readonly truncated?: boolean;
  /** Why a list that is there could not be read. */
  readonly problem?: string;
  /** Version of the compiler: `1.95.0`. */
  readonly rustc?: string;
}

const MiB = 1024 * 1024;
const SECTION = '.dep-v0';
const MACH_O_SECTION = `__DATA,${SECTION}`;
const MAX_COMPRESSED_BYTES = 8 * MiB;
/** As the format's own readers limit it. */
const MAX_JSON_BYTES = 8 * MiB;
/** Real lists shrink to a fifth: an image may hold ten thousand programs of which each has a few kilobytes that say eight megabytes. */
const MAX_EXPANSION = 64;
const FREE_BYTES = 64 * 1024;
const MAX_PACKAGES = 20_000;
/** Edges of all packages together: some ten times what the largest programs have. */
const MAX_EDGES = 400_000;
const MAX_TEXT = 256;
const MAX_COMMENT_BYTES = 64 * 1024;

interface Place {
  readonly format: RustAudit['format'];
  readonly architecture: string;
  readonly compressed: Buffer | undefined;
  readonly rustc: string | undefined;
}

/**
 * Reads which crates a Rust program was built from, where `cargo auditable` embedded it, and which compiler made it, where an ELF file says so. Hostile
 * bytes: what is unpacked is capped at 8 MiB, and at 64 times what is there and 64 KiB, before it is parsed; never throws.
 * @returns a `RustAudit` as compact UTF-8 JSON, or undefined when neither is known
 * @see https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md
 */
export function extractRustAudit(bytes: Uint8Array): Uint8Array | undefined {
  const place = findPlace(bytes);
  if (place === undefined) return undefined;
  const { format, architecture, compressed, rustc } = place;
  const list = compressed === undefined ? {} : readList(compressed);
  const audit: RustAudit = { format, architecture, ...list, ...(rustc === undefined ? {} : { rustc }) };
  return Buffer.from(JSON.stringify(audit), 'utf8');
}

function findPlace(bytes: Uint8Array): Place | undefined {
  const elf = tryParseElf(bytes);
  if (elf !== undefined) {
    const section = elf.sections.find(({ name }) => name === SECTION);
    const rustc = rustcVersion(elf);
    if (section === undefined && rustc === undefined) return undefined;
    const compressed = section === undefined ? undefined : elfSectionBytes(elf, section);
    return { format: 'elf', architecture: elf.architecture, compressed, rustc };
  }
  const pe = tryParsePe(bytes);
  for (const file of pe === undefined ? tryParseMachO(bytes) : [pe]) {
    const wanted = file.format === 'pe' ? SECTION : MACH_O_SECTION;
    const section: MappedRange | undefined = file.sections.find(({ name }) => name === wanted);
    if (section === undefined) continue;
    const compressed = file.reader.bytes.subarray(section.offset, section.offset + section.sizeBytes);
    return { format: file.format, architecture: file.architecture, compressed, rustc: undefined };
  }
  const compressed = wasmCustomSection(bytes, SECTION);
  return compressed && { format: 'wasm', architecture: 'wasm', compressed, rustc: undefined };
}

/** Compilers leave their names in one section, each ended by a zero. */
function rustcVersion(elf: ElfFile): string | undefined {
  const section = elf.sections.find(({ name }) => name === '.comment');
  if (section === undefined) return undefined;
  const text = elfSectionBytes(elf, section).subarray(0, MAX_COMMENT_BYTES).toString('latin1');
  return /(?:^|\0)rustc version (\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9a-z.]{1,32})?)[ \0]/.exec(text)?.[1];
}

function readList(compressed: Buffer): Pick<RustAudit, 'packages' | 'truncated' | 'problem'> {
  if (compressed.length > MAX_COMPRESSED_BYTES) return { problem: 'the list of crates is too large' };
  let json: unknown;
  try {
    const maxOutputLength = Math.min(MAX_JSON_BYTES, compressed.length * MAX_EXPANSION + FREE_BYTES);
    json = parseBoundedJson(inflateSync(compressed, { maxOutputLength }).toString('utf8'));
  } catch {
    return { problem: 'the list of crates is damaged or too large' };
  }
  const list: unknown = isRecord(json) ? json['packages'] : undefined;
  if (!Array.isArray(list)) return { problem: 'the list of crates has another form than is known' };
  const budget = { edges: MAX_EDGES };
  const packages = list.slice(0, MAX_PACKAGES).map((item: unknown) => readPackage(item, budget));
  return { packages, ...(list.length > MAX_PACKAGES || budget.edges < 0 ? { truncated: true } : {}) };
}

/** An item that is none keeps its place, so that indexes stay right. */
function readPackage(item: unknown, budget: { edges: number }): RustAuditPackage {
  if (!isRecord(item)) return { name: '', version: '', source: '' };
  const { name, version, source, kind, root, dependencies } = item;
  const all: readonly unknown[] = Array.isArray(dependencies) ? dependencies : [];
  const edges = all.slice(0, Math.max(0, budget.edges)).filter((index): index is number => Number.isSafeInteger(index));
  budget.edges -= all.length;
  return {
    name: textOf(name),
    version: textOf(version),
    source: textOf(source),
    ...(typeof kind === 'string' ? { kind: textOf(kind) } : {}),
    ...(edges.length === 0 ? {} : { dependencies: edges }),
    ...(root === true ? { root } : {}),
  };
}

/** '' for what is no text of a credible length. */
function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
