import { tryParseElf, type ElfSection } from '../../formats/index.ts';

/** What a file's content begins like, as far as the pass tells them apart. */
export type ContentKind = 'elf' | 'pe' | 'mach-o' | 'script';

/** Bytes that `contentKind` wants to see; of a shorter file all of them. */
export const MAGIC_BYTES = 8;

/**
 * What a file begins like: an executable by its magic (universal Mach-O files included, Java classes not), or a script that names its interpreter.
 */
export function contentKind(head: Uint8Array): ContentKind | undefined {
  const word = (((head[0] ?? 0) << 24) | ((head[1] ?? 0) << 16) | ((head[2] ?? 0) << 8) | (head[3] ?? 0)) >>> 0;
  if (word === 0x7f454c46) return 'elf';
  if (word >>> 16 === 0x4d5a) return 'pe';
  // `#![` begins Rust sources
  if (word >>> 16 === 0x2321 && head.length > 2 && head[2] !== 0x5b) return 'script';
  if (word === 0xfeedface || word === 0xfeedfacf || word === 0xcefaedfe || word === 0xcffaedfe) return 'mach-o';
  // 0xcafebabe is shared with Java, whose version numbers begin at 45; nobody has that many architectures
  const isUniversal =
    (word === 0xcafebabe || word === 0xcafebabf) &&
    head[4] === 0 &&
    head[5] === 0 &&
    head[6] === 0 &&
    (head[7] ?? 0) < 40;
  return isUniversal ? 'mach-o' : undefined;
}

const FIRST_BYTES = new Set([0x7f, 0x4d, 0x23, 0xfe, 0xce, 0xcf, 0xca]);

/** False when no content that begins with this byte has a kind: nearly all files of an image are done with then. */
export function mayHaveKind(firstByte: number): boolean {
  return FIRST_BYTES.has(firstByte);
}

/** The kind, when it is a program's or a library's. */
export function executableKind(head: Uint8Array): Exclude<ContentKind, 'script'> | undefined {
  const kind = contentKind(head);
  return kind === 'script' ? undefined : kind;
}

/** Names that a table of sections with readable names has, whoever linked the file. */
const TELLING_NAMES = new Set(['.shstrtab', '.strtab', '.dynstr', '.text']);

/** What the cheap tests of all extractors share: a file's headers are read at most once. Hostile bytes; never throws. */
export class ExecutableStructure {
  /** undefined: no executable. */
  readonly format: Exclude<ContentKind, 'script'> | undefined;
  readonly #bytes: Uint8Array;
  #sections: ReadonlyMap<string, ElfSection> | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.format = executableKind(bytes);
  }

  /** Whether an ELF file has a table of sections that can be read. Without one nothing can be said about its sections. */
  get hasSections(): boolean {
    return this.#byName().size > 0;
  }

  /** The first ELF section of this name; undefined too when there is no table that can be read. */
  section(name: string): ElfSection | undefined {
    return this.#byName().get(name);
  }

  #byName(): ReadonlyMap<string, ElfSection> {
    this.#sections ??= this.#readSections();
    return this.#sections;
  }

  #readSections(): ReadonlyMap<string, ElfSection> {
    const sections = new Map<string, ElfSection>();
    if (this.format !== 'elf') return sections;
    for (const section of tryParseElf(this.#bytes)?.sections ?? []) {
      if (!sections.has(section.name)) sections.set(section.name, section);
    }
    return [...TELLING_NAMES].some((name) => sections.has(name)) ? sections : new Map();
  }
}
