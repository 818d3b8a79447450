import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { canonicalEvidence, collectEvidence, openEvidence, type ImageView } from '../../src/evidence/index.ts';
import { INDEX_TYPE, MANIFEST_TYPE, NO_NEEDS, openedImage, portsOf } from '../support/evidence-ports.ts';
import { buildImage, buildIndex, fakeDigest, type BuiltImage, type BuiltIndex } from '../support/gate-world.ts';

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** An image whose manifest or config was altered before anything was hashed. */
function altered(
  change: (parts: { manifest: Record<string, unknown>; config: Record<string, unknown> }) => void,
  architecture = 'arm64',
): BuiltImage {
  const image = buildImage({ diffIds: [fakeDigest('x')], architecture });
  const manifest = JSON.parse(Buffer.from(image.bytes).toString()) as Record<string, unknown>;
  const config = JSON.parse(Buffer.from(image.configBytes).toString()) as Record<string, unknown>;
  change({ manifest, config });
  const configBytes = bytesOf(config);
  const digest = sha256Digest(configBytes);
  manifest['config'] = { ...(manifest['config'] as object), digest, size: configBytes.byteLength };
  const bytes = bytesOf(manifest);
  return { ...image, bytes, digest: sha256Digest(bytes), config: digest, configBytes };
}

/** Collects an image, writes the document, opens it again: what `gate check` does before it decides. */
async function collected(root: BuiltImage | BuiltIndex, images: readonly BuiltImage[]): Promise<ImageView> {
  const document = await collectEvidence(['registry.example.com/shop/web:v1'], {
    ports: portsOf(openedImage(root, images)),
    collectedAt: new Date('2026-11-24T12:00:00Z'),
    needs: () => ({ ...NO_NEEDS, bundles: true, layers: true }),
    signal: new AbortController().signal,
    deadlineMs: 5000,
  });
  const [view] = openEvidence(Buffer.from(canonicalEvidence(document))).images;
  return view!;
}

const good = buildImage({ diffIds: [fakeDigest('a')] });

describe('a malformed image is an error of that image, never of the whole evidence', () => {
  for (const [what, change, code] of [
    [
      'more diffIDs than layers',
      ({ config }) => {
        config['rootfs'] = { type: 'layers', diff_ids: [fakeDigest('x'), fakeDigest('y')] };
      },
      'DIFF_ID_COUNT',
    ],
    [
      'no diffIDs',
      ({ config }) => {
        config['rootfs'] = { type: 'layers', diff_ids: [] };
      },
      'DIFF_ID_COUNT',
    ],
    [
      'a config that is no configuration',
      ({ config }) => {
        delete config['os'];
      },
      'CONFIG_INVALID',
    ],
    [
      'a manifest of another media type',
      ({ manifest }) => {
        manifest['mediaType'] = INDEX_TYPE;
      },
      'MEDIA_TYPE_CONFLICT',
    ],
    [
      'a manifest with both layers and manifests',
      ({ manifest }) => {
        manifest['manifests'] = [];
      },
      'MANIFEST_AMBIGUOUS',
    ],
  ] as const satisfies readonly (readonly [string, Parameters<typeof altered>[0], string])[]) {
    test(`as a child of an index: ${what}`, async () => {
      const bad = altered(change);
      const index = buildIndex([
        { image: good, architecture: 'amd64' },
        { image: bad, architecture: 'arm64' },
      ]);
      const view = await collected(index, [good, bad]);
      assert.deepEqual(
        view.errors.map((error) => [error.code, error.subject]),
        [[code, bad.digest]],
      );
      assert.deepEqual(
        view.uncollected.map((descriptor) => descriptor.digest),
        [bad.digest],
      );
    });

    test(`by itself: ${what}`, async () => {
      const bad = altered(change, 'amd64');
      const view = await collected(bad, [bad]);
      const said = [...view.errors, ...view.structure].map((error) => error.code);
      assert.ok(said.includes(code), said.join());
      assert.deepEqual(view.platforms, []);
    });
  }

  test('a manifest without a media type of its own is read as what it was listed as', async () => {
    const bare = altered(({ manifest }) => {
      delete manifest['mediaType'];
    });
    const index = buildIndex([{ image: bare, architecture: 'arm64' }]);
    const view = await collected(index, [bare]);
    assert.deepEqual([view.errors, view.structure, view.platforms.length], [[], [], 1]);
  });
});

describe('platforms of an index', () => {
  const plain = buildImage({ diffIds: [fakeDigest('p')] });
  const entry = (image: BuiltImage, platform?: object): object => ({
    mediaType: MANIFEST_TYPE,
    digest: image.digest,
    size: image.bytes.byteLength,
    ...(platform === undefined ? {} : { platform }),
  });
  const indexOf = (...manifests: readonly object[]): BuiltIndex => {
    const bytes = bytesOf({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests });
    return { bytes, digest: sha256Digest(bytes) };
  };
  const structure = async (...manifests: readonly object[]): Promise<readonly string[]> => {
    const view = await collected(indexOf(...manifests), [good, plain]);
    return [...view.errors, ...view.structure].map((error) => error.code);
  };
  const amd64 = { os: 'linux', architecture: 'amd64' };

  test('variants that only the index names are different platforms', async () => {
    const manifests = [entry(good, amd64), entry(plain, { ...amd64, variant: 'v3' })];
    assert.deepEqual(await structure(...manifests), []);
  });

  for (const [what, manifests, code] of [
    ['the same platform twice', [entry(good, amd64), entry(plain, amd64)], 'PLATFORM_DUPLICATE'],
    [
      'the same platform by another name',
      [entry(good, amd64), entry(plain, { os: 'linux', architecture: 'x86_64' })],
      'PLATFORM_DUPLICATE',
    ],
    ['the same manifest twice', [entry(good, amd64), entry(good, amd64)], 'PLATFORM_DUPLICATE'],
    ['two entries that do not say theirs', [entry(good), entry(plain)], 'PLATFORM_DUPLICATE'],
    ['one that its config contradicts', [entry(good, { os: 'linux', architecture: 'arm64' })], 'PLATFORM_CONFLICT'],
    [
      'one called unknown without being an attestation',
      [entry(good, amd64), entry(plain, { os: 'unknown', architecture: 'unknown' })],
      'PLATFORM_CONFLICT',
    ],
    [
      'a runnable one called an attestation',
      [
        entry(good, amd64),
        { ...entry(plain, amd64), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
      ],
      'PLATFORM_DUPLICATE',
    ],
    ['a nested index', [entry(good, amd64), { ...entry(plain), mediaType: INDEX_TYPE }], 'INDEX_NESTED'],
  ] as const) {
    test(`${what} is an error: ${code}`, async () => {
      const codes = await structure(...manifests);
      assert.ok(codes.includes(code), codes.join());
    });
  }
});

test('an index of huge configurations is cut off before they fill the memory', async () => {
  const images = Array.from({ length: 8 }, (_, index) =>
    altered(({ config }) => {
      config['author'] = 'x'.repeat(10 * 1024 * 1024);
      config['variant'] = `v${index}`;
    }),
  );
  const view = await collected(buildIndex(images.map((image) => ({ image }))), images);
  assert.deepEqual([...new Set(view.errors.map((error) => error.code))], ['LIMIT_EXCEEDED']);
  assert.deepEqual([view.platforms.length, view.uncollected.length], [6, 2]);
});
