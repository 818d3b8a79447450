import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkGate, type CheckGateResult } from '../../src/app/index.ts';
import { sha256Digest, TemporaryDirectory, type Runtime } from '../../src/core/index.ts';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { buildImage, type Image, type OciLayoutStore } from '../../src/image/index.ts';
import { copyImageWithAttachments, lockBases } from '../../src/app/index.ts';
import { makeImage, LINUX_AMD64 } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';
import { quietRuntime, calm } from '../support/registry/opening.ts';

/** What the gate finds in layers is kept: the next decision is the same, and asks for less. */
describe('gate on layers that were read before', () => {
  let folder: TemporaryDirectory;
  let registry: TestRegistry;
  let runtime: Runtime;
  let app: { readonly image: Image; readonly store: OciLayoutStore };

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    registry = await startRegistry();
    runtime = { ...quietRuntime(), cacheDir: join(folder.path, 'cache') };
    const layout = join(folder.path, 'images');
    const base = await makeImage(layout, {
      layers: [{ 'bin/sh': 'shell', 'etc/passwd': 'root:x:0:0::/:/bin/sh\n' }],
      tag: 'base',
    });
    app = await makeImage(layout, { layers: [{ 'bin/sh': 'another', 'app/run': 'x' }], tag: 'app', base });
    for (const tag of ['base', 'app']) {
      await copyImageWithAttachments(
        {
          from: `oci:${layout}:${tag}`,
          to: `${registry.host}/shop/${tag}:1`,
          access: {},
          referrers: false,
          legacy: false,
          nondistributable: false,
        },
        runtime,
      );
    }
    writeFileSync(
      join(folder.path, 'policy.yaml'),
      `apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: lock.jsonl
  entries: [{ name: tiny, image: "${registry.host}/shop/base", tags: ["1"] }]
rules:
  - { name: all, images: ["${registry.host}/**"], base: { allow: [tiny], evidence: content, tamper: deny } }
`,
    );
    await lockBases(
      { policyFile: join(folder.path, 'policy.yaml'), entries: [], sources: new Map(), access: {} },
      runtime,
    );
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const gate = async (
    cacheDir = runtime.cacheDir,
    image = 'app:1',
  ): Promise<CheckGateResult & { readonly asked: readonly string[] }> => {
    registry.requests.length = 0;
    const images = [`${registry.host}/shop/${image}`];
    const policyFile = join(folder.path, 'policy.yaml');
    const result = await checkGate({ images, policyFile, access: {}, deadlineMs: 60_000 }, { ...runtime, cacheDir });
    return {
      ...result,
      asked: registry.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/(?=\w+\/)/, '')}`),
    };
  };
  const bytesOf = ({ evidence }: CheckGateResult): string => canonicalEvidence(evidence);

  test('decides the same from the same evidence; layers are asked about and not fetched', async () => {
    const without = await gate(undefined);
    const first = await gate();
    const again = await gate();
    assert.equal(without.decision.verdict, 'deny');
    assert.equal(bytesOf(first), bytesOf(without));
    assert.equal(bytesOf(again), bytesOf(without));
    assert.deepEqual(again.decision, without.decision);
    const layers = app.image.layers.map(({ descriptor }) => `blobs/${descriptor.digest}`);
    assert.deepEqual(
      again.asked.filter((line) => layers.some((layer) => line.endsWith(layer))).toSorted(),
      layers.map((layer) => `HEAD ${layer}`).toSorted(),
    );
    for (const document of [app.image.digest, app.image.configDigest])
      assert.ok(again.asked.filter((line) => line.endsWith(document)).length <= 1, again.asked.join('\n'));
    assert.ok(again.asked.length <= 12, again.asked.join('\n'));
  });

  test('a layer that is gone from the registry is missed', async () => {
    await gate();
    const [layer] = app.image.layers;
    registry.fail({
      method: 'HEAD',
      path: new RegExp(`blobs/${layer?.descriptor.digest}`),
      action: { kind: 'status', status: 404 },
    });
    registry.fail({
      method: 'GET',
      path: new RegExp(`blobs/${layer?.descriptor.digest}`),
      action: { kind: 'status', status: 404 },
    });
    const { evidence } = await gate();
    registry.clearFaults();
    assert.deepEqual(
      evidence.images[0]?.errors.map(({ what }) => what),
      ['layers'],
    );
    assert.equal(evidence.images[0]?.platforms[0]?.layersVerified, false);
  });

  test('another PATH, another question: what was kept is not taken for its answer', async () => {
    await gate();
    const kept = readdirSync(join(folder.path, 'cache', 'layers')).length;
    const { digest } = await buildImage(app.store, {
      layers: [],
      base: app,
      config: { platform: LINUX_AMD64, env: ['PATH=/app:/bin'] },
      tag: 'other',
      signal: calm,
    });
    await copyImageWithAttachments(
      {
        from: `oci:${join(folder.path, 'images')}:other`,
        to: `${registry.host}/shop/app:2`,
        access: {},
        referrers: false,
        legacy: false,
        nondistributable: false,
      },
      runtime,
    );
    const { evidence } = await gate(runtime.cacheDir, 'app:2');
    assert.equal(evidence.images[0]?.digest, digest);
    assert.equal(readdirSync(join(folder.path, 'cache', 'layers')).length, kept + 1);
    assert.notEqual(sha256Digest(bytesOf(await gate())), sha256Digest(canonicalEvidence(evidence)));
  });
});
