import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allResults, decide } from '../../src/policy/index.ts';
import {
  buildImage,
  buildIndex,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  type BuiltImage,
  type LockSpec,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const old = buildImage({ diffIds: [fakeDigest('old')] });
const next = buildImage({ diffIds: [fakeDigest('next')] });
const arm = buildImage({ diffIds: [fakeDigest('arm')], architecture: 'arm64' });

function seen(day: number, image: BuiltImage, more: Partial<LockSpec> = {}): LockSpec {
  const observedAt = `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`;
  return { entry: 'debian', image: 'docker.io/library/debian', tag: '12', observedAt, images: [image], ...more };
}

/** The code of the freshness check of an image that is `old` with a layer on it, behind 7 days allowed. */
async function freshness(lock: readonly LockSpec[], now = NOW): Promise<string | undefined> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: l
  entries:
    - { name: debian, image: docker.io/library/debian, tags: ["12", "12-slim"] }
    - { name: mirror, image: registry.example.com/mirror/debian, tags: ["12"] }
    - { name: other, image: registry.example.com/other/debian, tags: ["12"] }
rules: [{ name: shop, images: ["registry.example.com/shop/**"], base: { allow: [debian, mirror], freshness: { behind: 7d } } }]
`;
  const loaded = await policyOf(yaml, { l: lockBytes(lock) });
  const image = buildImage({ diffIds: [...old.diffIds, fakeDigest('app')] });
  const view = evidenceView({ images: [image], facts: { comparisons: [noChanges(1)] } });
  const decision = await decide(view, loaded, { now });
  return decision.images.flatMap(allResults).find(({ item }) => item === 'freshness')?.code;
}

const mirror = { entry: 'mirror', image: 'registry.example.com/mirror/debian' };

describe('freshness, from the lock alone', () => {
  test('fresh if any allowed tag’s latest record has these layers, whatever other tags do', async () => {
    assert.equal(await freshness([seen(20, old)]), 'BASE_FRESH');
    assert.equal(await freshness([seen(1, old), seen(20, next)]), 'BASE_BEHIND');
    assert.equal(await freshness([seen(1, old), seen(1, old, { tag: '12-slim' }), seen(20, next)]), 'BASE_FRESH');
    assert.equal(await freshness([seen(1, old), seen(1, old, { tag: '13' }), seen(20, next)]), 'BASE_BEHIND');
  });

  test('a tag that came back is fresh; one that never led here says nothing', async () => {
    assert.equal(await freshness([seen(1, old), seen(2, next), seen(20, old)]), 'BASE_FRESH');
    assert.equal(await freshness([seen(1, old), seen(20, old), seen(21, next, { tag: '12-slim' })]), 'BASE_FRESH');
  });

  test('every allowed entry that matches is asked, and no other', async () => {
    assert.equal(
      await freshness([seen(1, old), seen(1, old, mirror), seen(2, next), seen(20, old, mirror)]),
      'BASE_FRESH',
    );
    const other = { entry: 'other', image: 'registry.example.com/other/debian' };
    assert.equal(await freshness([seen(1, old), seen(2, next), seen(20, next), seen(20, old, other)]), 'BASE_STALE');
  });

  test('the time counts from when the last of the tags was first seen elsewhere', async () => {
    const both = [seen(1, old), seen(1, old, { tag: '12-slim' }), seen(2, next), seen(19, next, { tag: '12-slim' })];
    assert.equal(await freshness(both), 'BASE_BEHIND');
    assert.equal(await freshness([...both, seen(25, next)], new Date('2026-11-26T01:00:00Z')), 'BASE_STALE');
    assert.equal(await freshness([seen(1, old), seen(2, next), seen(20, next)]), 'BASE_STALE');
  });

  test('a record without the platform is not the platform’s latest', async () => {
    const index = buildIndex([{ image: arm, architecture: 'arm64' }]);
    assert.equal(await freshness([seen(1, old), seen(20, arm, { index })]), 'BASE_FRESH');
  });

  test('a lock that was last observed longer ago than behind is an error, one moment less is not', async () => {
    assert.equal(await freshness([seen(17, old)], new Date('2026-11-24T00:00:00Z')), 'BASE_FRESH');
    assert.equal(await freshness([seen(17, old)], new Date('2026-11-24T00:00:00.001Z')), 'BASE_LOCK_OUTDATED');
    assert.equal(await freshness([seen(1, old), seen(20, old, { tag: '13' })]), 'BASE_LOCK_OUTDATED');
  });
});
