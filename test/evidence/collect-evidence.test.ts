import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { coreError, defineErrors, ExitCode, sha256Digest, type Digest } from '../../src/core/index.ts';
import {
  canonicalEvidence,
  collectEvidence,
  openEvidence,
  type CollectOptions,
  type DescribedReference,
  type EvidenceNeeds,
  type EvidencePorts,
  type OpenedImage,
} from '../../src/evidence/index.ts';
import { parseLock } from '../../src/provenance/index.ts';
import { bundleManifest } from '../../src/attestation/index.ts';
import { INDEX_TYPE, MANIFEST_TYPE, NO_NEEDS, openedImage, portsOf } from '../support/evidence-ports.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  fakeDigest,
  lockBytes,
  noChanges,
  signature,
} from '../support/gate-world.ts';

const registryError = defineErrors({
  REGISTRY_UNAUTHORIZED: ExitCode.Auth,
  REGISTRY_RATE_LIMITED: ExitCode.Remote,
  LAYER_TRUNCATED: ExitCode.Input,
});
const image = buildImage({ diffIds: [fakeDigest('a'), fakeDigest('b')] });
const arm = buildImage({ diffIds: [fakeDigest('c')], architecture: 'arm64' });
const index = buildIndex([
  { image, architecture: 'amd64' },
  { image: arm, architecture: 'arm64' },
]);
const EVERYTHING: EvidenceNeeds = { ...NO_NEEDS, bundles: true, layers: true, scan: true, compare: true };
const SCAN = { catalogers: {}, components: [] };

function ports(more: Partial<OpenedImage> = {}, requested?: DescribedReference['requested']): EvidencePorts {
  const readLayers: OpenedImage['readLayers'] = async (_digest, request) => ({
    scan: SCAN,
    comparisons: request.compareWith.map((count) => noChanges(count)),
  });
  return portsOf(openedImage(index, [image, arm], { readLayers, ...more }), requested);
}

function options(given: EvidencePorts, more: Partial<CollectOptions> = {}): CollectOptions {
  return {
    ports: given,
    collectedAt: new Date('2026-11-24T12:00:00Z'),
    needs: () => EVERYTHING,
    signal: new AbortController().signal,
    deadlineMs: 5000,
    ...more,
  };
}

describe('collectEvidence', () => {
  test('collects manifests, configs, bundles and layer facts that open again', async () => {
    const { bundle } = await signature(await createSigner(), index.digest);
    const attached = bundleManifest({
      subject: { mediaType: INDEX_TYPE, digest: index.digest, sizeBytes: 1 },
      bundle,
      predicateType: 'x',
      created: new Date(0),
    });
    const findBundles: OpenedImage['findBundles'] = async (subject) => ({
      bundles:
        subject === index.digest
          ? [
              {
                manifest: attached.descriptor,
                manifestBytes: attached.manifest.bytes,
                digest: sha256Digest(bundle),
                bytes: bundle,
              },
            ]
          : [],
      unreadable: [],
    });
    const lock = parseLock(
      lockBytes([
        {
          entry: 'base',
          image: 'docker.io/library/base',
          tag: '1',
          observedAt: '2026-11-20T00:00:00Z',
          images: [buildImage({ diffIds: [fakeDigest('a')] })],
        },
      ]),
    );
    const document = await collectEvidence(
      ['registry.example.com/shop/web:v1'],
      options(ports({ findBundles }), { lock }),
    );
    const [view] = openEvidence(Buffer.from(canonicalEvidence(document))).images;
    assert.deepEqual(view?.errors, []);
    assert.deepEqual(
      view?.bundles.map((item) => item.foundAt),
      [[index.digest]],
    );
    assert.deepEqual(
      view?.platforms.map((item) => [
        item.name,
        item.evidence.layersVerified,
        item.evidence.comparisons.map((found) => found.layerCount),
      ]),
      [
        ['linux/amd64', true, [1]],
        ['linux/arm64', true, []],
      ],
    );
  });

  test('the document is the same whatever order things arrive in', async () => {
    const slowly: OpenedImage['findBundles'] = async (subject) => {
      if (subject === index.digest) await new Promise((resolve) => setTimeout(resolve, 20));
      return { bundles: [], unreadable: [] };
    };
    const first = canonicalEvidence(await collectEvidence(['a', 'b'], options(ports())));
    assert.equal(canonicalEvidence(await collectEvidence(['a', 'b'], options(ports({ findBundles: slowly })))), first);
  });

  test('a part that fails is an error with its own code and class, and hides nothing else', async () => {
    const failing = ports({
      findBundles: async (subject) => {
        if (subject === arm.digest) throw registryError('REGISTRY_RATE_LIMITED', '429');
        return { bundles: [], unreadable: [] };
      },
      readLayers: async (digest) => {
        if (digest === arm.digest) throw registryError('LAYER_TRUNCATED', 'layer 1 is short');
        return { scan: SCAN, comparisons: [] };
      },
    });
    const [collected] = (await collectEvidence(['x'], options(failing))).images;
    assert.deepEqual(collected?.errors, [
      {
        what: 'referrers',
        subject: arm.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: '429',
        exitCode: ExitCode.Remote,
      },
      {
        what: 'layers',
        subject: arm.digest,
        code: 'LAYER_TRUNCATED',
        reason: 'layer 1 is short',
        exitCode: ExitCode.Input,
      },
    ]);
    assert.deepEqual(
      collected?.subjects.map((subject) => subject.digest),
      [index.digest, image.digest],
    );
    assert.deepEqual(
      collected?.platforms.map((platform) => platform.layersVerified),
      [true, false],
    );
  });

  test('errors have one order, whichever part fails first; layers do not wait for what is attached', async () => {
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
    const started: string[] = [];
    const failing = (slow: Digest | 'layers'): Partial<OpenedImage> => ({
      findBundles: async (subject) => {
        started.push('referrers');
        await wait(subject === slow ? 40 : 5);
        throw registryError('REGISTRY_RATE_LIMITED', 'slow down');
      },
      readLayers: async () => {
        started.push('layers');
        await wait(slow === 'layers' ? 40 : 1);
        throw registryError('LAYER_TRUNCATED', 'cut off');
      },
    });
    const expected = [index.digest, image.digest, arm.digest].map((digest) => ['referrers', digest]);
    for (const slow of [index.digest, arm.digest, 'layers'] as const) {
      started.length = 0;
      const { images } = await collectEvidence(['a'], options(ports(failing(slow))));
      assert.deepEqual(
        images[0]?.errors.map(({ what, subject }) => [what, subject]),
        [...expected, ['layers', image.digest], ['layers', arm.digest]],
      );
      assert.equal(started[3], 'layers');
    }
    started.length = 0;
    const settle: CollectOptions['settle'] = async () => {
      started.push('settle');
      return () => EVERYTHING;
    };
    await collectEvidence(['a'], options(ports(failing('layers')), { settle }));
    assert.deepEqual(started.slice(0, 5), ['referrers', 'referrers', 'referrers', 'settle', 'layers']);
  });

  test('an image that cannot be opened keeps its name and what was asked for', async () => {
    const given: EvidencePorts = {
      ...ports(),
      open: async () => {
        throw registryError('REGISTRY_UNAUTHORIZED', '401');
      },
    };
    const [collected] = (await collectEvidence(['x'], options(given))).images;
    assert.equal(collected?.name, 'registry.example.com/shop/web');
    assert.equal(collected?.digest, null);
    assert.deepEqual(collected?.errors, [
      { what: 'resolve', code: 'REGISTRY_UNAUTHORIZED', reason: '401', exitCode: ExitCode.Auth },
    ]);
  });

  test('a platform manifest that cannot be read leaves the others', async () => {
    const readManifest: OpenedImage['readManifest'] = async (digest) => {
      if (digest === arm.digest) throw registryError('REGISTRY_RATE_LIMITED', '429');
      return { bytes: image.bytes, digest, mediaType: MANIFEST_TYPE };
    };
    const document = await collectEvidence(['x'], options(ports({ readManifest })));
    const [view] = openEvidence(document).images;
    assert.deepEqual(
      view?.platforms.map((platform) => platform.name),
      ['linux/amd64'],
    );
    assert.deepEqual(
      view?.uncollected.map((descriptor) => descriptor.digest),
      [arm.digest],
    );
  });

  test('the tag is asked for only beside a digest', async () => {
    const moved = fakeDigest('moved');
    let asked = 0;
    const resolveTag: OpenedImage['resolveTag'] = async () => {
      asked += 1;
      return moved;
    };
    await collectEvidence(['x'], options(ports({ resolveTag })));
    assert.equal(asked, 0);
    const [collected] = (
      await collectEvidence(['x'], options(ports({ resolveTag }, { tag: 'v1', digest: index.digest })))
    ).images;
    assert.equal(collected?.tagDigest, moved);
  });

  test('what no rule needs is not collected', async () => {
    const never = async (): Promise<never> => {
      throw coreError('INTERNAL', 'not asked for');
    };
    const needs: EvidenceNeeds = NO_NEEDS;
    const [collected] = (
      await collectEvidence(['x'], options(ports({ findBundles: never, readLayers: never }), { needs: () => needs }))
    ).images;
    assert.deepEqual(collected?.errors, []);
    assert.deepEqual(collected?.subjects, []);
  });

  test('a part that takes too long is DEADLINE_EXCEEDED', async () => {
    const readLayers: OpenedImage['readLayers'] = (_digest, _request, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(coreError('INTERRUPTED', 'interrupted')));
      });
    const [collected] = (await collectEvidence(['x'], options(ports({ readLayers }), { deadlineMs: 30 }))).images;
    assert.deepEqual(
      collected?.errors.map((error) => [error.what, error.code, error.exitCode]),
      [
        ['layers', 'DEADLINE_EXCEEDED', ExitCode.Remote],
        ['layers', 'DEADLINE_EXCEEDED', ExitCode.Remote],
      ],
    );
  });

  test('a bug in a port is INTERNAL, never a gap', async () => {
    const readLayers: OpenedImage['readLayers'] = async () => {
      throw new TypeError('undefined is not a function');
    };
    const [collected] = (await collectEvidence(['x'], options(ports({ readLayers })))).images;
    assert.equal(collected?.errors[0]?.code, 'INTERNAL');
    assert.equal(collected?.errors[0]?.exitCode, ExitCode.Internal);
  });

  test('interruption by the user ends it', async () => {
    const controller = new AbortController();
    const readLayers: OpenedImage['readLayers'] = async () => {
      controller.abort(coreError('INTERRUPTED', 'interrupted'));
      throw coreError('INTERRUPTED', 'interrupted');
    };
    await assert.rejects(collectEvidence(['x'], options(ports({ readLayers }), { signal: controller.signal })), {
      code: 'INTERRUPTED',
    });
  });
});
