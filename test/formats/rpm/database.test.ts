import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readRpmDatabase } from '../../../src/formats/index.ts';
import { berkeleyDatabase, ndbDatabase, sqliteDatabase } from '../../support/rpm-database.ts';

/** Headers of all sizes around those of pages, told apart by their content. */
const BLOBS = [1, 30, 463, 4000, 4070, 4071, 5000, 70_000].map((size, index) => Buffer.alloc(size, index + 1));

interface Contents {
  readonly backend: string | undefined;
  readonly headers: readonly Uint8Array[];
  readonly problems: readonly string[];
}

function contents(bytes: Uint8Array, log?: Uint8Array): Contents {
  const database = readRpmDatabase(bytes, log);
  const items = [...(database?.items ?? [])];
  return {
    backend: database?.backend,
    headers: items.flatMap((item) => ('header' in item ? [Buffer.from(item.header)] : [])),
    problems: items.flatMap((item) => ('problem' in item ? [item.problem] : [])),
  };
}

/** The same bytes with some replaced. */
function patched(bytes: Buffer, ...patches: readonly (readonly [number, readonly number[]])[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, values] of patches) copy.set(values, at);
  return copy;
}

describe('readRpmDatabase', () => {
  it('knows what is none', () => {
    for (const text of ['', 'RpmX', 'no database at all, but as long as a header']) {
      assert.equal(readRpmDatabase(Buffer.from(text)), undefined);
    }
  });

  for (const [name, make] of [
    ['sqlite', sqliteDatabase],
    ['ndb', ndbDatabase],
    ['berkeley-db', (blobs: readonly Uint8Array[]) => berkeleyDatabase(blobs)],
  ] as const) {
    it(`reads ${name}, also when it is empty`, () => {
      assert.deepEqual(contents(make(BLOBS)), { backend: name, headers: BLOBS, problems: [] });
      assert.deepEqual(contents(make([])), { backend: name, headers: [], problems: [] });
    });

    it(`tells when ${name} is cut off, and gives only whole headers`, () => {
      const whole = make(BLOBS);
      for (const share of [0.02, 0.3, 0.6, 0.95]) {
        const { headers, problems } = contents(whole.subarray(0, Math.floor(whole.length * share)));
        assert.ok(problems.length > 0, String(share));
        for (const header of headers) assert.ok(BLOBS.some((blob) => blob.equals(header)));
      }
    });

    it(`never throws nor gives more than there is, whatever changes in ${name}`, () => {
      const whole = make(BLOBS.slice(0, 7));
      const byte = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
      // structure is dense at the beginning
      const early = fc.tuple(fc.nat(300), fc.constantFrom(0, 1, 2, 5, 13, 127, 128, 255));
      fc.assert(
        fc.property(fc.array(fc.oneof(byte, early), { minLength: 1, maxLength: 20 }), (changes) => {
          const { headers, problems } = contents(
            patched(whole, ...changes.map(([at, value]) => [at, [value]] as const)),
          );
          assert.ok(headers.reduce((sum, header) => sum + header.length, 0) <= whole.length);
          assert.ok(problems.length <= 102);
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('readRpmDatabase on Berkeley DB', () => {
  const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];

  it('reads both byte orders, all page sizes, sorted and unsorted pages', () => {
    for (const bigEndian of [false, true]) {
      for (const pageBytes of [512, 4096, 16_384, 65_536]) {
        for (const pageType of [2, 13]) {
          const { headers, problems } = contents(berkeleyDatabase(BLOBS, { bigEndian, pageBytes, pageType }));
          assert.deepEqual(problems, []);
          assert.deepEqual(headers, BLOBS);
        }
      }
    }
  });

  it('reads a header that lies in its hash page', () => {
    const database = berkeleyDatabase([BLOBS[0]!]);
    // the last value: type, unused, first page, length
    const at = 2 * 4096 - 5 - 5 - 5 - 12;
    const { headers } = contents(patched(database, [at, [1]]));
    assert.deepEqual(headers, [database.subarray(at + 1, at + 12)]);
  });

  it('does not follow pages in circles, twice, or out of the file', () => {
    const database = berkeleyDatabase([Buffer.alloc(10_000, 1), Buffer.alloc(10_000, 2)]);
    const next = (page: number): number => page * 4096 + 16;
    assert.deepEqual(contents(patched(database, [next(2), u32(2)])).problems, ['record 1: page 2 was used before']);
    assert.deepEqual(contents(patched(database, [next(6), u32(2)])).problems, ['record 2: page 2 was used before']);
    assert.deepEqual(contents(patched(database, [next(2), u32(1)])).problems, ['record 1: page 1 is no overflow page']);
    assert.deepEqual(contents(patched(database, [next(2), u32(99)])).problems, ['record 1: its pages end too early']);
    assert.deepEqual(contents(patched(database, [next(2), u32(0)])).problems, ['record 1: its pages end too early']);
    assert.equal(contents(patched(database, [next(2), u32(2)])).headers.length, 1);
  });

  it('does not believe lengths, counts and offsets', () => {
    const database = berkeleyDatabase([BLOBS[3]!]);
    const value = 2 * 4096 - 5 - 5 - 5 - 12;
    assert.match(contents(patched(database, [value + 8, u32(0x7fffffff)])).problems[0]!, /more than there are/);
    assert.match(contents(patched(database, [value, [9]])).problems[0]!, /unknown kind/);
    assert.match(contents(patched(database, [4096 + 20, [0xff, 0xff]])).problems[0]!, /cannot hold/);
    assert.match(contents(patched(database, [4096 + 26 + 4, [0, 0]])).problems[0]!, /not of a package/);
    assert.match(contents(patched(database, [2 * 4096 + 22, [0, 0]])).problems[0]!, /holds no data/);
    assert.match(contents(patched(database, [2 * 4096 + 22, [0xff, 0xff]])).problems[0]!, /holds no data/);
  });

  it('refuses impossible pages, encryption and checksums', () => {
    const database = berkeleyDatabase([BLOBS[0]!]);
    for (const size of [0, 1, 513, 1 << 17]) {
      assert.match(contents(patched(database, [20, u32(size)])).problems[0]!, /pages of \d+ bytes/);
    }
    assert.match(contents(patched(database, [24, [1]])).problems[0]!, /encrypted/);
    assert.match(contents(patched(database, [26, [1]])).problems[0]!, /checksums/);
    assert.match(contents(patched(database, [32, u32(1000)])).problems[0]!, /the file ends at page 3 of 1001/);
  });
});

describe('readRpmDatabase on ndb', () => {
  const database = ndbDatabase(BLOBS);
  const first = 4096;

  it('leaves out blobs whose checksum is wrong, as rpm does', () => {
    const { headers, problems } = contents(patched(database, [first + 16, [0xff]]));
    assert.deepEqual(problems, ['record 1: its checksum is wrong']);
    assert.deepEqual(headers, BLOBS.slice(1));
  });

  it('does not believe slots', () => {
    const slot = (at: number, ...values: number[]): string | undefined =>
      contents(patched(database, [32 + at, values])).problems[0];
    assert.match(slot(0, 0) ?? '', /it is no slot/);
    assert.match(slot(4, 99) ?? '', /leads to something else/);
    assert.match(slot(8, 0, 0) ?? '', /leads to something else/);
    assert.match(slot(8, 0xff, 0xff, 0xff, 0xff) ?? '', /outside of the file/);
    assert.match(slot(12, 0xff, 0xff, 0xff, 0xff) ?? '', /outside of the file/);
    assert.match(slot(12, 1) ?? '', /outside of the file/);
    // the free slot
    assert.equal(slot(4, 0), undefined);
  });

  it('reads no more than there is when all slots lead to one blob', () => {
    const big = ndbDatabase([Buffer.alloc(100_000, 1), ...Array.from({ length: 99 }, () => Buffer.alloc(1))]);
    const slot = big.subarray(32, 48);
    for (let index = 1; index < 100; index += 1) big.set(slot, 32 + 16 * index);
    const { headers, problems } = contents(big);
    assert.equal(headers.length, 1);
    assert.match(problems.join(), /blobs are longer than the file/);
  });

  it('refuses other versions and tables of slots without end', () => {
    assert.match(contents(patched(database, [4, [1]])).problems[0]!, /version 1/);
    assert.match(contents(patched(database, [12, [0]])).problems[0]!, /0 pages of slots/);
    assert.match(contents(patched(database, [12, [0, 0, 1]])).problems[0]!, /65536 pages of slots/);
  });
});
