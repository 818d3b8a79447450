/** One section of a made-up Windows executable. */
export interface PeSectionInput {
  readonly name: string;
  readonly content: Uint8Array;
  /** Initialised data, readable and writable. */
  readonly writable?: boolean;
}

export interface PeFileOptions {
  readonly wide?: boolean;
  /** Texts of the version resource. */
  readonly version?: Readonly<Record<string, string>>;
  /** Claims a .NET header. */
  readonly managed?: boolean;
  readonly sections?: readonly PeSectionInput[];
}

const ALIGNMENT = 512;
const PAGE = 0x1000;
const HEADER_AT = 0x80;

/** A Windows executable that holds its headers, the sections, and a version resource when there are texts for it. */
export function peFile(options: PeFileOptions = {}): Buffer {
  const { wide = true, version, managed = false } = options;
  const sections: PeSectionInput[] = [...(options.sections ?? [])];
  const addressOf = (index: number): number => PAGE * 16 * (index + 1);
  const resources =
    version === undefined ? undefined : versionTree(versionResource(version), addressOf(sections.length));
  if (resources !== undefined) sections.push({ name: '.rsrc', content: resources });
  const optional = Buffer.alloc((wide ? 112 : 96) + 16 * 8);
  optional.writeUInt16LE(wide ? 0x20b : 0x10b, 0);
  if (wide) optional.writeBigUInt64LE(0x140000000n, 24);
  else optional.writeUInt32LE(0x400000, 28);
  const directories = wide ? 112 : 96;
  optional.writeUInt32LE(16, directories - 4);
  const directory = (index: number, address: number, sizeBytes: number): void => {
    optional.writeUInt32LE(address, directories + index * 8);
    optional.writeUInt32LE(sizeBytes, directories + index * 8 + 4);
  };
  if (resources !== undefined) directory(2, addressOf(sections.length - 1), resources.length);
  if (managed) directory(14, PAGE, 72);
  const front = Buffer.alloc(HEADER_AT + 24);
  front.write('MZ', 0, 'latin1');
  front.writeUInt32LE(HEADER_AT, 60);
  front.write('PE\0\0', HEADER_AT, 'latin1');
  front.writeUInt16LE(wide ? 0x8664 : 0x14c, HEADER_AT + 4);
  front.writeUInt16LE(sections.length, HEADER_AT + 6);
  front.writeUInt16LE(optional.length, HEADER_AT + 20);
  let offset = aligned(front.length + optional.length + sections.length * 40);
  const [headers, bodies]: [Buffer[], Buffer[]] = [[], []];
  for (const [index, { name, content, writable = false }] of sections.entries()) {
    const header = Buffer.alloc(40);
    const sizeBytes = aligned(content.length);
    header.write(name, 0, 8, 'latin1');
    for (const [at, value] of [
      [8, content.length],
      [12, addressOf(index)],
      [16, sizeBytes],
      [20, offset],
      [36, writable ? 0xc0000040 : 0x40000040],
    ] as const)
      header.writeUInt32LE(value, at);
    headers.push(header);
    bodies.push(Buffer.concat([content, Buffer.alloc(sizeBytes - content.length)]));
    offset += sizeBytes;
  }
  const head = Buffer.concat([front, optional, ...headers]);
  return Buffer.concat([head, Buffer.alloc(aligned(head.length) - head.length), ...bodies]);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** The three levels of a resource tree with one leaf, and what it leads to. */
function versionTree(resource: Buffer, address: number): Buffer {
  const level = (id: number, target: number): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt16LE(1, 14);
    bytes.writeUInt32LE(id, 16);
    bytes.writeUInt32LE(target, 20);
    return bytes;
  };
  const leaf = Buffer.alloc(16);
  leaf.writeUInt32LE(address + 88, 0);
  leaf.writeUInt32LE(resource.length, 4);
  return Buffer.concat([level(16, 0x80000018), level(1, 0x80000030), level(1033, 72), leaf, resource]);
}

function versionResource(texts: Readonly<Record<string, string>>): Buffer {
  const strings = Object.entries(texts).map(([key, value]) => block(key, Buffer.from(`${value}\0`, 'utf16le'), true));
  const table = block('040904b0', joined(strings), true, 0);
  const fixed = Buffer.alloc(52);
  fixed.writeUInt32LE(0xfeef04bd, 0);
  return block('VS_VERSION_INFO', joined([fixed, block('StringFileInfo', table, true, 0)]), false, fixed.length);
}

/** @param valueLength as the block's header says it; the content's unless told */
function block(key: string, content: Buffer, isText: boolean, valueLength?: number): Buffer {
  const header = Buffer.alloc(6);
  const front = joined([Buffer.concat([header, Buffer.from(`${key}\0`, 'utf16le')]), content]);
  front.writeUInt16LE(front.length, 0);
  front.writeUInt16LE(valueLength ?? content.length / 2, 2);
  front.writeUInt16LE(isText ? 1 : 0, 4);
  return front;
}

/** One after the other, each on a boundary of four bytes. */
function joined(parts: readonly Buffer[]): Buffer {
  let all = Buffer.alloc(0);
  for (const part of parts) all = Buffer.concat([all, Buffer.alloc((4 - (all.length % 4)) % 4), part]);
  return all;
}
