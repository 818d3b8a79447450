import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractGoBuildInfo, tryParseElf, type GoBuildInfo } from '../../src/formats/index.ts';
import { goBinary, type GoBinaryOptions } from '../support/go-binary.ts';
import { peFile } from '../support/pe-file.ts';

const MODINFO = 'path\texample.com/tool\nmod\texample.com/tool\t(devel)\t\nbuild\tGOOS=linux\n';
const BASIC: GoBinaryOptions = { goVersion: 'go1.22.1', modInfo: MODINFO };

function extract(bytes: Uint8Array, complete = true): GoBuildInfo | undefined {
  const json = extractGoBuildInfo(bytes, { path: 'bin/tool', sizeBytes: bytes.byteLength, complete });
  return json === undefined ? undefined : (JSON.parse(Buffer.from(json).toString('utf8')) as GoBuildInfo);
}

describe('extractGoBuildInfo', () => {
  for (const wide of [true, false]) {
    for (const littleEndian of [true, false]) {
      for (const pointers of [true, false]) {
        for (const sections of [true, false]) {
          const title = `${wide ? 64 : 32} bits, ${littleEndian ? 'little' : 'big'}-endian, ${pointers ? 'pointers' : 'inline'}, ${sections ? 'with' : 'without'} sections`;
          it(`reads an ELF file: ${title}`, () => {
            const info = extract(goBinary({ ...BASIC, wide, littleEndian, pointers, sections }));
            assert.equal(info?.goVersion, 'go1.22.1');
            assert.equal(info.modInfo, MODINFO);
            assert.equal(info.format, 'elf');
            assert.equal(info.problem, undefined);
          });
        }
      }
    }
  }

  it('reads the value of main.version from the symbol table, names with shared tails included', () => {
    for (const wide of [true, false]) {
      for (const littleEndian of [true, false]) {
        const variable = { name: 'main.version', value: 'v1.2.3' };
        const info = extract(goBinary({ ...BASIC, wide, littleEndian, variable }));
        assert.deepEqual(info?.variables, [variable]);
      }
    }
  });

  it('gives undefined for what is no Go program', () => {
    assert.equal(extract(new Uint8Array()), undefined);
    assert.equal(extract(Buffer.from('#!/bin/sh\n')), undefined);
    const file = goBinary(BASIC);
    file.fill(0x20, file.indexOf('\xff Go buildinf:', 0, 'latin1'), file.indexOf('go1.22.1'));
    assert.equal(extract(file), undefined);
  });

  it('ignores a magic that is not aligned', () => {
    const file = goBinary({ ...BASIC, sections: false });
    file.write('\xff Go buildinf:', 0x1000 + 40, 'latin1');
    assert.equal(extract(file)?.goVersion, 'go1.22.1');
  });

  it('names the problem when strings lie outside the file or the file was cut', () => {
    const file = goBinary({ ...BASIC, sections: false });
    const cut = file.subarray(0, file.indexOf('go1.22.1') + 20);
    assert.match(extract(cut, false)?.problem ?? '', /only the beginning/);
    const huge = goBinary(BASIC);
    huge[huge.indexOf('go1.22.1') + 8] = 0xff;
    assert.match(extract(huge)?.problem ?? '', /outside the file/);
  });

  it('names UPX for a packed file', () => {
    const file = goBinary({ ...BASIC, sections: false });
    file.fill(0, 0x1000);
    file.write('UPX!', 0x100, 'latin1');
    assert.equal(extract(file)?.packed, 'upx');
  });

  it('names UPX for a packed Windows program, and not for one that only mentions it', () => {
    const sections = ['UPX0', 'UPX1'].map((name) => ({ name, content: Buffer.from('x') }));
    const packed = peFile({ sections });
    packed.write('UPX!', 0x2f0, 'latin1');
    assert.equal(extract(packed)?.packed, 'upx');
    const other = peFile({ sections: [{ name: '.text', content: Buffer.from('UPX!') }] });
    assert.equal(extract(other), undefined);
    assert.equal(extract(peFile({ sections })), undefined);
  });

  it('never throws and never hangs on damaged files', () => {
    const files = [
      goBinary({ ...BASIC, variable: { name: 'main.version', value: 'v1.2.3' } }),
      goBinary({ ...BASIC, wide: false, littleEndian: false, pointers: true }),
    ];
    fc.assert(
      fc.property(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(8191), fc.nat(255)), { maxLength: 24 }),
        fc.option(fc.nat(8191)),
        (which, changes, length) => {
          const file = Buffer.from(files[which]!);
          for (const [offset, byte] of changes) file[offset % file.length] = byte;
          const info = extract(length === null ? file : file.subarray(0, length));
          assert.ok(info === undefined || typeof info.format === 'string');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never throws on headers made of anything', () => {
    const magics = ['7f454c46020101', '7f454c46010201', '4d5a', 'cffaedfe', 'feedface', 'cafebabe00000002'];
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 600 }), (magic, rest) => {
        const bytes = Buffer.concat([Buffer.from(magic, 'hex'), rest]);
        const info = extract(bytes);
        assert.ok(info === undefined || info.goVersion === undefined || info.goVersion.length <= 1024);
      }),
      { numRuns: 500 },
    );
  });
});

describe('tryParseElf', () => {
  it('reads sections and segments', () => {
    const elf = tryParseElf(goBinary(BASIC));
    assert.deepEqual(
      elf?.sections.map(({ name }) => name),
      ['', '.go.buildinfo', '.symtab', '.strtab', '.shstrtab'],
    );
    assert.equal(elf.segments.length, 1);
    assert.equal(elf.architecture, 'amd64');
  });

  it('gives empty tables when they lie outside the bytes', () => {
    const elf = tryParseElf(goBinary(BASIC).subarray(0, 64));
    assert.deepEqual(elf?.sections, []);
    assert.deepEqual(elf.segments, []);
  });

  it('gives undefined for other magics and truncated headers', () => {
    assert.equal(tryParseElf(goBinary(BASIC).subarray(0, 51)), undefined);
    assert.equal(tryParseElf(Buffer.alloc(64)), undefined);
  });
});
