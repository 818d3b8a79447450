import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readZipEntry, tryReadZip, ZipWalk } from '../../../src/formats/index.ts';
import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';

interface Walked {
  /** The archive's bytes, zeros where nothing was kept. */
  readonly bytes: Buffer;
  /** Whether each byte was kept. */
  readonly isKept: Uint8Array;
}

function walk(archive: Buffer, cuts: readonly number[] = []): Walked {
  const bytes = Buffer.alloc(archive.length);
  const isKept = new Uint8Array(archive.length);
  let next = 0;
  const zip = new ZipWalk(
    (name) => name.startsWith('keep'),
    (part, offset) => {
      assert.ok(offset >= next);
      next = offset + part.length;
      bytes.set(part, offset);
      isKept.fill(1, offset, next);
    },
  );
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), archive.length]) {
    const chunk = Buffer.from(archive.subarray(from, cut));
    zip.add(chunk);
    chunk.fill(0xaa);
    from = cut;
  }
  zip.end();
  return { bytes, isKept };
}

/** Contents of the entries that were wanted; undefined when something was read that was not kept. */
function read({ bytes, isKept }: Walked): readonly string[] | undefined {
  let isComplete = true;
  const reads = (start: number, end: number): void => {
    if (isKept.subarray(start, end).includes(0)) isComplete = false;
  };
  const archive = tryReadZip(bytes, { wants: (name) => name.startsWith('keep'), reads });
  const contents = archive?.entries.map((entry) => {
    const content = readZipEntry(archive, entry, 1e6);
    return `${entry.name}=${'bytes' in content ? content.bytes.toString('hex') : content.problem}`;
  });
  return isComplete ? contents : undefined;
}

function whole(archive: Buffer): readonly string[] | undefined {
  return read({ bytes: archive, isKept: new Uint8Array(archive.length).fill(1) });
}

const noise = (bytes: number): ZipInput => ({ content: randomBytes(bytes), stored: true });
const archive = zipArchive({
  'a.class': noise(3000),
  'keep/a': { content: 'one '.repeat(100), descriptor: true },
  'b.class': { content: randomBytes(3000), descriptor: true },
  'keep/empty': { content: '', descriptor: true },
  'keep/b': 'two',
  'c.class': { content: 'PK\x07\x08'.repeat(500), stored: true, descriptor: true },
  'keep/nested': zipArchive({ 'x.class': noise(100), keep: 'in it' }),
});

describe('ZipWalk', () => {
  it('keeps wanted entries and the central directory, and nothing else', () => {
    const walked = walk(archive);
    assert.deepEqual(read(walked), whole(archive));
    assert.ok(walked.isKept.filter((kept) => kept === 0).length > 7500);
  });

  it('keeps the same however the bytes are cut', () => {
    const kept = walk(archive);
    fc.assert(
      fc.property(fc.array(fc.nat(archive.length), { maxLength: 30 }), (cuts) => {
        const cut = walk(archive, cuts);
        assert.ok(cut.bytes.equals(kept.bytes));
        assert.deepEqual(cut.isKept, kept.isKept);
      }),
    );
    const everywhere = Array.from({ length: archive.length }, (_, index) => index);
    assert.ok(walk(archive, everywhere).bytes.equals(kept.bytes));
  });

  it('keeps all that follows what it does not understand', () => {
    for (const odd of [
      zipArchive({ 'a.class': noise(500), keep: 'x' }, { prefix: '#!/bin/sh\n' }),
      Buffer.concat([Buffer.from('PK\x03'), archive]),
      Buffer.from('no archive at all'),
      Buffer.alloc(0),
    ]) {
      const walked = walk(odd);
      assert.ok(walked.bytes.equals(odd));
    }
  });

  it('leads to what the whole archive says, or to what shows that something is missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(archive.length),
        (changes, length) => {
          const damaged = Buffer.from(archive.subarray(0, Math.max(length, archive.length / 2)));
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
          const found = read(walk(damaged));
          if (found !== undefined) assert.deepEqual(found, whole(damaged));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('shows that something is missing where only the directory tells of an entry', () => {
    // the local header has another name than the directory
    const renamed = Buffer.from(archive);
    renamed.write('drop', renamed.indexOf('keep/b'), 'latin1');
    assert.equal(read(walk(renamed)), undefined);
    // a descriptor without its usual mark, behind an entry that nobody wants
    const plain = zipArchive({ 'b.class': { content: randomBytes(3000), descriptor: true }, keep: 'x' });
    plain.write('XX', plain.indexOf('PK\x07\x08', 0, 'latin1') + 2, 'latin1');
    assert.equal(read(walk(plain)), undefined);
    assert.deepEqual(whole(plain), ['keep=78']);
  });
});
