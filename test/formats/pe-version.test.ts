import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { peResource } from '../../src/formats/executable/pe-resources.ts';
import { tryParsePe } from '../../src/formats/executable/pe.ts';
import { extractPeVersion, type PeVersion } from '../../src/formats/index.ts';
import { peFile } from '../support/pe-file.ts';

const TEXTS = { CompanyName: 'Acme', ProductName: 'Überwerk', FileVersion: '1.2.3.4', OriginalFilename: 'a.dll' };

function extract(bytes: Uint8Array): PeVersion | undefined {
  const json = extractPeVersion(bytes);
  return json === undefined ? undefined : (JSON.parse(Buffer.from(json).toString('utf8')) as PeVersion);
}

/** A file whose tree of resources is these bytes. */
function withTree(tree: Buffer): Buffer {
  const file = peFile({ version: { FileVersion: '1' }, sections: [] });
  const at = file.length - 512;
  const grown = Buffer.concat([file.subarray(0, at), tree]);
  // the section's and the directory's length
  const section = grown.indexOf('.rsrc');
  grown.writeUInt32LE(tree.length, section + 16);
  grown.writeUInt32LE(tree.length, 0x80 + 24 + 112 + 2 * 8 + 4);
  return grown;
}

describe('extractPeVersion', () => {
  it('reads the texts of 32 and 64 bits, managed and native', () => {
    for (const wide of [true, false]) {
      for (const managed of [true, false]) {
        const found = extract(
          peFile({ wide, managed, version: { ...TEXTS, Comments: 'left out', ProductVersion: ' ' } }),
        );
        assert.deepEqual(found, { architecture: wide ? 'amd64' : '386', managed, strings: TEXTS });
      }
    }
  });

  it('gives undefined without such a resource, without a known text, and for other files', () => {
    for (const bytes of [peFile(), peFile({ version: {} }), peFile({ version: { Comments: 'x' } }), Buffer.from('MZ')])
      assert.equal(extract(bytes), undefined);
  });

  it('leaves out texts that are too long, and reads at most 2,048 blocks', () => {
    assert.deepEqual(extract(peFile({ version: { ...TEXTS, FileDescription: 'x'.repeat(600) } }))?.strings, TEXTS);
    const many = Object.fromEntries(Array.from({ length: 1400 }, (_, index) => [`k${index}`, '']));
    assert.deepEqual(extract(peFile({ version: { ...many, FileVersion: '1' } }))?.strings, { FileVersion: '1' });
  });

  it('never throws on damaged files', () => {
    const base = peFile({ version: TEXTS, managed: true });
    const resources = base.indexOf(Buffer.from('VS_VERSION_INFO', 'utf16le')) - 120;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat(700), fc.nat(255)), { maxLength: 12 }),
        fc.option(fc.nat(base.length)),
        (changes, length) => {
          const file = Buffer.from(base);
          for (const [late, offset, byte] of changes) file[((late ? resources : 0) + offset) % file.length] = byte;
          const found = extract(length === null ? file : file.subarray(0, length));
          assert.ok(found === undefined || typeof found.managed === 'boolean');
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('peResource', () => {
  const entries = (count: number, entry: (index: number) => readonly [id: number, target: number]): Buffer => {
    const bytes = Buffer.alloc(16 + count * 8);
    bytes.writeUInt16LE(count, 14);
    for (let index = 0; index < count; index += 1) {
      const [id, target] = entry(index);
      bytes.writeUInt32LE(id, 16 + index * 8);
      bytes.writeUInt32LE(target, 20 + index * 8);
    }
    return bytes;
  };
  const find = (tree: Buffer): Buffer | undefined => peResource(tryParsePe(withTree(tree))!, 16, 100);

  it('ends on trees that lead back to themselves, are too flat, or lead outside', () => {
    assert.equal(find(entries(1, () => [16, 0x80000000])), undefined);
    assert.equal(find(entries(2000, () => [16, 0x80000000])), undefined);
    assert.equal(find(entries(1, () => [16, 0])), undefined);
    assert.equal(find(entries(1, () => [16, 0xffffffff])), undefined);
    assert.equal(find(entries(1, () => [3, 0x80000000])), undefined);
    assert.equal(find(Buffer.alloc(8)), undefined);
  });
});
