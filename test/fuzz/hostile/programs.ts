import { CLASSIFIERS } from '../../../src/catalog/binary/classifier-table.ts';
import { file, repeated, small, type HostileCase } from './case.ts';
import { peFile } from '../../support/pe-file.ts';

const MiB = 1024 * 1024;
const SECTION_BYTES = 64;
const NAMES = Buffer.from('\0.note.package\0.go.buildinfo\0.dep-v0\0.svm_heap\0.dynsym\0.symtab\0.data\0.comment\0');

interface WildSection {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The head of an ELF file and its table of sections, which lies at `tableAt`. All link to themselves. */
function wildElf(sections: readonly WildSection[], tableAt: number): { readonly head: Buffer; readonly table: Buffer } {
  const head = Buffer.alloc(64 + NAMES.length);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(62, 18);
  head.writeBigUInt64LE(BigInt(tableAt), 40);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(SECTION_BYTES, 58);
  head.writeUInt16LE(sections.length + 1, 60);
  head.writeUInt16LE(0, 62);
  head.set(NAMES, 64);
  const names = { name: '', type: 3, offset: 64, sizeBytes: NAMES.length };
  const table = Buffer.alloc((sections.length + 1) * SECTION_BYTES);
  for (const [index, section] of [names, ...sections].entries()) {
    const at = index * SECTION_BYTES;
    table.writeUInt32LE(Math.max(0, NAMES.indexOf(`\0${section.name}\0`) + 1), at);
    table.writeUInt32LE(section.type, at + 4);
    table.writeBigUInt64LE(3n, at + 8);
    table.writeBigUInt64LE(BigInt(0x40_0000), at + 16);
    table.writeBigUInt64LE(BigInt(section.offset), at + 24);
    table.writeBigUInt64LE(BigInt(section.sizeBytes), at + 32);
    table.writeUInt32LE(index, at + 40);
    table.writeBigUInt64LE(1n, at + 56);
  }
  return { head, table };
}

const WILD = ['.note.package', '.go.buildinfo', '.dep-v0', '.svm_heap', '.dynsym', '.symtab', '.data', '.comment'];

function manySections(): Buffer {
  const count = 65_534;
  const total = 64 + NAMES.length + (count + 1) * SECTION_BYTES;
  const sections = Array.from({ length: count }, (_, index) => ({
    name: WILD[index % WILD.length]!,
    type: index % 12,
    offset: 0,
    sizeBytes: total,
  }));
  const { head, table } = wildElf(sections, 64 + NAMES.length);
  return Buffer.concat([head, table]);
}

/** An ELF file that is all zeros but for its head and its sections, which span all of it. */
function sparse(path: string, sizeBytes: number, names: readonly string[]) {
  const middle = sizeBytes - 2 * MiB;
  const sections = names.map((name) => ({ name, type: 1, offset: 4096, sizeBytes: middle }));
  const { head, table } = wildElf(sections, sizeBytes - MiB);
  const zeros = Buffer.alloc(MiB);
  return file(
    path,
    function* () {
      yield Buffer.concat([head], MiB);
      for (let at = MiB; at < sizeBytes - MiB; at += MiB) yield zeros;
      yield Buffer.concat([table], MiB);
    },
    0o755,
  );
}

/** What makes the patterns of a program try: its needle between long runs of what versions are made of. */
function temptation(needle: string, filler: string): Buffer {
  return Buffer.concat([Buffer.from(filler), Buffer.from(needle, 'latin1'), Buffer.from(filler)]);
}

const FILLERS = [
  '1.1.1.1.1.1.1.1',
  '0000000000000000',
  'v1-1_1+1 go 1.',
  'aaaaaaaaaaaaaaaa',
  '1.2.3-rc.1-rc.1\0',
  ' \n 1.0 \n ',
  '',
  '\0',
];

function nameOf({ names, prefixes, pathSuffixes }: (typeof CLASSIFIERS)[number]): string {
  return names?.[0] ?? pathSuffixes?.[0] ?? `${prefixes?.[0] ?? 'x'}3.11`;
}

function* temptations(bytesEach: number) {
  for (const [index, classifier] of CLASSIFIERS.entries()) {
    const patterns = [...classifier.patterns, ...(classifier.needs ?? []), ...(classifier.not ?? [])];
    for (const [which, filler] of FILLERS.entries()) {
      const unit = Buffer.concat(patterns.map(({ needle }) => temptation(needle, filler.repeat(1 + (which % 3) * 40))));
      const path = `opt/${index}/${which}/${nameOf(classifier)}`;
      yield file(
        path,
        () => [Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1'), ...repeated(unit, classifier.text ? 60_000 : bytesEach)],
        0o755,
      );
    }
  }
}

/** What needles begin with, for every classifier. */
function* beginnings(bytesEach: number) {
  for (const [index, classifier] of CLASSIFIERS.entries()) {
    if (classifier.text === true) continue;
    const { needle } = classifier.patterns[index % classifier.patterns.length] ?? { needle: 'x' };
    const unit = Buffer.from(needle.slice(0, -1), 'latin1');
    yield file(`opt/${index}/${nameOf(classifier)}`, () => repeated(unit, bytesEach), 0o755);
  }
}

function cyclicResources(): Buffer {
  const bytes = peFile({ version: { ProductName: 'x', ProductVersion: '1' }, managed: true });
  const at = bytes.indexOf(Buffer.from('VS_VERSION_INFO', 'utf16le')) - 120;
  // every entry of every directory is the root
  for (let entry = at; entry < at + 96; entry += 8) {
    bytes.writeUInt32LE(16, entry);
    bytes.writeUInt32LE(0x80000000, entry + 4);
  }
  return bytes;
}

const PYTHON = CLASSIFIERS.find(({ id }) => id === 'python')?.patterns[0]?.needle ?? 'Python ';

export const PROGRAM_CASES: readonly HostileCase[] = [
  {
    id: 'forty ELF files of 65,535 sections over each other',
    layer: function* () {
      const bytes = manySections();
      for (let index = 0; index < 40; index += 1) yield small(`usr/lib/wild${index}.so`, bytes, 0o755);
    },
  },
  {
    id: 'ELF of 900 MB, nothing but Go sections',
    layer: () => [sparse('opt/sparse', 900 * MiB, ['.go.buildinfo'])],
    maxMiB: 1024,
  },
  { id: 'ELF of 900 MB, all sections span it', layer: () => [sparse('opt/sparse', 900 * MiB, WILD)] },
  {
    id: 'four ELF of 600 MB',
    layer: () => [0, 1, 2, 3].map((index) => sparse(`opt/sparse${index}`, 600 * MiB, ['.go.buildinfo', '.svm_heap'])),
  },
  {
    id: 'a gigabyte of one needle',
    layer: () => [file('usr/bin/python3.11', () => repeated(Buffer.from(PYTHON, 'latin1'), 1024 * MiB), 0o755)],
  },
  { id: 'temptations of every classifier', layer: () => temptations(MiB) },
  { id: 'what needles begin with, for every classifier', layer: () => beginnings(8 * MiB) },
  {
    id: 'a gigabyte of zeros in writing, for KeyDB',
    layer: () => [file('usr/bin/keydb-server', () => repeated(Buffer.from('0'), 1024 * MiB), 0o755)],
  },
  {
    id: 'a thousand PE files with cyclic resources',
    layer: function* () {
      const bytes = cyclicResources();
      for (let index = 0; index < 1000; index += 1) yield small(`opt/x${index}.dll`, bytes);
    },
  },
];
