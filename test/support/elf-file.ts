/** One section of a made-up ELF file. */
export interface ElfSectionInput {
  readonly name: string;
  /** PROGBITS (1) unless told; 7 is a note. */
  readonly type?: number;
  readonly content: Uint8Array;
  readonly alignment?: number;
}

export interface ElfFileOptions {
  readonly wide?: boolean;
  readonly littleEndian?: boolean;
  /** false: only note segments lead to notes, as after a table of sections was cut off. */
  readonly sectionTable?: boolean;
}

const ALIGN = 16;

/** An ELF file that holds the sections, a note segment per note section, and nothing else. */
export function elfFile(sections: readonly ElfSectionInput[], options: ElfFileOptions = {}): Buffer {
  const { wide = true, littleEndian = true, sectionTable = true } = options;
  const number = (value: number, size: 2 | 4 | 8): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntBE(value, size === 8 ? 2 : 0, size === 8 ? 6 : size);
    return littleEndian ? bytes.reverse() : bytes;
  };
  const word = (value: number): Buffer => number(value, wide ? 8 : 4);
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`, 'latin1');
  const all: readonly ElfSectionInput[] = [...sections, { name: '.shstrtab', type: 3, content: names }];
  const notes = sections.filter(({ type }) => type === 7);
  const [headerBytes, segmentBytes, sectionBytes] = wide ? [64, 56, 64] : [52, 32, 40];
  const body = padded(headerBytes + notes.length * segmentBytes);
  const offsets: number[] = [];
  let end = body;
  for (const { content } of all) {
    offsets.push(end);
    end = padded(end + content.length);
  }
  const offsetOf = (section: ElfSectionInput): number => offsets[all.indexOf(section)]!;
  const machine = wide ? (littleEndian ? 62 : 22) : littleEndian ? 3 : 8;
  const header = Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0]),
    Buffer.alloc(8),
    number(2, 2),
    number(machine, 2),
    number(1, 4),
    ...[0, notes.length === 0 ? 0 : headerBytes, sectionTable ? end : 0].map(word),
    number(0, 4),
    ...[headerBytes, segmentBytes, notes.length, sectionBytes, sectionTable ? all.length + 1 : 0, all.length].map(
      (value) => number(value, 2),
    ),
  ]);
  const segments = notes.map((note) => {
    const places = [offsetOf(note), 0, 0, note.content.length, note.content.length].map(word);
    const alignment = word(note.alignment ?? 4);
    return wide
      ? Buffer.concat([number(4, 4), number(4, 4), ...places, alignment])
      : Buffer.concat([number(4, 4), ...places, number(4, 4), alignment]);
  });
  const table = [Buffer.alloc(sectionBytes)];
  for (const section of all) {
    const nameAt = names.indexOf(`\0${section.name}\0`) + 1;
    table.push(
      Buffer.concat([
        number(nameAt, 4),
        number(section.type ?? 1, 4),
        ...[0, 0, offsetOf(section), section.content.length].map(word),
        number(0, 4),
        number(0, 4),
        ...[section.alignment ?? 1, 0].map(word),
      ]),
    );
  }
  const file = Buffer.alloc(end);
  Buffer.concat([header, ...segments]).copy(file);
  for (const section of all) file.set(section.content, offsetOf(section));
  return sectionTable ? Buffer.concat([file, ...table]) : file;
}

function padded(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

/** One note as it lies in a section. */
export function elfNote(
  note: { readonly name: string; readonly type: number; readonly content: Uint8Array },
  options: { readonly littleEndian?: boolean; readonly step?: number } = {},
): Buffer {
  const { littleEndian = true, step = 4 } = options;
  const name = Buffer.from(`${note.name}\0`, 'latin1');
  const header = Buffer.alloc(12);
  for (const [index, value] of [name.length, note.content.length, note.type].entries()) {
    if (littleEndian) header.writeUInt32LE(value, index * 4);
    else header.writeUInt32BE(value, index * 4);
  }
  const fill = (length: number): Buffer => Buffer.alloc(Math.ceil(length / step) * step - length);
  const front = Buffer.concat([header, name]);
  return Buffer.concat([front, fill(front.length), note.content, fill(note.content.length)]);
}
