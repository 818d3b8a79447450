/** How a made-up Go executable looks. Little-endian, 64 bits, inline strings and sections unless told. */
export interface GoBinaryOptions {
  readonly goVersion: string;
  /** Lines of module information, each with its `\n`. */
  readonly modInfo: string;
  readonly wide?: boolean;
  readonly littleEndian?: boolean;
  /** Strings behind pointers, as before Go 1.18. */
  readonly pointers?: boolean;
  /** Without a section table, only the data segment leads to the blob. */
  readonly sections?: boolean;
  /** Adds a symbol table with a string variable. */
  readonly variable?: { readonly name: string; readonly value: string };
}

const BASE = 0x400000;
const DATA = 0x1000;

/** Writes numbers of the wanted width and order into a growing file. */
function writer(wide: boolean, littleEndian: boolean) {
  const number = (value: number, size: 1 | 2 | 4 | 8): Buffer => {
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64BE(BigInt(value));
    else bytes.writeUIntBE(value, 0, size);
    return littleEndian ? bytes.reverse() : bytes;
  };
  return { number, word: (value: number): Buffer => number(value, wide ? 8 : 4) };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** An ELF executable that holds nothing but what Go's linker would write about modules. */
export function goBinary(options: GoBinaryOptions): Buffer {
  const { wide = true, littleEndian = true, pointers = false, sections = true, variable } = options;
  const { number, word } = writer(wide, littleEndian);
  const pointerBytes = wide ? 8 : 4;
  const frame = Buffer.from('0123456789abcdef', 'latin1');
  const modInfo = Buffer.concat([frame, Buffer.from(options.modInfo), frame]);
  const version = Buffer.from(options.goVersion);
  const flags = pointers ? (littleEndian ? 0 : 1) : 2;
  const magic = Buffer.concat([Buffer.from('\xff Go buildinf:', 'latin1'), Buffer.from([pointerBytes, flags])]);
  // data segment: blob (64), two string headers (32), a variable (16), then the texts
  const texts = DATA + 128;
  const data = Buffer.alloc(128);
  const at = (offset: number): Buffer => word(BASE + offset);
  const value = Buffer.from(variable?.value ?? '');
  if (pointers) {
    magic.copy(data, 0);
    Buffer.concat([at(DATA + 64), at(DATA + 80)]).copy(data, 16);
    Buffer.concat([at(texts), word(version.length)]).copy(data, 64);
    Buffer.concat([at(texts + version.length), word(modInfo.length)]).copy(data, 80);
  }
  const inline = pointers
    ? Buffer.alloc(0)
    : Buffer.concat([magic, Buffer.alloc(16), varint(version.length), version, varint(modInfo.length), modInfo]);
  const plain = pointers ? Buffer.concat([version, modInfo]) : Buffer.alloc(0);
  const valueAt = texts + plain.length;
  Buffer.concat([at(valueAt), word(value.length)]).copy(data, 96);
  const beforeBlob = Buffer.concat([data, plain, value]);
  const blobAt = pointers ? DATA : DATA + Math.ceil(beforeBlob.length / 16) * 16;
  const segment = Buffer.concat([beforeBlob, Buffer.alloc(pointers ? 0 : blobAt - DATA - beforeBlob.length), inline]);

  const strings = Buffer.from(`\0not.${variable?.name ?? 'x'}\0`, 'latin1');
  const symbolName = number(5, 4);
  const address = at(DATA + 96);
  const symbol = wide
    ? Buffer.concat([symbolName, Buffer.from([1, 0]), number(1, 2), address, word(16)])
    : Buffer.concat([symbolName, address, word(8), Buffer.from([1, 0]), number(1, 2)]);
  const symbols = Buffer.concat([Buffer.alloc(symbol.length), symbol]);
  const names = Buffer.from('\0.go.buildinfo\0.symtab\0.strtab\0.shstrtab\0', 'latin1');
  const symbolsAt = DATA + segment.length;
  const stringsAt = symbolsAt + symbols.length;
  const namesAt = stringsAt + strings.length;
  const tableAt = namesAt + names.length;
  const section = (name: number, type: number, place: readonly [number, number, number], link = 0): Buffer =>
    Buffer.concat([
      number(name, 4),
      number(type, 4),
      word(0),
      word(place[0]),
      word(place[1]),
      word(place[2]),
      number(link, 4),
      number(0, 4),
      word(1),
      word(0),
    ]);
  const table = Buffer.concat([
    section(0, 0, [0, 0, 0]),
    section(1, 1, [BASE + blobAt, blobAt, DATA + segment.length - blobAt]),
    section(15, 2, [0, symbolsAt, variable === undefined ? 0 : symbols.length], 3),
    section(23, 3, [0, stringsAt, strings.length]),
    section(31, 3, [0, namesAt, names.length]),
  ]);
  const headerBytes = wide ? 64 : 52;
  const identity = Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0]);
  const header = Buffer.concat([
    identity,
    Buffer.alloc(8),
    number(2, 2),
    number(wide ? (littleEndian ? 62 : 22) : littleEndian ? 3 : 8, 2),
    number(1, 4),
    word(BASE),
    word(headerBytes),
    word(sections ? tableAt : 0),
    number(0, 4),
    number(headerBytes, 2),
    number(wide ? 56 : 32, 2),
    number(1, 2),
    number(wide ? 64 : 40, 2),
    number(sections ? 5 : 0, 2),
    number(sections ? 4 : 0, 2),
  ]);
  const [vaddr, size] = [at(DATA), word(segment.length)];
  const load = wide
    ? Buffer.concat([number(1, 4), number(6, 4), word(DATA), vaddr, vaddr, size, size, word(4096)])
    : Buffer.concat([number(1, 4), word(DATA), vaddr, vaddr, size, size, number(6, 4), word(4096)]);
  const front = Buffer.concat([header, load]);
  const body = [front, Buffer.alloc(DATA - front.length), segment];
  return Buffer.concat(sections ? [...body, symbols, strings, names, table] : body);
}
