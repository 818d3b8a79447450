import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packRecords, squash, type CapturePlan, type LayerStack } from '../../../src/filesystem/index.ts';
import { readLayers, type BlobSource, type ImageStore } from '../../../src/image/index.ts';
import { LayerCache } from '../../../src/image/layers/layer-cache.ts';
import { DEFAULT_LAYER_LIMITS } from '../../../src/image/layers/layer-job.ts';
import { fakeImage, layerOf, members, NO_PLAN, planOf, tarOf } from '../../support/layer-fixtures.ts';

const plan: CapturePlan = {
  ...planOf({ id: 'r', names: ['one'], maxBytes: 100 }),
  digests: [{ algorithm: 'md5', paths: 'all' }],
};

/** An image, a cache directory, and a store that counts how often blobs are opened and chunks are read. */
async function setUp(kind: 'file' | 'stream' = 'file', confirms?: boolean) {
  const layers = [
    layerOf(await tarOf(members({ 'a/one': 'first', 'a/two': 'second', l: 'link:a' }))),
    layerOf(await tarOf(members({ 'b/x': { mtime: 1.5, xattrs: { 'user.a': Buffer.from('v') } } }))),
  ];
  const fake = await fakeImage(layers, kind);
  const home = await mkdtemp(join(tmpdir(), 'waybill-cache-'));
  const cacheDir = join(home, 'waybill');
  await mkdir(cacheDir);
  let opened = 0;
  const store: ImageStore = {
    ...fake.store,
    ...(confirms === undefined ? {} : { confirmBlob: async () => confirms }),
    openBlob: async (descriptor, signal): Promise<BlobSource> => {
      opened += 1;
      return await fake.store.openBlob(descriptor, signal);
    },
  };
  const read = (other: Partial<Parameters<typeof readLayers>[0]> = {}): Promise<LayerStack> =>
    readLayers({
      image: fake.image,
      store,
      plan,
      cacheDir,
      signal: new AbortController().signal,
      progress: () => undefined,
      ...other,
    });
  return {
    layers,
    fake,
    home,
    cacheDir,
    entries: join(cacheDir, 'layers'),
    key: join(home, '.waybill-cache.key'),
    read,
    opened: () => opened,
    blob: (index: number) => join(fake.directory, (layers[index]?.digest ?? '').replace(':', '-')),
    [Symbol.asyncDispose]: async () => {
      await fake[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function bytesOf(stack: LayerStack): string {
  return stack.layers.map((layer) => Buffer.concat(packRecords(layer).parts).toString('hex')).join();
}

describe('LayerCache', () => {
  it('gives back what was read, byte for byte', async () => {
    await using world = await setUp();
    const cold = await world.read();
    assert.equal((await readdir(world.entries)).length, 2);
    const warm = await world.read();
    assert.equal(bytesOf(warm), bytesOf(cold));
    const view = squash(warm);
    assert.equal(Buffer.from(view.read('a/one') ?? []).toString(), 'first');
    assert.deepEqual([...view.entries()], [...squash(cold).entries()]);
  });

  it('keeps directory, entries and key to their owner', async () => {
    await using world = await setUp();
    await world.read();
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    assert.equal(await mode(world.entries), 0o700);
    assert.equal(await mode(world.key), 0o600);
    for (const name of await readdir(world.entries)) assert.equal(await mode(join(world.entries, name)), 0o600);
  });

  it('opens no blob of a remote store for layers read before', async () => {
    await using world = await setUp('stream', true);
    await world.read();
    assert.equal(world.opened(), 2);
    await world.read();
    assert.equal(world.opened(), 2);
  });

  it('fetches again what a remote store does not confirm', async () => {
    await using world = await setUp('stream', false);
    await world.read();
    await world.read();
    assert.equal(world.opened(), 4);
  });

  it('never hides a damaged blob', async () => {
    for (const kind of ['file', 'stream'] as const) {
      await using world = await setUp(kind);
      await world.read();
      const stored = await readFile(world.blob(0));
      stored[20] = (stored[20] ?? 0) ^ 1;
      await writeFile(world.blob(0), stored);
      if (kind === 'stream') world.layers[0]?.stored.set(stored);
      await assert.rejects(world.read(), { code: 'LAYER_DIGEST_MISMATCH' });
    }
  });

  it('never hides a missing blob', async () => {
    await using world = await setUp();
    await world.read();
    await rm(world.blob(1));
    await assert.rejects(world.read(), { code: 'LAYER_UNREADABLE' });
  });

  it('believes a file that kept its identity and times, once they are old enough', async () => {
    await using world = await setUp();
    await world.read();
    const facts = async (): Promise<number> => {
      const texts = await Promise.all(
        (await readdir(world.entries)).map((name) => readFile(join(world.entries, name), 'latin1')),
      );
      return texts.filter((text) => text.includes('"changedNs"')).length;
    };
    // the blobs were written a moment ago: their times prove nothing yet
    assert.equal(await facts(), 0);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await world.read();
    assert.equal(await facts(), 2);
    await utimes(world.blob(0), 1, 1);
    assert.equal(bytesOf(await world.read()), bytesOf(await world.read()));
  });

  it('ignores and rewrites entries that were tampered with', async () => {
    await using world = await setUp();
    const good = bytesOf(await world.read());
    for (const at of [0, 10, 45, 60, -1]) {
      for (const name of await readdir(world.entries)) {
        const path = join(world.entries, name);
        const bytes = await readFile(path);
        const index = at < 0 ? bytes.length + at : at;
        bytes[index] = (bytes[index] ?? 0) ^ 0xff;
        await writeFile(path, bytes);
      }
      assert.equal(bytesOf(await world.read()), good);
    }
    for (const name of await readdir(world.entries)) await writeFile(join(world.entries, name), 'short');
    assert.equal(bytesOf(await world.read()), good);
    for (const name of await readdir(world.entries)) assert.ok((await stat(join(world.entries, name))).size > 100);
  });

  it('does not believe entries under another name, or made with another key', async () => {
    await using world = await setUp();
    const good = bytesOf(await world.read());
    const [first, second] = (await readdir(world.entries)).map((name) => join(world.entries, name));
    assert.ok(first && second);
    await writeFile(first, await readFile(second));
    assert.equal(bytesOf(await world.read()), good);
    await rm(world.key);
    const before = world.opened();
    assert.equal(bytesOf(await world.read()), good);
    assert.ok(world.opened() >= before + 2);
  });

  it('replaces a key that others can read', async () => {
    await using world = await setUp();
    await world.read();
    const old = await readFile(world.key);
    await chmod(world.key, 0o644);
    await world.read();
    assert.notDeepEqual(await readFile(world.key), old);
    assert.equal((await stat(world.key)).mode & 0o777, 0o600);
  });

  it('does not believe entries that came back together with their key: a copied key is another key', async () => {
    await using world = await setUp();
    const good = bytesOf(await world.read());
    // what a CI cache does with a whole folder
    const copy = `${world.key}.copy`;
    await cp(world.key, copy, { preserveTimestamps: true });
    await rm(world.key);
    await rename(copy, world.key);
    const entries = async (): Promise<readonly string[]> =>
      Promise.all(
        (await readdir(world.entries)).map(async (name) => (await readFile(join(world.entries, name))).toString('hex')),
      );
    const old = await entries();
    assert.equal(bytesOf(await world.read()), good);
    // read again and written anew, under the other key
    for (const entry of await entries()) assert.ok(!old.includes(entry));
  });

  it('is keyed by plan, limits and both digests', async () => {
    await using world = await setUp();
    await world.read();
    await world.read({ plan: NO_PLAN });
    assert.equal((await readdir(world.entries)).length, 4);
    await assert.rejects(world.read({ limits: { layerEntries: 1 } }), { code: 'LAYER_TOO_MANY_ENTRIES' });
    const [layer] = world.fake.image.layers;
    assert.ok(layer);
    const lying = { ...layer, diffId: layer.descriptor.digest };
    const image = { ...world.fake.image, layers: [lying] };
    await assert.rejects(world.read({ image }), { code: 'LAYER_DIFF_ID_MISMATCH' });
  });

  it('reads without a cache where none can be', async () => {
    await using world = await setUp();
    await writeFile(join(world.home, 'file'), '');
    const stack = await world.read({ cacheDir: join(world.home, 'file', 'cache') });
    assert.equal(stack.layers.length, 2);
  });

  it('removes what was not used for longest when it is too large', async () => {
    await using world = await setUp();
    await world.read();
    const [old, recent] = await readdir(world.entries);
    assert.ok(old && recent);
    await utimes(join(world.entries, old), 1000, 1000);
    const sizes = await Promise.all([old, recent].map(async (name) => (await stat(join(world.entries, name))).size));
    const cache = await LayerCache.open(world.cacheDir, plan, DEFAULT_LAYER_LIMITS);
    await cache?.evict((sizes[0] ?? 0) + (sizes[1] ?? 0) - 1);
    assert.deepEqual(await readdir(world.entries), [recent]);
  });

  it('leaves no temporary files behind', async () => {
    await using world = await setUp();
    await world.read();
    assert.deepEqual(
      (await readdir(world.entries)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('counts what cached layers expand to, so that no cache makes an image readable', async () => {
    const sparse = async (name: string) => layerOf(await tarOf(members({ [name]: Buffer.alloc(8 * 1024 * 1024) })));
    const layers = [await sparse('a'), await sparse('b')];
    const cacheDir = await mkdtemp(join(tmpdir(), 'waybill-cache-'));
    const read = async (of: typeof layers): Promise<LayerStack> => {
      await using fake = await fakeImage(of);
      return await readLayers({
        ...fake,
        plan: NO_PLAN,
        cacheDir,
        limits: { expansionRatio: 100, expansionExcessBytes: 12 * 1024 * 1024 },
        signal: new AbortController().signal,
        progress: () => undefined,
      });
    };
    try {
      for (const layer of layers) await read([layer]);
      await assert.rejects(read(layers), { code: 'LAYER_EXPANSION' });
    } finally {
      await rm(cacheDir, { recursive: true, force: true });
    }
  });
});
