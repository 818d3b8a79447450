import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { countDistinctSigners, type TrustedKey, type VerifiedBundle } from '../../src/verification/index.ts';
import { newPair } from './support/certificates.ts';
import { keyOf, newBench } from './support/check.ts';
import { newWorld, SIGNED_AT, signKeyless, type SignOptions } from './support/world.ts';

const bench = await newBench();
const pair = newPair();
const key = keyOf(pair);
const plain: TrustedKey = { name: 'plain', key, requireTransparencyLog: false };
const logged: TrustedKey = { name: 'logged', key, requireTransparencyLog: true };
const { world } = bench;

async function accepted(
  options: SignOptions,
  keys: readonly TrustedKey[],
  seekTimes: boolean,
): Promise<VerifiedBundle> {
  const bundle = signKeyless(world, { keyed: pair, ...options });
  const verdict = await bench.check(bundle, { keys, identities: [], seekTimes });
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.reason);
  return verdict;
}

function namesOf({ signer }: VerifiedBundle): readonly [names: readonly string[], refused: readonly string[]] {
  assert.ok(signer.kind === 'key');
  return [signer.names, (signer.refused ?? []).map(({ name, code }) => `${name} ${code}`)];
}

describe('names of one key that ask for different things', () => {
  for (const [what, logs, names, refused] of [
    ['with an entry both count', [world.rekor1], ['plain', 'logged'], []],
    ['without one, the name that asks for it is refused', [], ['plain'], ['logged LOG_MISSING']],
    ['an entry in a log of others is none', [newWorld('others.test').rekor1], ['plain'], ['logged LOG_UNTRUSTED']],
  ] as const) {
    for (const seekTimes of [false, true]) {
      test(`${what}${seekTimes ? ', also where times are sought' : ''}`, async () => {
        for (const keys of [
          [plain, logged],
          [logged, plain],
        ]) {
          const [met, open] = namesOf(await accepted({ logs: [...logs] }, keys, seekTimes));
          assert.deepEqual([met.toSorted(), open], [[...names].toSorted(), refused]);
        }
      });
    }
  }
});

describe('seekTimes', () => {
  const times = ({ log, timestamps }: VerifiedBundle): readonly (string | undefined)[] => [
    ...(log.evaluated ? log.verified.map(({ integratedTime }) => integratedTime) : []),
    ...(timestamps.evaluated ? timestamps.verified.map(({ time }) => time) : []),
  ];
  const at = SIGNED_AT.toISOString();

  test('finds timestamps and log entries that nobody demanded', async () => {
    assert.deepEqual(times(await accepted({ logs: [], tsas: [world.tsa] }, [plain], true)), [at]);
    assert.deepEqual(times(await accepted({ logs: [world.rekor1] }, [plain], true)), [at]);
    assert.deepEqual(times(await accepted({ logs: [world.rekor1], tsas: [world.tsa] }, [plain], true)), [at, at]);
  });

  test('without it they are not looked at', async () => {
    assert.deepEqual(times(await accepted({ logs: [world.rekor1], tsas: [world.tsa] }, [plain], false)), []);
  });

  test('an entry that does not verify refuses nothing, and timestamps beside it still count', async () => {
    const bundle = signKeyless(world, { keyed: pair, logs: [world.rekor1], tsas: [world.tsa] });
    const [entry] = bundle.verificationMaterial.tlogEntries;
    assert.ok(entry !== undefined);
    entry['integratedTime'] = '1';
    const verdict = await bench.check(bundle, { keys: [plain], identities: [], seekTimes: true });
    assert.ok(verdict.ok);
    assert.deepEqual(times(verdict), [at]);
    const demanded = await bench.check(bundle, { keys: [logged], identities: [], seekTimes: true });
    assert.ok(!demanded.ok && demanded.code === 'LOG_INVALID', JSON.stringify(demanded));
  });
});

describe('countDistinctSigners', () => {
  test('never counts more than there are signers, or rules that they meet; a rule of one’s own each counts all', () => {
    const rules = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('x', 'y', 'z'), rules), (given) => {
        const bySigner = new Map(Object.entries(given));
        const count = countDistinctSigners(bySigner);
        const met = [...bySigner.values()].filter((names) => names.length > 0);
        assert.ok(count <= met.length);
        assert.ok(count <= new Set(met.flat()).size);
        if (met.length > 0) assert.ok(count >= 1);
        assert.equal(count, bestCount(met));
      }),
    );
  });
});

/** By trying everything. */
function bestCount(signers: readonly (readonly string[])[], taken: ReadonlySet<string> = new Set()): number {
  const [first, ...rest] = signers;
  if (first === undefined) return 0;
  const placed = first.filter((rule) => !taken.has(rule)).map((rule) => 1 + bestCount(rest, new Set([...taken, rule])));
  return Math.max(bestCount(rest, taken), ...placed);
}
