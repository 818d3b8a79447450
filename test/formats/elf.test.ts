import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elfSectionBytes, tryParseElf, type ElfFile } from '../../src/formats/elf/elf.ts';
import { elfNotes } from '../../src/formats/elf/elf-notes.ts';
import { extractElfPackageNote, type ElfPackageNote } from '../../src/formats/index.ts';
import { elfFile, elfNote } from '../support/elf-file.ts';

const PACKAGE = {
  type: 'rpm',
  name: 'coreutils',
  version: '9.4-7.fc40',
  architecture: 'x86_64',
  osCpe: 'cpe:/o:x:y:1',
};
const PACKAGE_TYPE = 0xcafe1a7e;

function extract(bytes: Uint8Array): ElfPackageNote | undefined {
  const json = extractElfPackageNote(bytes);
  return json === undefined ? undefined : (JSON.parse(Buffer.from(json).toString('utf8')) as ElfPackageNote);
}

function parsed(bytes: Uint8Array): ElfFile {
  const elf = tryParseElf(bytes);
  assert.ok(elf !== undefined);
  return elf;
}

const packageNote = (text: string, littleEndian = true): Buffer =>
  elfNote({ name: 'FDO', type: PACKAGE_TYPE, content: Buffer.from(text) }, { littleEndian });
const withNotes = (content: Buffer): Buffer => elfFile([{ name: '.note.package', type: 7, content, alignment: 4 }]);

describe('extractElfPackageNote', () => {
  for (const wide of [true, false]) {
    for (const littleEndian of [true, false]) {
      for (const sectionTable of [true, false]) {
        it(`reads ${wide ? 64 : 32} bits, ${littleEndian ? 'little' : 'big'}-endian, ${sectionTable ? 'by section' : 'by segment'}`, () => {
          const id = elfNote({ name: 'GNU', type: 3, content: Buffer.alloc(20, 7) }, { littleEndian });
          const content = Buffer.concat([id, packageNote(`${JSON.stringify(PACKAGE)}\0\0`, littleEndian)]);
          const file = elfFile([{ name: '.note.package', type: 7, content }], { wide, littleEndian, sectionTable });
          assert.deepEqual(extract(file)?.fields, PACKAGE);
        });
      }
    }
  }

  it('keeps the fields it knows whose values are text of a credible length', () => {
    const odd = {
      ...PACKAGE,
      version: 7,
      os: null,
      debugInfoUrl: 'x'.repeat(2000),
      other: 'x',
      ['__proto__']: { name: 'y' },
    };
    const { version: _, ...rest } = PACKAGE;
    assert.deepEqual(extract(withNotes(packageNote(JSON.stringify(odd))))?.fields, rest);
  });

  it('finds the note behind sections with thousands of others', () => {
    const others = Buffer.alloc(64 * 1024);
    const file = elfFile([
      { name: '.gnu.build.attributes', type: 7, content: others },
      { name: '.note.package', type: 7, content: packageNote(JSON.stringify(PACKAGE)) },
    ]);
    assert.deepEqual(extract(file)?.fields, PACKAGE);
  });

  it('names the problem of a note that is no JSON object or too large', () => {
    for (const text of ['', '{"type":', '[]', 'null', '7', `"${'x'.repeat(70_000)}"`])
      assert.match(extract(withNotes(packageNote(text)))?.problem ?? '', /^the package note/);
  });

  it('gives undefined for files with other notes, none, or lies about their lengths', () => {
    const lie = packageNote(JSON.stringify(PACKAGE));
    lie.writeUInt32LE(0xfffffff0, 4);
    for (const content of [
      elfNote({ name: 'FDO', type: 1, content: Buffer.from('{}') }),
      elfNote({ name: 'GNU', type: PACKAGE_TYPE, content: Buffer.from('{}') }),
      Buffer.alloc(11),
      lie,
    ])
      assert.equal(extract(withNotes(content)), undefined);
    for (const bytes of [elfFile([]), Buffer.alloc(64), Buffer.alloc(0)]) assert.equal(extract(bytes), undefined);
  });
});

describe('elfNotes', () => {
  it('pads to eight bytes where the section says so', () => {
    const notes = ['a', 'bc'].map((name) => elfNote({ name, type: 5, content: Buffer.from('12345') }, { step: 8 }));
    const file = elfFile([{ name: '.note.gnu.property', type: 7, content: Buffer.concat(notes), alignment: 8 }]);
    assert.deepEqual(
      elfNotes(parsed(file)).map(({ name, content }) => `${name} ${content.toString('latin1')}`),
      ['a 12345', 'bc 12345'],
    );
  });

  it('reads at most 1,024 notes', () => {
    const empty = elfNote({ name: 'x', type: 1, content: Buffer.alloc(0) });
    const file = withNotes(Buffer.concat(Array.from({ length: 20_000 }, () => empty)));
    assert.equal(elfNotes(parsed(file)).length, 1024);
  });
});

describe('tryParseElf: hostile tables', () => {
  it('reads at most 65,536 sections and 4,096 segments, however often they overlap', () => {
    const file = Buffer.alloc(8 * 1024 * 1024);
    Buffer.from('7f454c46020101', 'hex').copy(file);
    file.writeBigUInt64LE(64n, 40);
    file.writeUInt16LE(64, 58);
    file.writeUInt16LE(0, 60);
    file.writeBigUInt64LE(0xffffffffn, 64 + 32);
    file.writeBigUInt64LE(64n, 32);
    file.writeUInt16LE(56, 54);
    file.writeUInt16LE(0xffff, 56);
    const elf = parsed(file);
    assert.equal(elf.sections.length, 65_536);
    assert.equal(elf.segments.length, 4096);
  });

  it('never throws on random changes of a real program, and no section leads outside of it', () => {
    const real = readFileSync('/bin/true').subarray(0, 512 * 1024);
    const base = real.readUInt32BE(0) === 0x7f454c46 ? real : withNotes(packageNote('{}'));
    const table = Number(base[4] === 2 ? base.readBigUInt64LE(40) : base.readUInt32LE(32));
    // half of the changes hit the headers, where they hurt
    const place = fc.oneof(
      fc.nat(63),
      fc.nat(4096).map((offset) => table + offset),
      fc.nat(base.length - 1),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, fc.oneof(fc.constantFrom(0, 0x7f, 0xff), fc.nat(255))), { maxLength: 32 }),
        fc.option(fc.nat(base.length)),
        (changes, length) => {
          const file = Buffer.from(base);
          for (const [offset, byte] of changes) file[Math.abs(offset) % file.length] = byte;
          const bytes = length === null ? file : file.subarray(0, length);
          const elf = tryParseElf(bytes);
          for (const section of elf?.sections ?? []) assert.ok(elfSectionBytes(elf!, section).length <= bytes.length);
          assert.ok(elf === undefined || elfNotes(elf).length <= 1024);
          extractElfPackageNote(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });
});
