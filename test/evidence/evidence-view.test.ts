import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError, sha256Digest, type Digest } from '../../src/core/index.ts';
import { canonicalEvidence, openEvidence, type EvidenceDocument } from '../../src/evidence/index.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  fakeDigest,
  noChanges,
  signature,
} from '../support/gate-world.ts';

const image = buildImage({
  diffIds: [fakeDigest('a'), fakeDigest('b')],
  annotations: { 'org.opencontainers.image.base.name': 'debian:12' },
});
const arm = buildImage({ diffIds: [fakeDigest('c')], architecture: 'arm64' });
const index = buildIndex([
  { image: arm, architecture: 'arm64' },
  { image, architecture: 'amd64' },
]);

function refused(document: EvidenceDocument | Uint8Array, code: string): void {
  assert.throws(
    () => openEvidence(document),
    (error: unknown) => {
      assert.ok(isAppError(error), String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

function edited(
  document: EvidenceDocument,
  edit: (image: Record<string, unknown>, root: Record<string, unknown>) => void,
): EvidenceDocument {
  const copy = structuredClone(document) as unknown as { images: Record<string, unknown>[] } & Record<string, unknown>;
  edit(copy.images[0]!, copy);
  return copy as unknown as EvidenceDocument;
}

describe('openEvidence', () => {
  test('gives platforms in the order of the index, with claims, names and diffIDs read again', () => {
    const view = openEvidence(evidenceDocument({ index, images: [image, arm] }));
    const [opened] = view.images;
    assert.deepEqual(
      opened?.platforms.map((platform) => platform.name),
      ['linux/arm64', 'linux/amd64'],
    );
    assert.deepEqual(opened?.platforms[1]?.claims, [{ source: 'annotation', name: 'debian:12' }]);
    assert.deepEqual(opened?.platforms[1]?.config.diffIds, image.diffIds);
    assert.deepEqual(opened?.uncollected, []);
  });

  test('bytes and document are the same evidence with the same digest', () => {
    const document = evidenceDocument({ images: [image], facts: { comparisons: [noChanges(1)] } });
    const fromBytes = openEvidence(Buffer.from(canonicalEvidence(document)));
    assert.equal(fromBytes.digest, openEvidence(document).digest);
    const other = edited(document, (item) => (item['name'] = 'registry.example.com/other'));
    assert.notEqual(openEvidence(other).digest, fromBytes.digest);
  });

  test('a blob that is not what its digest says is EVIDENCE_BLOB_MISMATCH', async () => {
    const signer = await createSigner();
    const document = evidenceDocument({ images: [image], attached: [await signature(signer, image.digest)] });
    for (const digest of Object.keys(document.blobs) as Digest[]) {
      const swapped = { ...document, blobs: { ...document.blobs, [digest]: Buffer.from('other').toString('base64') } };
      refused(swapped, 'EVIDENCE_BLOB_MISMATCH');
      const { [digest]: _, ...less } = document.blobs;
      refused({ ...document, blobs: less }, 'EVIDENCE_BLOB_MISSING');
    }
  });

  test('another spelling of base64 is refused: one evidence has one form', () => {
    const document = evidenceDocument({ images: [image] });
    const blobs = Object.fromEntries(Object.entries(document.blobs).map(([digest, text]) => [digest, `${text}\n`]));
    refused({ ...document, blobs }, 'EVIDENCE_BLOB_MISMATCH');
  });

  test('documents that do not fit together are EVIDENCE_CONTRADICTION', () => {
    const whole = evidenceDocument({ index, images: [image, arm] });
    const stray = buildImage({ diffIds: [fakeDigest('stray')] });
    const strayBlobs = {
      [stray.digest]: Buffer.from(stray.bytes).toString('base64'),
      [stray.config]: Buffer.from(stray.configBytes).toString('base64'),
    };
    const platform = { manifest: stray.digest, layersVerified: true, scan: null, comparisons: [] };
    for (const document of [
      edited({ ...whole, blobs: { ...whole.blobs, ...strayBlobs } }, (item) =>
        (item['platforms'] as unknown[]).push(platform),
      ),
      edited(whole, (item) => (item['platforms'] as unknown[]).push((item['platforms'] as unknown[])[0])),
      edited(whole, (item) =>
        (item['subjects'] as unknown[]).push({ digest: fakeDigest('x'), bundles: [], unreadable: [] }),
      ),
      edited(whole, (item) => (item['subjects'] as unknown[]).push((item['subjects'] as unknown[])[0])),
      edited(whole, (item) => (item['digest'] = null)),
      edited(
        evidenceDocument({ images: [image] }),
        (item) =>
          (item['subjects'] = [
            { digest: image.digest, bundles: [{ manifest: image.digest, bundle: image.config }], unreadable: [] },
          ]),
      ),
    ]) {
      refused(document, 'EVIDENCE_CONTRADICTION');
    }
  });

  test('a config with another number of diffIDs than layers is a contradiction', () => {
    const odd = buildImage({ diffIds: [fakeDigest('a')] });
    const manifest = JSON.parse(Buffer.from(odd.bytes).toString()) as { layers: unknown[] };
    manifest.layers.push(manifest.layers[0]);
    const bytes = Buffer.from(JSON.stringify(manifest));
    const { digest } = buildIndex([{ image: { ...odd, bytes } }]);
    assert.notEqual(digest, odd.digest);
    const rebuilt = { ...odd, bytes, digest: sha(bytes) };
    refused(evidenceDocument({ images: [rebuilt] }), 'EVIDENCE_CONTRADICTION');
  });

  test('a root that is both index and image is the image’s fault: an error in the view', () => {
    const bytes = Buffer.from(
      JSON.stringify({ ...(JSON.parse(Buffer.from(image.bytes).toString()) as object), manifests: [] }),
    );
    const both = { ...image, bytes, digest: sha(bytes) };
    const document = edited(evidenceDocument({ images: [both] }), (item) => (item['platforms'] = []));
    const view = openEvidence(document);
    assert.equal(view.images[0]?.structure[0]?.code, 'MANIFEST_AMBIGUOUS');
  });

  for (const [what, edit] of [
    ['an unknown member', (item: Record<string, unknown>) => (item['extra'] = 1)],
    ['a missing member', (item: Record<string, unknown>) => delete item['errors']],
    ['a platform that is no object', (item: Record<string, unknown>) => (item['platforms'] = [1])],
    [
      'an error without a failing exit code',
      (item: Record<string, unknown>) => (item['errors'] = [{ what: 'tag', code: 'X', reason: 'y', exitCode: 0 }]),
    ],
    [
      'an error of an unknown part',
      (item: Record<string, unknown>) => (item['errors'] = [{ what: 'weather', code: 'X', reason: 'y', exitCode: 4 }]),
    ],
    ['a digest that is none', (item: Record<string, unknown>) => (item['tagDigest'] = 'sha256:abc')],
    [
      'a time that is none',
      (_: Record<string, unknown>, root: Record<string, unknown>) => (root['collectedAt'] = 'yesterday'),
    ],
    [
      'another version',
      (_: Record<string, unknown>, root: Record<string, unknown>) => (root['apiVersion'] = 'waybill.dev/v2'),
    ],
  ] as const) {
    test(`${what} is EVIDENCE_MALFORMED`, () => {
      refused(edited(evidenceDocument({ images: [image] }), edit), 'EVIDENCE_MALFORMED');
    });
  }

  test('bytes that are no JSON, or have a key twice, are refused', () => {
    refused(Buffer.from('not json'), 'JSON_INVALID');
    refused(Buffer.from('{"kind":"Evidence","kind":"Evidence"}'), 'JSON_INVALID');
    refused(Buffer.from(''), 'JSON_INVALID');
    refused(Buffer.from('['.repeat(1000)), 'LIMIT_EXCEEDED');
  });

  test('only AppErrors, whatever becomes of the bytes', () => {
    const text = canonicalEvidence(
      evidenceDocument({ index, images: [image, arm], facts: { comparisons: [noChanges(1)] } }),
    );
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('', '1', '"', '{}', 'null', '[', ',', 'a'), (at, insert) => {
        try {
          openEvidence(Buffer.from(text.slice(0, at) + insert + text.slice(at + 1)));
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
      { numRuns: 400 },
    );
  });
});

function sha(bytes: Uint8Array): Digest {
  return sha256Digest(bytes);
}
