import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { openEvidence, type EvidenceDeployed, type EvidenceDocument } from '../../src/evidence/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import {
  buildImage,
  createSigner,
  evidenceDocument,
  fakeDigest,
  policyOf,
  signature,
  type ImageFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const image = buildImage({ diffIds: [fakeDigest('layer')] });
const place = { file: 'deploy.yaml', line: 12, column: 16, path: 'spec.containers[0].image' };
let release: KeySigner;

before(async () => {
  release = await createSigner();
});

async function withDeployed(
  deployed: EvidenceDeployed | undefined,
  facts: Partial<ImageFacts> = {},
): Promise<EvidenceDocument> {
  const attached = [await signature(release, image.digest)];
  const document = evidenceDocument({ images: [image], attached, ...facts });
  const [only] = document.images;
  assert.ok(only);
  return { ...document, images: [{ ...only, ...(deployed === undefined ? {} : { deployed }) }] };
}

async function decision(document: EvidenceDocument): Promise<Decision> {
  const yaml = `{ apiVersion: waybill.dev/v1, kind: Policy, identities: { release: { key: k, requireTransparencyLog: false } },
    rules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }] }`;
  return decide(openEvidence(document), await policyOf(yaml, { k: release.publicKey.pem }), { now: NOW });
}

function pinned(decided: Decision): CheckResult | undefined {
  return decided.images[0]?.checks.find(({ check }) => check === 'pinned');
}

describe('checkPinned', () => {
  test('says nothing of an image that no manifest names', async () => {
    const decided = await decision(await withDeployed(undefined));
    assert.equal(pinned(decided), undefined);
    assert.equal(decided.images[0]?.places, undefined);
    assert.equal(decided.verdict, 'allow');
  });

  test('a manifest that names no digest fails, or warns when the user allowed it', async () => {
    const denied = await decision(await withDeployed({ unpinned: 'deny', places: [place] }));
    assert.deepEqual([denied.verdict, denied.exitCode], ['deny', 1]);
    assert.deepEqual(denied.images[0]?.places, [place]);
    const result = pinned(denied);
    assert.deepEqual([result?.outcome, result?.code], ['fail', 'IMAGE_NOT_PINNED']);
    assert.match(result?.reason ?? '', /^deploy\.yaml:12:16 spec\.containers\[0\]\.image names no digest/);
    assert.equal(result?.remedy, `write @${image.digest} behind it, or let --write-pins do so`);
    assert.deepEqual(result?.basis.digests, [image.digest]);
    const allowed = await decision(await withDeployed({ unpinned: 'warn', places: [place] }));
    assert.deepEqual([allowed.verdict, pinned(allowed)?.outcome], ['warn', 'warn']);
  });

  test('one that names a digest passes', async () => {
    const facts = { tag: null, requestedDigest: image.digest };
    const decided = await decision(await withDeployed({ unpinned: 'deny', places: [place] }, facts));
    assert.deepEqual([decided.verdict, pinned(decided)?.code], ['allow', 'IMAGE_PINNED']);
  });

  test('evidence that says something else about places than it may is malformed', async () => {
    const good = await withDeployed({ unpinned: 'deny', places: [place] });
    for (const deployed of [
      { unpinned: 'allow', places: [place] },
      { unpinned: 'deny' },
      { unpinned: 'deny', places: [{ ...place, more: 1 }] },
      { unpinned: 'deny', places: [{ ...place, line: -1 }] },
      { unpinned: 'deny', places: [{ ...place, file: 1 }] },
    ])
      assert.throws(() => openEvidence({ ...good, images: [{ ...good.images[0]!, deployed: deployed as never }] }), {
        code: 'EVIDENCE_MALFORMED',
      });
  });
});
