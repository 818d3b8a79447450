import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { tryParseMachO } from '../../src/formats/executable/mach-o.ts';
import { extractRustAudit, type RustAudit } from '../../src/formats/index.ts';
import { elfFile } from '../support/elf-file.ts';
import { machOFile } from '../support/mach-o-file.ts';
import { peFile } from '../support/pe-file.ts';

const LIST = { packages: [{ name: 'app', version: '0.1.0', source: 'local', root: true, dependencies: [0] }] };
const COMMENT = Buffer.from('GCC: (Debian 12.2.0) 12.2.0\0rustc version 1.95.0 (f2d3ce0bd 2026-03-21)\0', 'latin1');

function extract(bytes: Uint8Array): RustAudit | undefined {
  const json = extractRustAudit(bytes);
  return json === undefined ? undefined : (JSON.parse(Buffer.from(json).toString('utf8')) as RustAudit);
}

const packed = (value: unknown): Buffer => deflateSync(typeof value === 'string' ? value : JSON.stringify(value));
const inElf = (content: Uint8Array): Buffer => elfFile([{ name: '.dep-v0', content }]);

describe('extractRustAudit', () => {
  for (const wide of [true, false]) {
    for (const littleEndian of [true, false]) {
      it(`reads an ELF file of ${wide ? 64 : 32} bits, ${littleEndian ? 'little' : 'big'}-endian`, () => {
        const sections = [
          { name: '.comment', content: COMMENT },
          { name: '.dep-v0', content: packed(LIST) },
        ];
        const audit = extract(elfFile(sections, { wide, littleEndian }));
        assert.deepEqual(audit?.packages, LIST.packages);
        assert.equal(audit.rustc, '1.95.0');
      });
    }
  }

  it('reads Windows programs, whose sections end in zeros, and Mach-O ones', () => {
    for (const wide of [true, false]) {
      const pe = extract(peFile({ wide, sections: [{ name: '.dep-v0', content: packed(LIST) }] }));
      assert.deepEqual(pe?.packages, LIST.packages);
      assert.equal(pe.format, 'pe');
      const sections = [{ segment: '__DATA', name: '.dep-v0', content: packed(LIST) }];
      for (const universal of [true, false])
        assert.deepEqual(extract(machOFile(sections, { wide, universal }))?.packages, LIST.packages);
    }
  });

  it('reads WebAssembly modules', () => {
    const head = Buffer.from('\0asm\x01\0\0\0\x01\x01\0', 'latin1');
    const section = (name: string, content: Uint8Array): Buffer => {
      const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), content]);
      return Buffer.concat([Buffer.from([0, (body.length & 0x7f) | 0x80, body.length >> 7]), body]);
    };
    const list = section('.dep-v0', packed(LIST));
    const module = Buffer.concat([
      head,
      section('name', Buffer.alloc(200)),
      list,
      section('.dep-v0', Buffer.from('x')),
    ]);
    assert.deepEqual(extract(module), { format: 'wasm', architecture: 'wasm', packages: LIST.packages });
    assert.equal(extract(Buffer.concat([head, section('name', Buffer.alloc(9))])), undefined);
    for (let end = 0; end < head.length + 210 + list.length; end += 1)
      assert.equal(extract(module.subarray(0, Math.min(end, head.length + 209 + list.length - 20))), undefined);
    const damaged = Buffer.concat([head, section('.dep-v0', Buffer.from('not zlib'))]);
    assert.match(extract(damaged)?.problem ?? '', /damaged/);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => void extract(Buffer.concat([head, tail]))));
  });

  it('tells the compiler of a program without a list, and nothing of others', () => {
    assert.deepEqual(extract(elfFile([{ name: '.comment', content: COMMENT }])), {
      format: 'elf',
      architecture: 'amd64',
      rustc: '1.95.0',
    });
    for (const text of ['GCC: 12 rustc version 1.2.3 \0', 'rustc version one \0', ''])
      assert.equal(extract(elfFile([{ name: '.comment', content: Buffer.from(text) }])), undefined);
    for (const bytes of [Buffer.alloc(0), Buffer.from('MZ'), elfFile([]), peFile()])
      assert.equal(extract(bytes), undefined);
  });

  it('keeps the places of items that are none, so that indexes stay right', () => {
    const packages = [null, 'x', { name: 7, version: {}, dependencies: [1.5, 'a', 3] }, { name: 'a'.repeat(300) }];
    assert.deepEqual(extract(inElf(packed({ packages })))?.packages, [
      { name: '', version: '', source: '' },
      { name: '', version: '', source: '' },
      { name: '', version: '', source: '', dependencies: [3] },
      { name: '', version: '', source: '' },
    ]);
  });

  it('names the problem of a list that is damaged, of another form, or a bomb', () => {
    const deep = '['.repeat(2_000_000);
    for (const content of [
      Buffer.from('not zlib'),
      Buffer.alloc(0),
      packed(LIST).subarray(0, 20),
      packed('{"packages":'),
      packed(deep),
      packed([]),
      packed({ packages: {} }),
      deflateSync(Buffer.alloc(64 * 1024 * 1024)),
    ]) {
      const audit = extract(inElf(content));
      assert.equal(audit?.packages, undefined);
      assert.match(audit?.problem ?? '', /^the list of crates/);
    }
  });

  it('unpacks only so much more than there is', () => {
    const small = packed({ packages: [], junk: 'x'.repeat(60_000) });
    assert.deepEqual(extract(inElf(small))?.packages, []);
    const bomb = packed({ packages: [], junk: 'x'.repeat(7_000_000) });
    assert.match(extract(inElf(bomb))?.problem ?? '', /too large/);
  });

  it('keeps at most 20,000 crates and 400,000 edges', () => {
    const packages = Array.from({ length: 20_001 }, (_, index) => ({
      name: `c${index}`,
      version: '1.0.0',
      source: 'git',
    }));
    const audit = extract(inElf(packed({ packages })));
    assert.deepEqual([audit?.packages?.length, audit?.truncated], [20_000, true]);
    const dependencies = Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 20_000);
    const many = extract(
      inElf(
        packed({
          packages: [
            { name: 'a', dependencies },
            { name: 'b', dependencies },
          ],
        }),
      ),
    );
    assert.equal(many?.truncated, true);
    assert.equal(many.packages?.[1]?.dependencies?.length, 100_000);
  });

  it('reads at most 4,096 sections of a Mach-O file whose commands overlap', () => {
    const file = Buffer.alloc(1024 * 1024);
    file.writeUInt32LE(0xfeedfacf, 0);
    file.writeUInt32LE(4096, 16);
    // each command is a segment of 8 bytes, and what follows it the number of its sections
    for (let at = 32; at < 40_000; at += 8) file.writeUInt32LE(0x19, at);
    for (let at = 36; at < 40_000; at += 8) file.writeUInt32LE(8, at);
    const [slice] = tryParseMachO(file);
    assert.ok(slice !== undefined && slice.sections.length > 0 && slice.sections.length <= 4096);
    assert.equal(extract(file), undefined);
  });

  it('never throws on damaged files', () => {
    const files = [
      elfFile([
        { name: '.comment', content: COMMENT },
        { name: '.dep-v0', content: packed(LIST) },
      ]),
      peFile({ sections: [{ name: '.dep-v0', content: packed(LIST) }] }),
      machOFile([{ segment: '__DATA', name: '.dep-v0', content: packed(LIST) }], { universal: true }),
    ];
    const change = fc.tuple(fc.nat(4095), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(2), fc.array(change, { maxLength: 16 }), fc.option(fc.nat(2047)), (which, changes, length) => {
        const file = Buffer.from(files[which]!);
        for (const [offset, byte] of changes) file[offset % file.length] = byte;
        const audit = extract(length === null ? file : file.subarray(0, length));
        assert.ok(audit === undefined || typeof audit.format === 'string');
      }),
      { numRuns: 400 },
    );
  });
});
