import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import {
  buildIndex,
  loadImage,
  MEDIA_TYPES,
  openLocalStore,
  parseImageReference,
  readBlobBytes,
} from '../../src/image/index.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';

const signal = new AbortController().signal;
const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;

let temporary: TemporaryDirectory;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

const path = (name: string): string => join(temporary.path, name);

function run(tool: string, ...args: readonly string[]): string {
  const result = spawnSync(tool, args, { encoding: 'utf8' });
  assert.equal(result.status, 0, `${tool} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

async function load(text: string) {
  const reference = parseImageReference(text);
  assert.ok(reference.transport !== 'registry' && reference.transport !== 'docker-daemon');
  await using store = await openLocalStore(reference, { signal });
  const image = await loadImage(store, { reference: reference.tag ?? '', hostPlatform: LINUX_AMD64, signal });
  for (const { descriptor } of image.layers)
    await readBlobBytes(store, descriptor, { maxBytes: 1e7, what: 'layer', signal });
  return image;
}

describe('layouts of other tools', () => {
  test(
    'umoci: an image is read, and stays readable for umoci when something is written beside it',
    { skip: has('umoci') ? false : 'umoci is not installed' },
    async () => {
      const layout = path('umoci');
      run('umoci', 'init', '--layout', layout);
      run('umoci', 'new', '--image', `${layout}:app`);
      mkdirSync(path('files'));
      writeFileSync(path('files/hello'), 'hello');
      run('umoci', 'insert', '--rootless', '--image', `${layout}:app`, path('files'), '/srv');
      const image = await load(`oci:${layout}:app`);
      assert.equal(image.layers.length, 1);
      assert.equal(image.platform.os, 'linux');
      await makeImage(layout, { layers: [{ a: 'a' }], tag: 'ours' });
      assert.deepEqual(run('umoci', 'list', '--layout', layout).trim().split('\n').toSorted(), ['app', 'ours']);
      assert.equal((await load(`oci:${layout}:app`)).digest, image.digest);
    },
  );

  test(
    'skopeo: Docker media types and a copied index are read',
    { skip: has('skopeo') ? false : 'skopeo is not installed' },
    async () => {
      const amd64 = await makeImage(path('multi'), { layers: [{ a: 'amd64' }], tag: 'amd64' });
      const arm64 = await makeImage(path('multi'), {
        layers: [{ a: 'arm64' }],
        config: { platform: { os: 'linux', architecture: 'arm64' } },
        tag: 'arm64',
      });
      const manifests = [amd64, arm64].map(({ image }) => ({
        mediaType: MEDIA_TYPES.ociManifest,
        digest: image.digest,
        sizeBytes: image.manifest.bytes.byteLength,
        platform: image.platform,
      }));
      await buildIndex(amd64.store, { manifests, tag: 'all', signal });
      run('skopeo', 'copy', '--insecure-policy', '--all', `oci:${path('multi')}:all`, `oci:${path('copied')}:all`);
      assert.equal((await load(`oci:${path('copied')}:all`)).digest, amd64.digest);
      run(
        'skopeo',
        'copy',
        '--insecure-policy',
        `oci:${path('multi')}:amd64`,
        `docker-archive:${path('plain.tar')}:example.com/app:1`,
      );
      run('skopeo', 'copy', '--insecure-policy', `docker-archive:${path('plain.tar')}`, `oci:${path('back')}:app`);
      const back = await load(`oci:${path('back')}:app`);
      assert.deepEqual(back.config.diffIds, amd64.image.config.diffIds);
      assert.equal(
        (await load(`docker-archive:${path('plain.tar')}:example.com/app:1`)).config.diffIds[0],
        back.config.diffIds[0],
      );
    },
  );
});
