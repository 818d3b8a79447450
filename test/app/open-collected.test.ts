import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openCollected } from '../../src/app/gate/open-collected.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { canonicalEvidence, openEvidence, type EvidenceDocument } from '../../src/evidence/index.ts';
import { buildImage, evidenceDocument, fakeDigest } from '../support/gate-world.ts';

const good = evidenceDocument({ images: [buildImage({ diffIds: [fakeDigest('a')] })] });
const other = evidenceDocument({ images: [buildImage({ diffIds: [fakeDigest('b')] })] });
const [whole] = good.images;
const [image] = other.images;

function together(bad: EvidenceDocument['images'][number]): EvidenceDocument {
  return { ...good, images: [whole!, bad], blobs: { ...good.blobs, ...other.blobs } };
}

describe('openCollected', () => {
  test('leaves good evidence as it is', () => {
    const document = together(image!);
    const opened = openCollected(document);
    assert.equal(opened.document, document);
    assert.equal(opened.view.digest, openEvidence(Buffer.from(canonicalEvidence(document))).digest);
    assert.equal(opened.view.digest, sha256Digest(canonicalEvidence(opened.view.document)));
  });

  for (const [what, bad] of [
    ['refers to bytes that are not there', { ...image!, digest: fakeDigest('gone') }],
    [
      'has a platform of something else',
      { ...image!, platforms: [{ ...image!.platforms[0]!, manifest: fakeDigest('gone') }] },
    ],
    [
      'holds what the reader refuses',
      {
        ...image!,
        platforms: [
          {
            ...image!.platforms[0]!,
            comparisons: [{ layerCount: -1, changes: [], packages: [], accounts: [], lostDatabases: [] }],
          },
        ],
      },
    ],
  ] as const) {
    test(`an image that ${what} is an error of its own, and a replay agrees`, () => {
      const { view, document } = openCollected(together(bad));
      assert.deepEqual(
        view.images.map(({ evidence, errors }) => [evidence.digest === null, errors.map((error) => error.what)]),
        [
          [false, []],
          [true, ['resolve']],
        ],
      );
      assert.equal(openEvidence(Buffer.from(canonicalEvidence(document))).digest, view.digest);
    });
  }
});
