import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineErrors, ExitCode, sha256Digest, type Digest } from '../../src/core/index.ts';
import {
  canonicalEvidence,
  collectEvidence,
  openEvidence,
  type CollectOptions,
  type EvidenceDocument,
  type EvidenceNeeds,
  type OpenedImage,
  type TrustPort,
} from '../../src/evidence/index.ts';
import { NO_NEEDS, openedImage, portsOf } from '../support/evidence-ports.ts';
import { buildImage, buildIndex, evidenceDocument, fakeDigest } from '../support/gate-world.ts';

const remoteError = defineErrors({ MIRROR_AWAY: ExitCode.Remote });
const image = buildImage({ diffIds: [fakeDigest('a')] });
const arm = buildImage({ diffIds: [fakeDigest('c')], architecture: 'arm64' });
const index = buildIndex([
  { image, architecture: 'amd64' },
  { image: arm, architecture: 'arm64' },
]);
const ROOT = Buffer.from('{"a":"root"}');
const NEEDS: EvidenceNeeds = { ...NO_NEEDS, bundles: true, trust: true, layers: true };

interface Given {
  readonly images?: number;
  readonly read?: TrustPort['read'];
  readonly more?: Partial<CollectOptions>;
}

interface Collected {
  readonly document: EvidenceDocument;
  readonly reads: number;
  readonly layersOf: readonly Digest[];
}

async function collect({ images = 1, read = async () => ROOT, more = {} }: Given): Promise<Collected> {
  let reads = 0;
  const layersOf: Digest[] = [];
  const readLayers: OpenedImage['readLayers'] = async (digest) => {
    layersOf.push(digest);
    return { comparisons: [] };
  };
  const document = await collectEvidence(
    Array.from({ length: images }, (_, at) => `registry.example.com/shop/web:v${at}`),
    {
      ports: portsOf(openedImage(index, [image, arm], { readLayers })),
      collectedAt: new Date('2026-11-24T12:00:00Z'),
      needs: () => NEEDS,
      trust: {
        source: 'public-good',
        read: (signal) => {
          reads += 1;
          return read(signal);
        },
      },
      signal: new AbortController().signal,
      deadlineMs: 5000,
      ...more,
    },
  );
  return { document, reads, layersOf };
}

describe('the trusted root of a collection', () => {
  test('is read once for all images and kept with its digest', async () => {
    const { document, reads } = await collect({ images: 5 });
    assert.equal(reads, 1);
    assert.deepEqual(document.trustedRoots, [{ source: 'public-good', root: sha256Digest(ROOT) }]);
    const view = openEvidence(Buffer.from(canonicalEvidence(document)));
    assert.deepEqual(
      view.trustedRoots.map(({ source, digest, bytes }) => [source, digest, Buffer.from(bytes)]),
      [['public-good', sha256Digest(ROOT), ROOT]],
    );
  });

  test('is not read where no image needs it', async () => {
    const { document, reads } = await collect({ more: { needs: () => ({ ...NEEDS, trust: false }) } });
    assert.equal(reads, 0);
    assert.equal('trustedRoots' in document, false);
  });

  test('that cannot be had is an error of every image that needs it, and of nothing else', async () => {
    const { document, reads } = await collect({
      images: 2,
      read: () => Promise.reject(remoteError('MIRROR_AWAY', 'no answer')),
    });
    assert.equal(reads, 1);
    const error = { what: 'trust', code: 'MIRROR_AWAY', reason: 'no answer', exitCode: ExitCode.Remote };
    assert.deepEqual(
      document.images.map(({ errors }) => errors),
      [[error], [error]],
    );
    assert.equal('trustedRoots' in document, false);
    assert.deepEqual(
      document.images.map(({ platforms }) => platforms.map(({ layersVerified }) => layersVerified)),
      [
        [true, true],
        [true, true],
      ],
    );
  });

  test('is waited for no longer than an image has time', async () => {
    const { document } = await collect({ read: () => new Promise(() => {}), more: { deadlineMs: 100 } });
    assert.deepEqual(
      document.images[0]?.errors.map(({ what, code }) => `${what} ${code}`)[0],
      'trust DEADLINE_EXCEEDED',
    );
  });

  test('two of one source are a contradiction', () => {
    const document = evidenceDocument({ images: [image] });
    const other = Buffer.from('{"another":"root"}');
    const altered: EvidenceDocument = {
      ...document,
      trustedRoots: [ROOT, other].map((bytes) => ({ source: 'public-good', root: sha256Digest(bytes) })),
      blobs: {
        ...document.blobs,
        [sha256Digest(ROOT)]: ROOT.toString('base64'),
        [sha256Digest(other)]: other.toString('base64'),
      },
    };
    assert.throws(() => openEvidence(altered), { code: 'EVIDENCE_CONTRADICTION' });
  });

  test('whose bytes are missing or altered is refused', () => {
    const document = {
      ...evidenceDocument({ images: [image] }),
      trustedRoots: [{ source: 'x', root: sha256Digest(ROOT) }],
    };
    assert.throws(() => openEvidence(document), { code: 'EVIDENCE_BLOB_MISSING' });
    const blobs = { ...document.blobs, [sha256Digest(ROOT)]: Buffer.from('{}').toString('base64') };
    assert.throws(() => openEvidence({ ...document, blobs }), { code: 'EVIDENCE_BLOB_MISMATCH' });
  });
});

describe('settling before layers are read', () => {
  test('each platform is collected as is said once bundles and root are there', async () => {
    const seen: EvidenceDocument[] = [];
    const { layersOf } = await collect({
      images: 1,
      more: {
        settle: async (found) => {
          seen.push(found);
          return (manifest) => ({ ...NEEDS, layers: manifest === arm.digest });
        },
      },
    });
    assert.deepEqual(layersOf, [arm.digest]);
    const view = openEvidence(seen[0]!);
    assert.deepEqual(
      view.images[0]?.platforms.map(({ manifest, evidence }) => [manifest, evidence.layersVerified]),
      [
        [image.digest, false],
        [arm.digest, false],
      ],
    );
    assert.equal(view.trustedRoots.length, 1);
  });

  test('a failure settles nothing', async () => {
    const settle = (): Promise<never> => Promise.reject(remoteError('MIRROR_AWAY', 'no'));
    const { layersOf, document } = await collect({ more: { settle } });
    assert.deepEqual(layersOf, [image.digest, arm.digest]);
    assert.deepEqual(document.images[0]?.errors, []);
  });
});
