import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergeLocks, parseLock, type Lock } from '../../src/provenance/index.ts';
import { buildImage, fakeDigest, lockBytes, type LockSpec } from '../support/gate-world.ts';

const first = buildImage({ diffIds: [fakeDigest('first')] });
const second = buildImage({ diffIds: [fakeDigest('second')] });

function seen(day: number, image = first, more: Partial<LockSpec> = {}): LockSpec {
  const observedAt = `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`;
  return { entry: 'debian', image: 'docker.io/library/debian', tag: '12', observedAt, images: [image], ...more };
}

function lock(...specs: readonly LockSpec[]): Lock {
  return parseLock(lockBytes(specs));
}

function days({ records }: Lock): readonly string[] {
  return records.map(({ observedAt }) => observedAt.slice(8, 10));
}

describe('mergeLocks', () => {
  test('both chains in one, by time; what both saw stands in it once; the chain holds', () => {
    const ours = lock(seen(1), seen(3, second));
    const theirs = lock(seen(1), seen(2));
    const merged = mergeLocks(ours, theirs);
    assert.deepEqual([days(merged.lock), merged.added], [['01', '02', '03'], 1]);
    assert.deepEqual(parseLock(Buffer.from(merged.text)), merged.lock);
    const [bytes = ''] = Object.values(ours.records[0]!.blobs);
    assert.equal(merged.text.split(bytes).length - 1, 1);
  });

  test('which comes first changes nothing, and neither does joining again', () => {
    const ours = lock(seen(1), seen(3, second), seen(3, second, { tag: '12-slim' }));
    const theirs = lock(seen(2), seen(3, first, { entry: 'other' }));
    const merged = mergeLocks(ours, theirs);
    assert.equal(mergeLocks(theirs, ours).text, merged.text);
    assert.equal(mergeLocks(merged.lock, theirs).text, merged.text);
    assert.equal(mergeLocks(merged.lock, ours).added, 0);
  });

  test('an empty lock adds nothing', () => {
    const ours = lock(seen(1));
    const empty = { records: [], head: null };
    assert.equal(mergeLocks(empty, empty).text, '');
    assert.equal(mergeLocks(ours, empty).text, Buffer.from(lockBytes([seen(1)])).toString());
  });

  test('two digests of one tag at one moment are a conflict, however the moment is written', () => {
    assert.throws(() => mergeLocks(lock(seen(1)), lock(seen(1, second))), { code: 'LOCK_MERGE_CONFLICT' });
    const written = seen(1, second, { observedAt: '2026-11-01T00:00:00.000Z' });
    assert.throws(() => mergeLocks(lock(seen(1)), lock(written)), { code: 'LOCK_MERGE_CONFLICT' });
    assert.equal(mergeLocks(lock(seen(1)), lock(seen(1, second, { tag: '13' }))).added, 1);
  });
});
