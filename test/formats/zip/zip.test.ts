import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readZipEntry, tryReadZip, type ZipArchive } from '../../../src/formats/index.ts';
import { zipArchive, type ZipInput, type ZipOptions } from '../../support/zip-writer.ts';

const MiB = 1024 * 1024;

function open(bytes: Uint8Array): ZipArchive {
  const archive = tryReadZip(bytes);
  assert.ok(archive !== undefined);
  return archive;
}

function contents(archive: ZipArchive, maxBytes = MiB): Readonly<Record<string, string>> {
  return Object.fromEntries(
    archive.entries.map((entry) => {
      const content = readZipEntry(archive, entry, maxBytes);
      return [entry.name, 'bytes' in content ? content.bytes.toString() : `! ${content.problem}`];
    }),
  );
}

const SAMPLE: Readonly<Record<string, ZipInput>> = {
  'a.txt': 'one '.repeat(100),
  'dir/': '',
  'dir/b.txt': { content: 'two', stored: true },
  'dir/ü.txt': { content: 'three', descriptor: true },
};
const EXPECTED = { 'a.txt': 'one '.repeat(100), 'dir/': '', 'dir/b.txt': 'two', 'dir/ü.txt': 'three' };

describe('tryReadZip', () => {
  const forms: Readonly<Record<string, ZipOptions>> = {
    plain: {},
    'with a comment': { comment: 'PK\u0005\u0006 is not the end' },
    'with the longest comment': { comment: 'x'.repeat(65_535) },
    'behind a script, offsets uncounted': { prefix: '#!/bin/sh\nexit\n' },
    'behind a script, offsets counted': { prefix: '#!/bin/sh\nexit\n', prefixUncounted: false },
    'in zip64': { zip64: true },
    'in zip64 behind a script': { zip64: true, prefix: '#!/bin/sh\n' },
  };
  for (const [title, options] of Object.entries(forms)) {
    it(`reads an archive ${title}`, () => {
      const archive = open(zipArchive(SAMPLE, options));
      assert.deepEqual(contents(archive), EXPECTED);
      assert.deepEqual(archive.problems, []);
    });
  }

  it('reads an empty archive, and none in other bytes', () => {
    assert.deepEqual(open(zipArchive({})).entries, []);
    for (const bytes of ['', 'PK', 'PK\u0005\u0006', 'x'.repeat(100_000), 'PK\u0005\u0006'.repeat(20_000)]) {
      assert.equal(tryReadZip(Buffer.from(bytes, 'latin1')), undefined);
    }
  });

  it('keeps only what is wanted', () => {
    const archive = tryReadZip(zipArchive(SAMPLE), { wants: (name) => name.endsWith('b.txt') });
    assert.deepEqual(
      archive?.entries.map(({ name }) => name),
      ['dir/b.txt'],
    );
  });

  it('takes the last of two with one name, and says so', () => {
    const archive = open(
      zipArchive([
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ]),
    );
    assert.deepEqual(contents(archive), { a: '3', b: '2' });
    assert.deepEqual(archive.problems, ['duplicate-names']);
  });

  it('leaves out names that lead out of the archive or hold control characters', () => {
    const names = ['../a', 'a/../../b', '/etc/passwd', 'C:/x', 'a\\b', 'a\nb', 'a\u0000', 'x'.repeat(5000)];
    const archive = open(zipArchive(Object.fromEntries([...names, 'a..b/c'].map((name) => [name, 'x']))));
    assert.deepEqual(
      archive.entries.map(({ name }) => name),
      ['a..b/c'],
    );
    assert.deepEqual(archive.problems, ['unsafe-names']);
  });

  it('leaves out entries that lie in each other', () => {
    const bomb = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`f${index}`, { content: 'same', claims: { offset: 0 } }]),
    );
    const archive = open(zipArchive(bomb));
    assert.deepEqual(
      archive.entries.map(({ name }) => name),
      ['f0'],
    );
    assert.deepEqual(archive.problems, ['overlapping-entries']);
  });

  it('reads a directory of 100,000 entries, and no more than asked for', () => {
    const many = zipArchive(
      Array.from({ length: 100_000 }, (_, index) => [`d/${index}`, { content: '', stored: true }] as const),
    );
    assert.equal(open(many).entries.length, 100_000);
    const some = tryReadZip(many, { maxEntries: 10 });
    assert.equal(some?.entries.length, 10);
    assert.deepEqual(some.problems, ['too-many-entries']);
  });

  it('says when the directory ends early', () => {
    const bytes = zipArchive({ a: '1' });
    bytes.writeUInt16LE(7, bytes.length - 12);
    assert.deepEqual(open(bytes).problems, ['fewer-entries']);
  });

  it('never throws, whatever is changed or cut off', () => {
    const whole = zipArchive(SAMPLE, { zip64: true, comment: 'c' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }),
        fc.nat(whole.length),
        (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          for (const part of [bytes, bytes.subarray(0, cut), bytes.subarray(cut)]) {
            const archive = tryReadZip(part);
            if (archive !== undefined) contents(archive, 10_000);
          }
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void tryReadZip(bytes)));
  });

  it('round trip: any contents under any safe names', () => {
    const name = fc.stringMatching(/^[a-z0-9_-]{1,12}(?:\/[a-z0-9_-]{1,12}){0,3}$/);
    fc.assert(
      fc.property(fc.dictionary(name, fc.string(), { maxKeys: 20 }), fc.boolean(), (files, zip64) => {
        assert.deepEqual({ ...contents(open(zipArchive(files, { zip64 }))) }, { ...files });
      }),
      { numRuns: 50 },
    );
  });
});

describe('readZipEntry', () => {
  const only = (input: ZipInput, maxBytes = MiB): string => contents(open(zipArchive({ a: input })), maxBytes)['a']!;

  it('refuses what is encrypted, or compressed otherwise', () => {
    assert.equal(only({ content: 'x', flags: 1 }), '! encrypted');
    assert.equal(only({ content: 'x', method: 93 }), '! unsupported-method');
  });

  it('refuses what is larger than asked for before reading it', () => {
    assert.equal(only('x'.repeat(1001), 1000), '! too-large');
    assert.equal(only('x'.repeat(1000), 1000), 'x'.repeat(1000));
  });

  it('refuses content of another size, place or checksum than it claims', () => {
    assert.equal(only({ content: 'xx', claims: { sizeBytes: 1 } }), '! malformed');
    assert.equal(only({ content: 'xx', claims: { sizeBytes: 3 } }), '! malformed');
    assert.equal(only({ content: 'x', claims: { sizeBytes: 900_000 } }), '! malformed');
    assert.equal(only({ content: 'xx', stored: true, claims: { sizeBytes: 1 } }), '! malformed');
    assert.equal(only({ content: 'xx', claims: { compressedBytes: 99_999 } }), '! malformed');
    assert.equal(only({ content: 'xx', claims: { offset: 99_999 } }), '! malformed');
    assert.equal(only({ content: 'xx', claims: { crc32: 1 } }), '! malformed');
  });

  it('makes nothing of a bomb that claims to be small', () => {
    assert.equal(only({ content: Buffer.alloc(50 * MiB), claims: { sizeBytes: 100 } }), '! malformed');
  });
});
