/** One section of a made-up Mach-O file. */
export interface MachOSectionInput {
  readonly segment: string;
  readonly name: string;
  readonly content: Uint8Array;
}

const DATA_AT = 0x1000;

/** A little-endian Mach-O file with one segment that holds the sections; universal: behind the table of one slice. */
export function machOFile(
  sections: readonly MachOSectionInput[],
  options: { readonly wide?: boolean; readonly universal?: boolean } = {},
): Buffer {
  const { wide = true, universal = false } = options;
  const number = (value: number, size: 4 | 8): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(value, 0);
    return bytes;
  };
  const word = (value: number): Buffer => number(value, wide ? 8 : 4);
  const fixed = (text: string): Buffer => {
    const bytes = Buffer.alloc(16);
    bytes.write(text, 'latin1');
    return bytes;
  };
  const content = Buffer.concat(sections.map((section) => section.content));
  let at = DATA_AT;
  const headers = sections.map((section) => {
    const offset = at;
    at += section.content.length;
    const places = [word(offset), word(section.content.length), number(offset, 4)];
    const header = Buffer.concat([fixed(section.name), fixed(section.segment), ...places]);
    return Buffer.concat([header, Buffer.alloc((wide ? 80 : 68) - header.length)]);
  });
  const commandBytes = (wide ? 72 : 56) + headers.length * (wide ? 80 : 68);
  const head = Buffer.concat([
    number(wide ? 0xfeedfacf : 0xfeedface, 4),
    number(wide ? 0x100000c : 12, 4),
    ...[0, 2, 1, commandBytes, 0].map((value) => number(value, 4)),
    Buffer.alloc(wide ? 4 : 0),
    number(wide ? 0x19 : 1, 4),
    number(commandBytes, 4),
    fixed('__DATA'),
    ...[DATA_AT, content.length, DATA_AT, content.length].map(word),
    ...[3, 3, headers.length, 0].map((value) => number(value, 4)),
    ...headers,
  ]);
  const file = Buffer.concat([head, Buffer.alloc(DATA_AT - head.length), content]);
  if (!universal) return file;
  const table = Buffer.alloc(DATA_AT);
  for (const [index, value] of [0xcafebabe, 1, 0x100000c, 0, DATA_AT, file.length, 12].entries())
    table.writeUInt32BE(value, index * 4);
  return Buffer.concat([table, file]);
}
