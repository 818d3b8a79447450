import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TemporaryDirectory } from '../../../src/core/index.ts';
import { FactsCache } from '../../../src/image/index.ts';

const QUESTION = { layers: ['a', 'b'], compareWith: [1] };
const ANSWER = { comparisons: [{ layerCount: 1, changes: [] }] };

async function openCache(folder: TemporaryDirectory, name = 'cache'): Promise<FactsCache> {
  const cache = await FactsCache.open(join(folder.path, name));
  assert.ok(cache);
  return cache;
}

function entries(folder: TemporaryDirectory, name = 'cache'): readonly string[] {
  const path = join(folder.path, name, 'layers');
  return readdirSync(path).map((entry) => join(path, entry));
}

describe('facts kept in the layer cache', () => {
  test('are there for the question they answer, whoever opens the cache', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    const cache = await openCache(folder);
    assert.equal(await cache.find(QUESTION), undefined);
    await cache.store(QUESTION, ANSWER);
    assert.deepEqual(await cache.find(QUESTION), ANSWER);
    assert.deepEqual(await (await openCache(folder)).find({ compareWith: [1], layers: ['a', 'b'] }), ANSWER);
    for (const other of [
      { ...QUESTION, compareWith: [2] },
      { ...QUESTION, layers: ['b', 'a'] },
    ])
      assert.equal(await cache.find(other), undefined);
    assert.ok(entries(folder).every((path) => (statSync(path).mode & 0o077) === 0));
  });

  test('are no more there when a byte differs, when renamed, cut short or emptied', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    const cache = await openCache(folder);
    await cache.store(QUESTION, ANSWER);
    const [path = ''] = entries(folder);
    const good = readFileSync(path);
    for (let at = 1; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(path, bad);
      assert.equal(await cache.find(QUESTION), undefined, `byte ${at}`);
    }
    for (const bytes of [good.subarray(0, -1), good.subarray(0, 20), Buffer.alloc(0)]) {
      writeFileSync(path, bytes);
      assert.equal(await cache.find(QUESTION), undefined);
    }
    writeFileSync(path, good);
    assert.deepEqual(await cache.find(QUESTION), ANSWER);
    await cache.store({ other: true }, { nothing: null });
    const other = entries(folder).find((entry) => entry !== path) ?? '';
    writeFileSync(other, good);
    assert.equal(await cache.find({ other: true }), undefined);
  });

  test('of another cache, copied without its key, are not believed', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    const theirs = await openCache(folder, 'theirs');
    await theirs.store(QUESTION, ANSWER);
    const ours = await openCache(folder, 'ours');
    await ours.store(QUESTION, { comparisons: [] });
    const [from = ''] = entries(folder, 'theirs');
    const [to = ''] = entries(folder, 'ours');
    writeFileSync(to, readFileSync(from));
    assert.equal(await ours.find(QUESTION), undefined);
  });

  test('tell by their modification time when they were used', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    const cache = await openCache(folder);
    await cache.store(QUESTION, ANSWER);
    const [path = ''] = entries(folder);
    const before = new Date('2026-01-01T00:00:00Z');
    utimesSync(path, before, before);
    await cache.find(QUESTION);
    assert.ok(statSync(path).mtime > before);
  });

  test('do no harm where the folder cannot be used or an entry is none', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    assert.equal(await FactsCache.open(join(file, 'below')), undefined);
    const cache = await openCache(folder);
    rmSync(join(folder.path, 'cache'), { recursive: true });
    await cache.store(QUESTION, ANSWER);
    assert.equal(await cache.find(QUESTION), undefined);
  });
});
