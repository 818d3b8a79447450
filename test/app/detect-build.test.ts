import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  copyImageWithAttachments,
  detectBase,
  signImage,
  type Decision,
  type DetectBaseResult,
} from '../../src/app/index.ts';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import { buildIndex, checkRawManifest } from '../../src/image/index.ts';
import { renderBase } from '../../src/render/index.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { buildKitAttestation } from '../support/gate-world.ts';
import type { MadeImage } from '../support/images.ts';
import { startRegistry } from '../support/registry/index.ts';
import { buildKitV1, PROVENANCE_V1, type FixtureImage } from '../support/slsa-fixtures.ts';

const { signal } = new AbortController();
const BASE = { 'bin/sh': '#!the shell\n', 'etc/tiny': 'base\n' };
const BUILDER_IMAGE: FixtureImage = { name: 'golang', tag: '1.25', digest: sha256Digest('golang') };

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
identities:
  release: { key: ours.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: { by: [release] }
    base: { allow: [tiny], unexplained: deny }
    buildInputs: { allow: [tiny] }
`;

/** Writes an index of one image and BuildKit's provenance of it, as a build with attestations does. */
async function push(
  made: MadeImage,
  tag: string,
  build: { readonly images: readonly FixtureImage[]; readonly about?: Digest },
): Promise<void> {
  const { store, image } = made;
  const predicate = buildKitV1({ images: build.images });
  const attestation = buildKitAttestation(build.about ?? image.digest, [{ type: PROVENANCE_V1, predicate }]);
  for (const blob of [attestation.config, ...attestation.statements])
    await store.writeBlob(blob, sha256Digest(blob), signal);
  const manifest = checkRawManifest(attestation.bytes, {});
  await store.writeManifest(manifest, {}, signal);
  await buildIndex(store, {
    manifests: [
      {
        mediaType: image.manifest.mediaType,
        digest: image.digest,
        sizeBytes: image.manifest.bytes.byteLength,
        platform: image.platform,
      },
      {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        sizeBytes: manifest.bytes.byteLength,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': attestation.subject,
        },
      },
    ],
    tag,
    signal,
  });
}

interface World extends AsyncDisposable {
  readonly bench: GateBench;
  readonly app: MadeImage;
  readonly tiny: FixtureImage;
}

async function openWorld(): Promise<World> {
  const bench = await openGateBench(POLICY);
  const base = await bench.image('base', [BASE]);
  const app = await bench.image('plain', [{ 'app/run': 'run\n' }], base);
  await bench.lock();
  const tiny: FixtureImage = {
    name: 'registry.example.com/base/tiny',
    tag: '13',
    digest: base.digest,
    layers: base.image.layers.map((layer) => layer.descriptor.digest),
  };
  return { bench, app, tiny, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

async function detect({ bench }: World, tag: string): Promise<DetectBaseResult> {
  return detectBase(
    { image: `oci:${bench.file('images')}:${tag}`, access: {}, lockFile: bench.file('bases.lock.jsonl') },
    bench.runtime,
  );
}

async function sign({ bench }: World, tag: string): Promise<void> {
  await signImage(
    {
      image: `oci:${bench.file('images')}:${tag}`,
      access: {},
      keyFile: bench.file('ours.key'),
      password: () => Promise.resolve(''),
    },
    bench.runtime,
  );
}

function codes(decision: Decision): readonly string[] {
  return decision.images.flatMap(({ platforms }) =>
    platforms.flatMap(({ rules }) => rules.flatMap(({ checks }) => checks.map(({ code }) => code))),
  );
}

describe('base detect with BuildKit’s provenance', () => {
  test('tells the base from other inputs, and draws where it ends', async () => {
    await using world = await openWorld();
    const { app, tiny } = world;
    await push(app, 'built', { images: [tiny, BUILDER_IMAGE] });
    const result = await detect(world, 'built');
    const [build] = result.builds;
    assert.equal(build?.complete, true);
    assert.equal(build.mode, 'max');
    assert.equal(build.source, 'https://github.com/acme/shop');
    assert.deepEqual(
      build.inputs.map(({ kind, isBase }) => [kind, isBase]),
      [
        ['image', true],
        ['image', false],
        ['source', false],
      ],
    );
    assert.deepEqual(result.claims.at(-1), {
      source: 'provenance',
      name: 'registry.example.com/base/tiny:13',
      digest: tiny.digest,
      layerCount: 1,
    });
    assert.deepEqual(result.conflicts, []);
    const text = renderBase(result);
    assert.match(text, /^build {5}by https:/m);
    assert.match(text, /^ {10}base: pkg:docker\/registry\.example\.com\/base\/tiny@13/m);
    assert.match(text, /^ {10}input: pkg:docker\/golang@1\.25/m);
  });

  test('says what is odd: provenance about something else in the index', async () => {
    await using world = await openWorld();
    const { app, tiny } = world;
    await push(app, 'stray', { images: [tiny], about: sha256Digest('elsewhere') });
    const result = await detect(world, 'stray');
    assert.deepEqual(result.builds, []);
    assert.match(result.conflicts.join('\n'), /no platform of this index/);
  });

  test('an image without an index has none', async () => {
    await using world = await openWorld();
    assert.deepEqual((await detect(world, 'plain')).builds, []);
  });
});

describe('gate check with BuildKit’s provenance, from a layout', () => {
  test('collected, opened and decided: the index’s signature vouches for the list of inputs', async () => {
    await using world = await openWorld();
    const { bench, app, tiny } = world;
    await push(app, 'good', { images: [tiny] });
    await sign(world, 'good');
    const good = await bench.check('good');
    assert.deepEqual(complaints(good), []);
    assert.ok(codes(good).includes('BUILD_INPUTS_ALLOWED'));
    assert.ok(codes(good).includes('BASE_LAYERS_EXPLAINED'));

    await push(app, 'foreign', { images: [tiny, BUILDER_IMAGE] });
    await sign(world, 'foreign');
    assert.deepEqual(complaints(await bench.check('foreign')), ['fail PROVENANCE_INPUT_NOT_ALLOWED']);

    await push(app, 'stray', { images: [tiny], about: sha256Digest('elsewhere') });
    await sign(world, 'stray');
    assert.deepEqual(complaints(await bench.check('stray')), [
      'warn BUILD_ATTESTATION_STRAY',
      'fail BUILD_INPUTS_UNPROVED',
    ]);
  });

  test('an image built on another that is built on the allowed one', async () => {
    await using world = await openWorld();
    const { bench, app, tiny } = world;
    const above = await bench.image('above', [{ 'app/other': 'other\n' }], app);
    const layers = app.image.layers.map((layer) => layer.descriptor.digest);
    const evil: FixtureImage = { name: 'registry.evil.example/python', tag: '3', digest: app.digest, layers };
    await push(above, 'evil', { images: [{ ...tiny, layers: [] }, evil] });
    await sign(world, 'evil');
    const found = complaints(await bench.check('evil'));
    assert.ok(found.includes('fail BASE_UNEXPLAINED_LAYERS'));
    assert.ok(found.includes('fail PROVENANCE_INPUT_NOT_ALLOWED'));
  });

  test('the same from a registry: two requests for a platform’s provenance', async () => {
    await using world = await openWorld();
    await using registry = await startRegistry();
    const { bench, app, tiny } = world;
    await push(app, 'good', { images: [tiny] });
    await sign(world, 'good');
    const to = `${registry.host}/shop/app:1`;
    await copyImageWithAttachments(
      {
        from: `oci:${bench.file('images')}:good`,
        to,
        access: {},
        referrers: true,
        legacy: false,
        nondistributable: false,
      },
      bench.runtime,
    );
    const policy = POLICY.replace('registry.example.com/shop/**', `${registry.host}/shop/**`);
    writeFileSync(bench.file('remote.yaml'), policy);
    const before = registry.requests.length;
    const decision = await bench.check('', { images: [to], policyFile: bench.file('remote.yaml') });
    assert.deepEqual(complaints(decision), []);
    assert.ok(codes(decision).includes('BUILD_INPUTS_ALLOWED'));
    const index = JSON.parse(Buffer.from(registry.getManifest('shop/app', '1')!.bytes).toString()) as {
      readonly manifests: readonly { readonly digest: string }[];
    };
    const attestation = index.manifests[1]!.digest;
    const seen = registry.requests.slice(before).map(({ path }) => path);
    const { layers } = JSON.parse(Buffer.from(registry.getManifest('shop/app', attestation)!.bytes).toString()) as {
      readonly layers: readonly { readonly digest: string }[];
    };
    for (const path of [`/manifests/${attestation}`, `/blobs/${layers[0]!.digest}`])
      assert.equal(seen.filter((one) => one.endsWith(path)).length, 1, path);

    registry.fail({ path: new RegExp(attestation), action: { kind: 'status', status: 500 } });
    const broken = await bench.check('', { images: [to], policyFile: bench.file('remote.yaml') });
    assert.ok(
      complaints(broken).some((text) => text.startsWith('error ')),
      complaints(broken).join(),
    );
    assert.equal(broken.verdict, 'deny');
  });
});
