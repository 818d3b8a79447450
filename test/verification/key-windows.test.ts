import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BundleVerdict, CheckBundleOptions, TrustedKey } from '../../src/verification/index.ts';
import { assertRejected } from './support/assert-verdict.ts';
import { newPair, type Pair } from './support/certificates.ts';
import { keyOf, newBench, type Bench } from './support/check.ts';
import { newWorld, SIGNED_AT, signKeyless, trustedRoot, type SignOptions } from './support/world.ts';

const THEN = { start: new Date('2026-01-01T00:00:00Z'), end: new Date('2026-02-01T00:00:00Z') };
const BEFORE = { start: new Date('2025-01-01T00:00:00Z'), end: new Date('2026-01-01T00:00:00Z') };

let bench: Bench;
let pair: Pair;

before(async () => {
  bench = await newBench();
  pair = newPair();
});

function check(
  signed: SignOptions,
  rules: readonly Omit<TrustedKey, 'key'>[],
  changes: Partial<CheckBundleOptions> = {},
): Promise<BundleVerdict> {
  const keys = rules.map((rule) => ({ ...rule, key: keyOf(pair) }));
  const bundle = signKeyless(bench.world, { keyed: pair, ...signed });
  return bench.check(bundle, { identities: [], keys, requireTransparencyLog: false, ...changes });
}

describe('keys that are trusted for a time', () => {
  it('count when a timestamp lies within, and not when it does not', async () => {
    const stamped = { logs: [], tsas: [bench.world.tsa] };
    const verdict = await check(stamped, [{ validFor: THEN }]);
    assert.ok(verdict.ok && verdict.timestamps.evaluated && !verdict.log.evaluated);
    assertRejected(await check(stamped, [{ validFor: BEFORE }]), 'KEY_EXPIRED');
  });

  it("take the log's own time where an entry is required", async () => {
    const logged = { requireTransparencyLog: true };
    assert.equal((await check({}, [{ validFor: THEN, ...logged }])).ok, true);
    assertRejected(await check({}, [{ validFor: BEFORE, ...logged }]), 'KEY_EXPIRED');
  });

  it('take the clock of who asks where nobody trusted says when, and refuse without', async () => {
    assertRejected(await check({ logs: [] }, [{ validFor: THEN }]), 'TIME_MISSING');
    assertRejected(await check({ logs: [] }, [{ validFor: THEN }], { trust: [] }), 'TIME_MISSING');
    assert.equal((await check({ logs: [] }, [{ validFor: THEN }], { now: SIGNED_AT })).ok, true);
    assertRejected(await check({ logs: [] }, [{ validFor: BEFORE }], { now: SIGNED_AT }), 'KEY_EXPIRED');
  });

  it('each name of a key has its own window', async () => {
    const stamped = { logs: [], tsas: [bench.world.tsa] };
    const verdict = await check(stamped, [
      { name: 'last year', validFor: BEFORE },
      { name: 'this month', validFor: THEN },
      { name: 'always' },
    ]);
    assert.ok(verdict.ok && verdict.signer.kind === 'key');
    assert.deepEqual(verdict.signer.names, ['this month', 'always']);
  });
});

describe('keys where timestamps are asked for and no log', () => {
  const asking = (timestamps: number): Partial<CheckBundleOptions> => ({
    trust: [{ root: bench.root, thresholdsForKeys: { timestamps } }],
  });

  it('count with a timestamp of a trusted authority, and not without', async () => {
    const verdict = await check({ logs: [], tsas: [bench.world.tsa] }, [{}], asking(1));
    assert.ok(verdict.ok && verdict.timestamps.evaluated && verdict.timestamps.verified.length === 1);
    assertRejected(await check({ logs: [] }, [{}], asking(1)), 'TIME_MISSING');
    assertRejected(await check({ logs: [], tsas: [newWorld('two.test').tsa] }, [{}], asking(1)), 'TIMESTAMP_INVALID');
    assertRejected(await check({ logs: [], tsas: [bench.world.tsa] }, [{}], asking(2)), 'TIME_THRESHOLD');
    assert.equal((await check({ logs: [] }, [{}], asking(0))).ok, true);
  });

  it('never count a log that is not looked at as a source of time', async () => {
    assertRejected(await check({ logs: [bench.world.rekor1] }, [{}], asking(1)), 'TIME_MISSING');
  });

  it('take the one of several roots that knows the authority', async () => {
    const other = trustedRoot(newWorld('two.test'));
    const thresholdsForKeys = { timestamps: 1 };
    const trust = [other, bench.root].map((root) => ({ root, thresholdsForKeys }));
    assert.equal((await check({ logs: [], tsas: [bench.world.tsa] }, [{}], { trust })).ok, true);
  });
});
