import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import {
  buildIndex,
  copyImage,
  createOciLayout,
  listPlatformImages,
  loadImage,
  loadImageOrIndex,
  loadIndex,
  readBlobBytes,
} from '../../src/image/index.ts';
import { openQuietly } from '../support/registry/opening.ts';
import { startRegistry } from '../support/registry/index.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';

const signal = new AbortController().signal;

describe('copyImage and a registry', () => {
  test('an index goes to a registry and back without a change', async () => {
    await using temporary = await TemporaryDirectory.create('waybill-test-');
    await using server = await startRegistry();
    const platforms = [LINUX_AMD64, { os: 'linux', architecture: 'arm64' }];
    const manifests = [];
    const from = await createOciLayout(join(temporary.path, 'from'));
    for (const platform of platforms) {
      const { image } = await makeImage(from.path, {
        layers: [{ a: platform.architecture }, { b: 'shared' }],
        config: { platform },
        tag: platform.architecture,
      });
      const { bytes, mediaType, digest } = image.manifest;
      manifests.push({ mediaType, digest, sizeBytes: bytes.byteLength, platform });
    }
    const { digest } = await buildIndex(from, { manifests, tag: 'v1', signal });

    await using registry = await openQuietly(server.host, 'team/app');
    await copyImage(from, registry, {
      loaded: await loadImageOrIndex(from, { reference: 'v1', signal }),
      tag: 'v1',
      signal,
    });
    const index = await loadIndex(registry, { reference: 'v1', signal });
    assert.equal(index.digest, digest);
    const images = await listPlatformImages(registry, index, signal);
    assert.deepEqual(
      images.map((image) => image.platform),
      platforms,
    );
    const chosen = await loadImage(registry, { reference: 'v1', hostPlatform: LINUX_AMD64, signal });
    for (const { descriptor } of chosen.layers)
      await readBlobBytes(registry, descriptor, { maxBytes: 1e6, what: 'layer', signal });

    const back = await createOciLayout(join(temporary.path, 'back'));
    await copyImage(registry, back, { loaded: { kind: 'index', index }, tag: 'v1', signal });
    assert.equal((await back.readManifest('v1', signal)).digest, digest);
    assert.equal((await loadImage(back, { reference: '', hostPlatform: LINUX_AMD64, signal })).digest, chosen.digest);
  });
});
