import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256Hex, type Digest } from '../../../src/core/index.ts';
import { squash, type CapturePlan } from '../../../src/filesystem/index.ts';
import { readLayers, type LayerLimits } from '../../../src/image/index.ts';
import {
  fakeImage,
  fakeLayer,
  layerOf,
  members,
  NO_PLAN,
  planOf,
  tarOf,
  type FakeLayer,
} from '../../support/layer-fixtures.ts';

const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';

interface Options {
  readonly plan?: CapturePlan;
  readonly kind?: 'file' | 'stream';
  readonly limits?: Partial<LayerLimits>;
  readonly allowsPartial?: boolean;
  readonly concurrency?: number;
}

async function read(layers: readonly FakeLayer[], options: Options = {}) {
  await using fake = await fakeImage(layers, options.kind);
  return await readLayers({
    ...fake,
    plan: options.plan ?? NO_PLAN,
    limits: options.limits ?? {},
    allowsPartial: options.allowsPartial ?? false,
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    signal: new AbortController().signal,
    progress: () => undefined,
  });
}

const tree = { 'a/one': 'first', 'a/two': 'second', b: 'link:a/one' };
/** Large enough for two threads, and not compressible. */
const noise = Buffer.concat(
  Array.from({ length: 400_000 }, (_, index) => Buffer.from(sha256Hex(String(index)), 'hex')),
);

describe('readLayers', () => {
  for (const compression of ['gzip', 'zstd', 'none'] as const) {
    for (const kind of ['file', 'stream'] as const) {
      it(`reads ${compression} layers from a ${kind}`, async () => {
        const stack = await read([layerOf(await tarOf(members(tree)), compression)], { kind });
        assert.deepEqual(
          [...squash(stack).entries()].map((entry) => entry.path),
          ['a', 'a/one', 'a/two', 'b'],
        );
        assert.deepEqual(stack.diagnostics, []);
      });

      it(`reads a large ${compression} layer from a ${kind} with two threads`, async () => {
        const tar = await tarOf(members({ 'big/noise': noise, 'big/last': 'end' }));
        const plan: CapturePlan = {
          captures: [{ id: 'all', names: ['noise', 'last'], maxBytes: 1e8 }],
          digests: [
            { algorithm: 'sha256', paths: 'all' },
            { algorithm: 'md5', paths: ['other/'] },
          ],
        };
        const view = squash(await read([layerOf(tar, compression)], { kind, plan }));
        assert.equal(view.contentDigest('big/noise', 'sha256'), sha256Hex(noise));
        assert.equal(view.contentDigest('big/noise', 'md5'), undefined);
        assert.ok(Buffer.from(view.read('big/noise') ?? []).equals(noise));
        assert.equal(view.captured('all').length, 2);
      });
    }
  }

  it('reads gzip members and zstd frames one after another', async () => {
    const tar = await tarOf(members(tree));
    const half = Math.floor(tar.length / 2);
    const halves = [tar.subarray(0, half), tar.subarray(half)] as const;
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    const gzip = Buffer.concat(halves.map((part) => gzipSync(part)));
    const zstd = Buffer.concat([skippable, ...halves.map((part) => zstdCompressSync(part)), skippable]);
    const stack = await read([
      fakeLayer(tar, gzip, GZIP),
      fakeLayer(tar, zstd, 'application/vnd.oci.image.layer.v1.tar+zstd'),
    ]);
    assert.deepEqual(
      stack.layers.map((layer) => layer.count),
      [3, 3],
    );
  });

  it('reads a layer that occurs twice as both', async () => {
    const layer = layerOf(await tarOf(members({ x: '1' })));
    const hidden = layerOf(await tarOf(members({ '.wh.x': '' })));
    const stack = await read([layer, hidden, layer]);
    assert.equal(squash(stack, 2).size, 0);
    assert.equal(squash(stack).lookup('x')?.layer, 2);
  });

  it('accepts an image without layers and a layer without entries', async () => {
    assert.deepEqual((await read([])).layers, []);
    assert.equal((await read([layerOf(await tarOf([]))])).layers[0]?.count, 0);
  });

  it('captures hard links whose own path a rule matches', async () => {
    const rule = { id: 'npm', names: ['package.json'], maxBytes: 1000 };
    const layer = await tarOf(members({ 'store/f00': '{"name":"x"}', 'app/package.json': 'hard:store/f00' }));
    const view = squash(await read([layerOf(layer)], { plan: planOf(rule) }));
    assert.deepEqual(
      view.captured('npm').map((file) => file.entry.path),
      ['app/package.json'],
    );
    assert.equal(Buffer.from(view.read('app/package.json') ?? []).toString(), '{"name":"x"}');
  });

  it('tells of hard links to files of other layers that a rule wants and that are not captured there', async () => {
    const rule = { id: 'npm', names: ['package.json'], maxBytes: 1000 };
    const stack = await read(
      [
        layerOf(await tarOf(members({ 'store/f00': '{"name":"x"}', 'a/package.json': '{"name":"a"}' }))),
        layerOf(await tarOf(members({ 'app/package.json': 'hard:store/f00', 'b/other': 'hard:store/f00' }))),
      ],
      { plan: planOf(rule) },
    );
    assert.deepEqual(
      stack.diagnostics.map(({ code, path }) => [code, path]),
      [['linked-file-not-read', '/app/package.json']],
    );
  });

  it('notes files that are too large for their rule', async () => {
    const rule = { id: 'r', names: ['big'], maxBytes: 3 };
    const stack = await read([layerOf(await tarOf(members({ big: 'four' })))], { plan: planOf(rule) });
    assert.deepEqual(
      stack.diagnostics.map(({ code, path }) => [code, path]),
      [['file-too-large', '/big']],
    );
    assert.deepEqual(squash(stack).captured('r'), []);
  });

  it('reports progress that ends with everything done', async () => {
    const layer = layerOf(await tarOf(members(tree)));
    await using fake = await fakeImage([layer]);
    const events: unknown[] = [];
    const signal = new AbortController().signal;
    await readLayers({ ...fake, plan: NO_PLAN, signal, progress: (event) => events.push(event) });
    const total = layer.sizeBytes;
    const last = { kind: 'layers', doneBytes: total, totalBytes: total, doneLayers: 1, totalLayers: 1 };
    assert.deepEqual(events.at(-1), last);
  });
});

describe('readLayers refuses', () => {
  const other = `sha256:${'0'.repeat(64)}` as Digest;
  const cases: readonly [string, string, (good: FakeLayer) => FakeLayer | Promise<FakeLayer>][] = [
    ['another digest', 'LAYER_DIGEST_MISMATCH', (good) => ({ ...good, digest: other })],
    ['another diffID', 'LAYER_DIFF_ID_MISMATCH', (good) => ({ ...good, diffId: other })],
    ['a size that is too small', 'LAYER_SIZE_MISMATCH', (good) => ({ ...good, sizeBytes: good.sizeBytes - 1 })],
    ['a size that is too large', 'LAYER_TRUNCATED', (good) => ({ ...good, sizeBytes: good.sizeBytes + 1 })],
    ['gzip that stops early', 'LAYER_TRUNCATED', (good) => fakeLayer(good.tar, good.stored.subarray(0, -20), GZIP)],
    [
      'data after the gzip stream',
      'LAYER_MALFORMED',
      (good) => fakeLayer(good.tar, Buffer.concat([good.stored, Buffer.from('junk')]), GZIP),
    ],
    [
      'zeros after the gzip stream',
      'LAYER_MALFORMED',
      (good) => fakeLayer(good.tar, Buffer.concat([good.stored, Buffer.alloc(100)]), GZIP),
    ],
    ['gzip that says it is zstd', 'LAYER_MEDIA_TYPE', (good) => ({ ...good, mediaType: GZIP.replace('gzip', 'zstd') })],
    ['gzip that says it is plain', 'LAYER_MEDIA_TYPE', (good) => ({ ...good, mediaType: GZIP.replace('+gzip', '') })],
    ['an unknown media type', 'LAYER_MEDIA_TYPE', (good) => ({ ...good, mediaType: 'application/zip' })],
    ['a tar that stops early', 'LAYER_TRUNCATED', (good) => layerOf(good.tar.subarray(0, 1200))],
    ['a tar with a wrong checksum', 'LAYER_MALFORMED', (good) => layerOf(flipped(good.tar, 3))],
    ['a path that leaves the root', 'LAYER_PATH_ESCAPE', async () => layerOf(await tarOf(members({ '../x': '1' })))],
    [
      'a hard link that leaves the root',
      'LAYER_PATH_ESCAPE',
      async () => layerOf(await tarOf(members({ x: 'hard:a/../../y' }))),
    ],
  ];
  for (const [title, code, change] of cases) {
    for (const kind of ['file', 'stream'] as const) {
      it(`${title} (${kind})`, async () => {
        const layer = await change(layerOf(await tarOf(members(tree))));
        await assert.rejects(read([layer], { kind }), { name: 'AppError', code });
      });
    }
  }

  it('a damaged blob as damaged, whatever else it breaks', async () => {
    const tar = await tarOf(members({ noise }));
    for (const compression of ['gzip', 'none'] as const) {
      const good = layerOf(tar, compression);
      const damaged = { ...good, stored: flipped(good.stored, good.stored.length >> 1) };
      await assert.rejects(read([damaged]), { code: 'LAYER_DIGEST_MISMATCH' });
    }
  });

  it('an error inside the archive only after the diffID was found right', async () => {
    const bad = layerOf(await tarOf(members({ '../x': '1' })));
    await assert.rejects(read([{ ...bad, diffId: other }]), { code: 'LAYER_DIFF_ID_MISMATCH' });
  });

  it('more entries, bytes, expansion or captured bytes than allowed', async () => {
    const many = layerOf(await tarOf(members(tree)));
    await assert.rejects(read([many], { limits: { layerEntries: 2 } }), { code: 'LAYER_TOO_MANY_ENTRIES' });
    const bomb = layerOf(await tarOf(members({ zeros: Buffer.alloc(64 * 1024 * 1024) })));
    await assert.rejects(read([bomb], { limits: { layerBytes: 1_000_000 } }), { code: 'LAYER_TOO_LARGE' });
    const ratio = { expansionRatio: 100, expansionExcessBytes: 1_000_000 };
    await assert.rejects(read([bomb], { limits: ratio }), { code: 'LAYER_EXPANSION' });
    await assert.doesNotReject(read([bomb], { limits: { ...ratio, expansionExcessBytes: bomb.stored.length * 1000 } }));
    const bombs = [bomb, layerOf(await tarOf(members({ more: Buffer.alloc(64 * 1024 * 1024) })))];
    const together = { expansionRatio: 100, expansionExcessBytes: 100 * 1024 * 1024 };
    for (const one of bombs) await assert.doesNotReject(read([one], { limits: together }));
    await assert.rejects(read(bombs, { limits: together }), {
      code: 'LAYER_EXPANSION',
      hint: /--max-layer-bytes/,
    });
    const plan = planOf({ id: 'x', names: ['one', 'two'], maxBytes: 100 });
    await assert.rejects(read([many], { plan, limits: { capturedBytesTotal: 8 } }), {
      code: 'LAYER_CAPTURES_TOO_LARGE',
    });
    const two = await Promise.all(
      [{ one: 'six by' }, { two: 'six by' }].map(async (of) => layerOf(await tarOf(members(of)))),
    );
    await assert.doesNotReject(read(two, { plan, limits: { capturedBytesTotal: 12 } }));
    await assert.rejects(read(two, { plan, limits: { capturedBytesTotal: 8 } }), { code: 'LAYER_CAPTURES_TOO_LARGE' });
  });

  it('bombs in two threads too', async () => {
    const tar = await tarOf(members({ noise, zeros: Buffer.alloc(64 * 1024 * 1024) }));
    await assert.rejects(read([layerOf(tar)], { limits: { layerBytes: 30_000_000 } }), { code: 'LAYER_TOO_LARGE' });
  });

  it('files that are missing, cut off, or no files', async () => {
    const layer = layerOf(await tarOf(members(tree)));
    await using fake = await fakeImage([layer]);
    const place = join(fake.directory, layer.digest.replace(':', '-'));
    const run = () =>
      readLayers({ ...fake, plan: NO_PLAN, signal: new AbortController().signal, progress: () => undefined });
    await truncate(place, 30);
    await assert.rejects(run(), { code: 'LAYER_TRUNCATED' });
    const folder = {
      ...fake.store,
      openBlob: async () => ({
        kind: 'file' as const,
        range: { path: fake.directory, offsetBytes: 0, lengthBytes: 9 },
      }),
    };
    const signal = new AbortController().signal;
    await assert.rejects(
      readLayers({ image: fake.image, store: folder, plan: NO_PLAN, signal, progress: () => undefined }),
      {
        code: 'LAYER_UNREADABLE',
      },
    );
    await writeFile(place, '');
    await assert.rejects(run(), { code: 'LAYER_TRUNCATED' });
  });
});

describe('readLayers, interrupted', () => {
  it('stops at once and closes what it reads from', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new Uint8Array(100_000);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      } finally {
        closed = true;
      }
    }
    const layer = { ...layerOf(Buffer.alloc(10_240), 'none'), sizeBytes: 1e12 };
    await using fake = await fakeImage([layer]);
    const store = { ...fake.store, openBlob: async () => ({ kind: 'stream' as const, stream: endless() }) };
    const controller = new AbortController();
    const started = performance.now();
    setTimeout(() => controller.abort(), 200);
    const run = readLayers({
      image: fake.image,
      store,
      plan: NO_PLAN,
      signal: controller.signal,
      progress: () => undefined,
    });
    await assert.rejects(run, { code: 'INTERRUPTED' });
    assert.ok(performance.now() - started < 5000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(closed, true);
  });

  it('passes on what the store throws while a stream is read', async () => {
    const broken = new Error('connection reset');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(3_000_000);
      throw broken;
    }
    const layer = { ...layerOf(Buffer.alloc(10_240), 'none'), sizeBytes: 1e9 };
    await using fake = await fakeImage([layer]);
    const store = { ...fake.store, openBlob: async () => ({ kind: 'stream' as const, stream: failing() }) };
    const signal = new AbortController().signal;
    const run = readLayers({ image: fake.image, store, plan: NO_PLAN, signal, progress: () => undefined });
    await assert.rejects(run, (error) => error === broken);
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('readLayers, more captured than allowed, where a part is enough', () => {
  const plan: CapturePlan = {
    captures: [{ id: 'x', names: ['one', 'two', 'link', 'low', 'middle', 'top'], maxBytes: 100 }],
    digests: [{ algorithm: 'sha256', paths: 'all' }],
  };

  it('goes on with the rest of a layer, hard links included, and says what is not read', async () => {
    const layer = layerOf(
      await tarOf(members({ 'a/one': '7 bytes', 'a/two': '8 bytes!', 'b/link': 'link:a/two', 'b/two': 'four' })),
    );
    const stack = await read([layer], { plan, limits: { capturedBytesTotal: 11 }, allowsPartial: true });
    const view = squash(stack);
    assert.deepEqual(
      view.captured('x').map(({ entry, bytes }) => [entry.path, Buffer.from(bytes).toString('utf8')]),
      [
        ['a/one', '7 bytes'],
        ['b/two', 'four'],
      ],
    );
    assert.equal(view.contentDigest('a/two', 'sha256'), sha256Hex('8 bytes!'), 'the file itself is known');
    assert.deepEqual(
      stack.diagnostics.map(({ code, severity, path }) => [code, severity, path]),
      [['captures-too-large', 'error', '/a/two']],
    );
    assert.match(stack.diagnostics[0]?.message ?? '', /more than 11 bytes; 1 from here on/);
  });

  it('gives up the lower layers first, in whatever order they were read', async () => {
    const sizes = { low: 40, middle: 10, top: 60 };
    const layers = await Promise.all(
      Object.entries(sizes).map(async ([name, size]) =>
        // what is not captured decides which is read first
        layerOf(await tarOf(members({ [name]: 'x'.repeat(size), [`${name}-rest`]: noise.subarray(0, 9000 * size) }))),
      ),
    );
    for (const order of [layers, layers.toReversed()]) {
      const stacks = await Promise.all(
        [1, 2].map((concurrency) =>
          read(order, { plan, limits: { capturedBytesTotal: 75 }, allowsPartial: true, concurrency }),
        ),
      );
      const kept = stacks.map((stack) =>
        squash(stack)
          .captured('x')
          .map(({ entry }) => entry.path),
      );
      const expected = order === layers ? ['middle', 'top'] : ['low', 'middle'];
      assert.deepEqual(kept, [expected, expected]);
      for (const { diagnostics } of stacks) {
        assert.deepEqual(
          diagnostics.map(({ code }) => code),
          ['captures-too-large'],
        );
        assert.match(diagnostics[0]?.message ?? '', /^layer 0 /);
      }
    }
  });

  it('says so when more files could not be read than are named', async () => {
    const many = Object.fromEntries(Array.from({ length: 1010 }, (_, at) => [`${at}/one`, 'x'.repeat(101)]));
    const stack = await read([layerOf(await tarOf(members({ ...many, two: 'read' })))], { plan });
    assert.equal(stack.diagnostics.length, 1001);
    assert.deepEqual(stack.diagnostics[0]?.code, 'too-many-diagnostics');
    assert.match(stack.diagnostics[0]?.message ?? '', /10 more files/);
    assert.deepEqual(
      squash(stack)
        .captured('x')
        .map(({ entry }) => entry.path),
      ['two'],
    );
  });
});
