import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BundleVerdict } from '../../src/verification/index.ts';
import { newBench, type Bench } from './support/check.ts';
import { bytesOf, signKeyless, type SignedBundle, type SignOptions } from './support/world.ts';

/** What must not differ when a changed bundle is accepted all the same: everything that was signed or vouched for. */
function meaning(verdict: BundleVerdict): unknown {
  assert.ok(verdict.ok);
  const { statement, signer, log, timestamps } = verdict;
  assert.ok(signer.kind === 'certificate');
  return { statement, signer, log, timestamps };
}

const WAYS: Readonly<Record<string, (bench: Bench) => SignOptions>> = {
  'Rekor v1 and a timestamp': ({ world }) => ({ tsas: [world.tsa] }),
  'Rekor v2 and a timestamp': ({ world }) => ({ logs: [world.rekor2], tsas: [world.tsa] }),
};

for (const [way, options] of Object.entries(WAYS)) {
  describe(`changed keyless bundles (${way})`, () => {
    it('one byte of the file: a verdict, never an exception, and the same meaning when accepted', async () => {
      const bench = await newBench();
      const bytes = bytesOf(signKeyless(bench.world, options(bench)));
      const original = meaning(await bench.check(bytes));
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.byteLength - 1), fc.integer({ min: 0, max: 255 }), async (index, value) => {
          const copy = Buffer.from(bytes);
          copy[index] = value;
          const verdict = await bench.check(copy);
          if (verdict.ok) assert.deepEqual(withoutRest(meaning(verdict)), withoutRest(original));
        }),
        { numRuns: 200 },
      );
    });

    it('one bit of any binary member', async () => {
      const bench = await newBench();
      const bundle = signKeyless(bench.world, options(bench));
      const original = meaning(await bench.check(bundle));
      const paths = binaryMembers(bundle);
      assert.ok(paths.length >= 8);
      await fc.assert(
        fc.asyncProperty(fc.nat(paths.length - 1), fc.nat(), fc.nat(7), async (which, at, bit) => {
          const verdict = await bench.check(flip(bundle, paths[which] ?? [], at, bit));
          if (verdict.ok) assert.deepEqual(withoutRest(meaning(verdict)), withoutRest(original));
        }),
        { numRuns: 200 },
      );
    });

    it('members replaced by values of other kinds', async () => {
      const bench = await newBench();
      const bundle = signKeyless(bench.world, options(bench));
      const original = meaning(await bench.check(bundle));
      const values = [null, -1, 1e300, '', 'AAAA', [], {}, [null]];
      for (const path of allMembers(bundle)) {
        for (const value of values) {
          const copy = structuredClone(bundle);
          set(copy, path, value);
          const verdict = await bench.check(copy);
          if (verdict.ok) assert.deepEqual(withoutRest(meaning(verdict)), withoutRest(original), path.join('.'));
        }
      }
    });
  });
}

type Path = readonly (string | number)[];

/** Without what a change may take away: a timestamp or an entry less is a proof less, and the rest still stands. */
function withoutRest(value: unknown): unknown {
  const { statement, signer } = value as { statement: unknown; signer: Record<string, unknown> };
  return { statement, identity: signer['identity'], issuer: signer['issuer'], certificate: signer['certificate'] };
}

function allMembers(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    ...(path.length === 0 ? [] : [path]),
    ...Object.entries(value).flatMap(([key, member]) => allMembers(member, [...path, key])),
  ];
}

function binaryMembers(bundle: SignedBundle): readonly Path[] {
  return allMembers(bundle).filter((path) => {
    const value = get(bundle, path);
    return typeof value === 'string' && value.length > 20 && Buffer.from(value, 'base64').toString('base64') === value;
  });
}

function get(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
}

function set(target: unknown, path: Path, value: unknown): void {
  const parent = get(target, path.slice(0, -1)) as Record<string | number, unknown>;
  parent[path.at(-1) ?? ''] = value;
}

function flip(bundle: SignedBundle, path: Path, at: number, bit: number): SignedBundle {
  const copy = structuredClone(bundle);
  const bytes = Buffer.from(String(get(copy, path)), 'base64');
  const index = at % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
  set(copy, path, bytes.toString('base64'));
  return copy;
}
