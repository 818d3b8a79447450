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
/** In the data segment: the blob or padding (64), two string headers (32), a variable (16), padding. */
const FIXED_BYTES = 128;
const FRAME = Buffer.from('0123456789abcdef', 'latin1');

/** Numbers in the width and byte order of one file. */
interface Numbers {
  readonly wide: boolean;
  readonly number: (value: number, size: 1 | 2 | 4 | 8) => Buffer;
  /** As wide as an address. */
  readonly word: (value: number) => Buffer;
  /** The address of a place in the file. */
  readonly address: (offset: number) => Buffer;
}

interface Segment {
  readonly bytes: Buffer;
  /** Offset of the blob in the file. */
  readonly blobAt: number;
}

/** An ELF executable that holds nothing but what Go's linker would write about modules. */
export function goBinary(options: GoBinaryOptions): Buffer {
  const { wide = true, littleEndian = true, sections = true } = options;
  const numbers = numbersOf(wide, littleEndian);
  const segment = dataSegment(options, numbers, littleEndian);
  const tables = sectionTables(options, numbers, segment);
  const machine = wide ? (littleEndian ? 62 : 22) : littleEndian ? 3 : 8;
  const identity = Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0]);
  const front = Buffer.concat([
    identity,
    Buffer.alloc(8),
    fileHeader(numbers, machine, sections ? DATA + segment.bytes.length + tables.beforeTable.length : 0),
    loadHeader(numbers, segment.bytes.length),
  ]);
  const body = [front, Buffer.alloc(DATA - front.length), segment.bytes];
  return Buffer.concat(sections ? [...body, tables.beforeTable, tables.table] : body);
}

function numbersOf(wide: boolean, littleEndian: boolean): Numbers {
  const number = (value: number, size: 1 | 2 | 4 | 8): Buffer => {
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64BE(BigInt(value));
    else bytes.writeUIntBE(value, 0, size);
    return littleEndian ? bytes.reverse() : bytes;
  };
  const word = (value: number): Buffer => number(value, wide ? 8 : 4);
  return { wide, number, word, address: (offset) => word(BASE + offset) };
}

function dataSegment(options: GoBinaryOptions, { wide, word, address }: Numbers, littleEndian: boolean): Segment {
  const { pointers = false, variable } = options;
  const modInfo = Buffer.concat([FRAME, Buffer.from(options.modInfo), FRAME]);
  const version = Buffer.from(options.goVersion);
  const flags = pointers ? (littleEndian ? 0 : 1) : 2;
  const magic = Buffer.concat([Buffer.from('\xff Go buildinf:', 'latin1'), Buffer.from([wide ? 8 : 4, flags])]);
  const texts = DATA + FIXED_BYTES;
  const fixed = Buffer.alloc(FIXED_BYTES);
  const value = Buffer.from(variable?.value ?? '');
  const plain = pointers ? Buffer.concat([version, modInfo]) : Buffer.alloc(0);
  Buffer.concat([address(texts + plain.length), word(value.length)]).copy(fixed, 96);
  if (pointers) {
    Buffer.concat([magic, address(DATA + 64), address(DATA + 80)]).copy(fixed, 0);
    Buffer.concat([address(texts), word(version.length)]).copy(fixed, 64);
    Buffer.concat([address(texts + version.length), word(modInfo.length)]).copy(fixed, 80);
    return { bytes: Buffer.concat([fixed, plain, value]), blobAt: DATA };
  }
  const blobAt = DATA + Math.ceil((FIXED_BYTES + value.length) / 16) * 16;
  const padding = Buffer.alloc(blobAt - DATA - FIXED_BYTES - value.length);
  const strings = [varint(version.length), version, varint(modInfo.length), modInfo];
  return { bytes: Buffer.concat([fixed, value, padding, magic, Buffer.alloc(16), ...strings]), blobAt };
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

/** Symbols, strings and section names, then the section table; the variable's name shares its end with another. */
function sectionTables(
  { variable }: GoBinaryOptions,
  { wide, number, word, address }: Numbers,
  segment: Segment,
): { readonly beforeTable: Buffer; readonly table: Buffer } {
  const strings = Buffer.from(`\0not.${variable?.name ?? 'x'}\0`, 'latin1');
  const names = Buffer.from('\0.go.buildinfo\0.symtab\0.strtab\0.shstrtab\0', 'latin1');
  const kind = Buffer.concat([Buffer.from([1, 0]), number(1, 2)]);
  const place = address(DATA + 96);
  const symbol = wide
    ? Buffer.concat([number(5, 4), kind, place, word(16)])
    : Buffer.concat([number(5, 4), place, word(8), kind]);
  const symbols = Buffer.concat([Buffer.alloc(symbol.length), symbol]);
  const end = DATA + segment.bytes.length;
  const section = (
    name: number,
    type: number,
    [at, offset, size]: readonly [number, number, number],
    link = 0,
  ): Buffer =>
    Buffer.concat([
      ...[name, type].map((value) => number(value, 4)),
      ...[0, at, offset, size].map(word),
      ...[link, 0].map((value) => number(value, 4)),
      ...[1, 0].map(word),
    ]);
  const table = Buffer.concat([
    section(0, 0, [0, 0, 0]),
    section(1, 1, [BASE + segment.blobAt, segment.blobAt, end - segment.blobAt]),
    section(15, 2, [0, end, variable === undefined ? 0 : symbols.length], 3),
    section(23, 3, [0, end + symbols.length, strings.length]),
    section(31, 3, [0, end + symbols.length + strings.length, names.length]),
  ]);
  return { beforeTable: Buffer.concat([symbols, strings, names]), table };
}

/** What follows the 16 bytes of identity. */
function fileHeader({ wide, number, word }: Numbers, machine: number, tableAt: number): Buffer {
  const headerBytes = wide ? 64 : 52;
  const halves = [headerBytes, wide ? 56 : 32, 1, wide ? 64 : 40, tableAt === 0 ? 0 : 5, tableAt === 0 ? 0 : 4];
  return Buffer.concat([
    ...[2, machine].map((value) => number(value, 2)),
    number(1, 4),
    ...[BASE, headerBytes, tableAt].map(word),
    number(0, 4),
    ...halves.map((value) => number(value, 2)),
  ]);
}

function loadHeader({ wide, number, word, address }: Numbers, sizeBytes: number): Buffer {
  const [readWrite, size] = [number(6, 4), word(sizeBytes)];
  const places = [word(DATA), address(DATA), address(DATA), size, size];
  return wide
    ? Buffer.concat([number(1, 4), readWrite, ...places, word(4096)])
    : Buffer.concat([number(1, 4), ...places, readWrite, word(4096)]);
}
