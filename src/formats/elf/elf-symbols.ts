import { elfSectionBytes, type ElfFile } from './elf.ts';

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly sizeBytes: number;
}

const SHT_SYMTAB = 2;
/** Largest symbol table looked through: some four million symbols. */
const MAX_SYMBOL_BYTES = 96 * 1024 * 1024;
/** Places in the string table where one name may end (linkers share the tails of names). */
const MAX_NAME_PLACES = 4096;

/**
 * Finds symbols by name in a hostile file's symbol table: one search of the strings per name and one pass over the symbols. Never throws.
 * @param names at most some dozens; a symbol's whole name must be equal
 */
export function findElfSymbols(elf: ElfFile, names: readonly string[]): readonly ElfSymbol[] {
  const table = elf.sections.find((section) => section.type === SHT_SYMTAB);
  const strings = table === undefined ? undefined : elf.sections[table.link];
  if (table === undefined || strings === undefined) return [];
  const wanted = namePlaces(elfSectionBytes(elf, strings), names);
  if (wanted.size === 0) return [];
  const wide = elf.pointerBytes === 8;
  const entrySize = wide ? 24 : 16;
  const sizeBytes = Math.min(elfSectionBytes(elf, table).byteLength, MAX_SYMBOL_BYTES);
  const found: ElfSymbol[] = [];
  for (let at = table.offset; at + entrySize <= table.offset + sizeBytes; at += entrySize) {
    const name = wanted.get(elf.reader.u32(at) ?? 0);
    if (name === undefined) continue;
    const address = wide ? elf.reader.u64(at + 8) : elf.reader.u32(at + 4);
    const size = wide ? elf.reader.u64(at + 16) : elf.reader.u32(at + 8);
    if (address !== undefined && size !== undefined) found.push({ name, address, sizeBytes: size });
    if (found.length >= names.length * 4) break;
  }
  return found;
}

/** Offset in the string table to name, for every place where one of the names stands up to its end. */
function namePlaces(strings: Buffer, names: readonly string[]): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  for (const name of names) {
    const needle = Buffer.from(`${name}\0`, 'latin1');
    let at = strings.indexOf(needle);
    for (let count = 0; at !== -1 && count < MAX_NAME_PLACES; count += 1) {
      places.set(at, name);
      at = strings.indexOf(needle, at + needle.byteLength);
    }
  }
  return places;
}
