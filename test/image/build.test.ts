import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import {
  buildImage,
  buildLayer,
  createOciLayout,
  loadImage,
  readBlobBytes,
  type LayerEntry,
  type OciLayoutStore,
} from '../../src/image/index.ts';
import { arrangeEntries } from '../../src/image/write/layer-entry.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';

const signal = new AbortController().signal;

let temporary: TemporaryDirectory;
let store: OciLayoutStore;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
  store = await createOciLayout(join(temporary.path, 'layout'));
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

describe('buildLayer', () => {
  test('gives the same bytes whatever the order of entries; the diffID whatever the compression', async () => {
    const entries: readonly LayerEntry[] = [
      { path: '/b/file', content: 'x', mode: 0o755, uid: 1, gid: 2, mtime: 3 },
      { path: 'a', linkTarget: 'b/file' },
      { path: 'hard', hardLinkTo: 'b/file' },
    ];
    const forward = await buildLayer(store, entries, { compression: 'gzip', signal });
    const backward = await buildLayer(store, entries.toReversed(), { compression: 'gzip', signal });
    assert.deepEqual(forward, backward);
    const zstd = await buildLayer(store, entries, { compression: 'zstd', signal });
    const plain = await buildLayer(store, entries, { compression: 'none', signal });
    assert.equal(zstd.diffId, forward.diffId);
    assert.equal(plain.diffId, forward.diffId);
    assert.equal(plain.descriptor.digest, plain.diffId);
    for (const { descriptor } of [forward, zstd, plain])
      await readBlobBytes(store, descriptor, { maxBytes: 1e6, what: 'layer', signal });
  });

  test('streams files', async () => {
    const file = join(temporary.path, 'big');
    writeFileSync(file, Buffer.alloc(3_000_000, 'abc'));
    const fromFile = await buildLayer(store, [{ path: 'big', file }], { compression: 'none', signal });
    const fromMemory = await buildLayer(store, [{ path: 'big', content: readFileSync(file) }], {
      compression: 'none',
      signal,
    });
    assert.deepEqual(fromFile, fromMemory);
  });

  test('leaves nothing behind when it fails', async () => {
    const missing = [{ path: 'x', file: join(temporary.path, 'missing') }];
    await assert.rejects(buildLayer(store, missing, { compression: 'gzip', signal }), { code: 'IMAGE_UNWRITABLE' });
    await assert.rejects(
      buildLayer(store, [{ path: 'x', content: 'x' }], { compression: 'gzip', signal: AbortSignal.abort() }),
      { code: 'INTERRUPTED' },
    );
    assert.deepEqual(readdirSync(join(store.path, 'blobs')), ['sha256']);
  });

  test('adds missing parents and writes them before their children', () => {
    const paths = arrangeEntries([{ path: 'a-b' }, { path: 'a/b/c', content: '' }, { path: 'a/b', mode: 0o700 }]).map(
      (entry) => entry.path,
    );
    assert.deepEqual(paths, ['a', 'a/b', 'a/b/c', 'a-b']);
  });

  test('refuses unsafe and duplicate paths and two kinds of content', () => {
    for (const entries of [
      [{ path: '../x' }],
      [{ path: 'a/../../x' }],
      [{ path: '' }],
      [{ path: '/' }],
      [{ path: 'a\0b' }],
      [{ path: 'a' }, { path: '/a/' }],
      [{ path: 'a', content: '', linkTarget: 'b' }],
    ]) {
      assert.throws(() => arrangeEntries(entries), { code: 'IMAGE_UNWRITABLE' });
    }
  });
});

describe('buildImage', () => {
  test('puts layers on a base: diffIDs, history, environment and labels of both', async () => {
    const base = await makeImage(join(temporary.path, 'base'), {
      layers: [{ base: 'b' }],
      config: { env: ['PATH=/bin', 'A=1'], labels: { of: 'base', kept: 'yes' }, cmd: ['/base'], user: '1000' },
      history: [{ createdBy: 'base layer', emptyLayer: false }],
    });
    const app = await makeImage(join(temporary.path, 'app'), {
      base,
      layers: [{ app: 'a' }],
      config: { env: ['A=2'], labels: { of: 'app' }, entrypoint: ['/app'] },
      annotations: { 'org.opencontainers.image.base.name': 'example.com/base' },
      history: [
        { createdBy: 'ENV A=2', emptyLayer: true },
        { createdBy: 'COPY app', emptyLayer: false },
      ],
    });
    const { config, layers } = app.image;
    assert.deepEqual(config.diffIds.slice(0, 1), base.image.config.diffIds);
    assert.deepEqual(config.env, ['PATH=/bin', 'A=2']);
    assert.deepEqual(config.labels, { of: 'app', kept: 'yes' });
    assert.equal(config.user, '1000');
    assert.deepEqual(config.entrypoint, ['/app']);
    assert.equal(config.cmd, undefined);
    assert.deepEqual(
      layers.map((layer) => layer.createdBy),
      ['base layer', 'COPY app'],
    );
    assert.equal(app.image.annotations['org.opencontainers.image.base.name'], 'example.com/base');
    for (const { descriptor } of layers)
      await readBlobBytes(app.store, descriptor, { maxBytes: 1e6, what: 'layer', signal });
  });

  test('is deterministic', async () => {
    const options = { layers: [{ a: 'a' }], config: { labels: { z: '1' } } };
    const one = await makeImage(join(temporary.path, 'one'), options);
    const two = await makeImage(join(temporary.path, 'two'), options);
    assert.equal(one.digest, two.digest);
  });

  test('refuses an image without platform and a history that does not fit', async () => {
    await assert.rejects(buildImage(store, { layers: [], signal }), { code: 'IMAGE_UNWRITABLE' });
    const history = [{ createdBy: 'x', emptyLayer: false }];
    await assert.rejects(buildImage(store, { layers: [], config: { platform: LINUX_AMD64 }, history, signal }), {
      code: 'IMAGE_UNWRITABLE',
    });
  });

  test('an image without layers is one', async () => {
    const { digest } = await buildImage(store, { layers: [], config: { platform: LINUX_AMD64 }, signal });
    assert.equal((await loadImage(store, { reference: digest, hostPlatform: LINUX_AMD64, signal })).layers.length, 0);
  });
});

const hasUmoci = spawnSync('umoci', ['--version']).status === 0;

describe('umoci as judge', { skip: hasUmoci ? false : 'umoci is not installed' }, () => {
  test('unpacks what was built here: content, modes, links', async () => {
    const long = `deep/${'d'.repeat(120)}/${'n'.repeat(120)}-ü`;
    const { store: built } = await makeImage(join(temporary.path, 'judged'), {
      layers: [
        [
          { path: 'bin/tool', content: '#!/bin/sh\n', mode: 0o4755 },
          { path: 'bin/alias', hardLinkTo: 'bin/tool' },
          { path: 'etc/link', linkTarget: '../bin/tool' },
          { path: long, content: 'long' },
          { path: 'gone', content: 'x' },
          { path: 'empty', content: '' },
        ],
        { '.wh.gone': '' },
      ],
    });
    const bundle = join(temporary.path, 'bundle');
    const run = spawnSync('umoci', ['unpack', '--rootless', '--image', `${built.path}:latest`, bundle], {
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    const root = join(bundle, 'rootfs');
    assert.deepEqual(readdirSync(root).toSorted(), ['bin', 'deep', 'empty', 'etc']);
    assert.equal(readFileSync(join(root, long), 'utf8'), 'long');
    assert.equal(readlinkSync(join(root, 'etc/link')), '../bin/tool');
    const tool = lstatSync(join(root, 'bin/tool'));
    assert.equal(tool.mode & 0o7777, 0o4755);
    assert.equal(lstatSync(join(root, 'bin/alias')).ino, tool.ino);
    assert.equal(sha256Digest(readFileSync(join(root, 'empty'))), sha256Digest(''));
  });
});
