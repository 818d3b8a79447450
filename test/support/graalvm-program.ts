import { gzipSync } from 'node:zlib';

/** A small 64-bit ELF file with a heap section, and the symbols under which native-image keeps its document. */
export function graalvmProgram(document: unknown, options: { readonly claimsBytes?: number } = {}): Buffer {
  const packed = gzipSync(typeof document === 'string' ? document : JSON.stringify(document));
  const names = Buffer.from('\0.svm_heap\0.dynsym\0.dynstr\0.shstrtab\0');
  const strings = Buffer.from('\0sbom\0sbom_length\0');
  const base = 0x40_0000;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(options.claimsBytes ?? packed.length));
  const data = Buffer.concat([length, packed]);
  const dataStart = 64 + 56;
  const symbols = Buffer.alloc(3 * 24);
  const addSymbol = (index: number, name: number, offset: number): void => {
    symbols.writeUInt32LE(name, index * 24);
    symbols.writeBigUInt64LE(BigInt(base + dataStart + offset), index * 24 + 8);
    symbols.writeBigUInt64LE(8n, index * 24 + 16);
  };
  addSymbol(1, strings.indexOf('sbom\0'), 8);
  addSymbol(2, strings.indexOf('sbom_length'), 0);
  const symbolsStart = dataStart + data.length;
  const stringsStart = symbolsStart + symbols.length;
  const namesStart = stringsStart + strings.length;
  const sectionsStart = namesStart + names.length;
  const sections = Buffer.concat([
    Buffer.alloc(64),
    section(names.indexOf('.svm_heap'), { type: 1, address: base + dataStart, offset: dataStart, size: data.length }),
    section(names.indexOf('.dynsym'), { type: 11, offset: symbolsStart, size: symbols.length, link: 3 }),
    section(names.indexOf('.dynstr'), { type: 3, offset: stringsStart, size: strings.length }),
    section(names.indexOf('.shstrtab'), { type: 3, offset: namesStart, size: names.length }),
  ]);
  const header = Buffer.alloc(64);
  header.write('\u007fELF', 'latin1');
  header.set([2, 1, 1], 4);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeBigUInt64LE(BigInt(sectionsStart), 40);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(5, 60);
  header.writeUInt16LE(4, 62);
  const segment = Buffer.alloc(56);
  segment.writeUInt32LE(1, 0);
  segment.writeUInt32LE(6, 4);
  segment.writeBigUInt64LE(BigInt(base), 16);
  segment.writeBigUInt64LE(BigInt(symbolsStart), 32);
  segment.writeBigUInt64LE(BigInt(symbolsStart), 40);
  return Buffer.concat([header, segment, data, symbols, strings, names, sections]);
}

function section(
  name: number,
  of: {
    readonly type: number;
    readonly offset: number;
    readonly size: number;
    readonly address?: number;
    readonly link?: number;
  },
): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(name, 0);
  bytes.writeUInt32LE(of.type, 4);
  bytes.writeBigUInt64LE(BigInt(of.address ?? 0), 16);
  bytes.writeBigUInt64LE(BigInt(of.offset), 24);
  bytes.writeBigUInt64LE(BigInt(of.size), 32);
  bytes.writeUInt32LE(of.link ?? 0, 40);
  return bytes;
}
