import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { safeText } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { decide, type Decision } from '../../src/policy/index.ts';
import { renderDecision } from '../../src/render/index.ts';
import {
  buildImage,
  createSigner,
  evidenceView,
  fakeDigest,
  policyOf,
  signature,
  type ImageFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const PLAIN = { color: false, width: 100 };
const image = buildImage({ diffIds: [fakeDigest('layer')] });
let release: KeySigner;

before(async () => {
  release = await createSigner();
});

async function decision(facts: Partial<ImageFacts> = {}, rest = ''): Promise<Decision> {
  const yaml = `{ apiVersion: waybill.dev/v1, kind: Policy, name: production, identities: { release: { key: k } },
    rules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }] ${rest} }`;
  return decide(evidenceView({ images: [image], ...facts }), await policyOf(yaml, { k: release.publicKey.pem }), {
    now: NOW,
  });
}

describe('renderDecision', () => {
  test('says the verdict first, then what failed with code, reason and remedy', async () => {
    const lines = renderDecision(await decision(), PLAIN).split('\n');
    assert.equal(lines[0], 'DENIED: 1 failed');
    const text = lines.join('\n');
    assert.match(text, /registry\.example\.com\/shop\/web:v1 {2}denied/);
    assert.match(text, /rule shop/);
    assert.match(text, /FAIL {2}signatures \[UNSIGNED\]: no signature of/);
    assert.match(text, /to pass: have one of release sign/);
    assert.match(text, /decided for 2026-11-24T12:00:00\.000Z/);
    assert.match(text, /policy production sha256:/);
  });

  test('gives what passed one line each', async () => {
    const text = renderDecision(await decision({ attached: [await signature(release, image.digest)] }), PLAIN);
    assert.match(text, /^ALLOWED: 1 passed/);
    assert.deepEqual(
      text.split('\n').filter((line) => line.includes('signatures')),
      ['      ok    signatures: signed by release'],
    );
  });

  test('names who excepted a failure, and until when', async () => {
    const rest = `, exceptions: [{ rule: shop, check: signatures, digests: ["${image.digest}"], reason: "old build", owner: ops, ticket: T-1, expires: 2026-12-31 }]`;
    const text = renderDecision(await decision({}, rest), PLAIN);
    assert.match(text, /excepted by ops, T-1 until 2026-12-31: old build/);
  });

  test('marks a replay', async () => {
    assert.match(
      renderDecision(await decision(), { ...PLAIN, replay: true }),
      /replay of saved evidence: it decides nothing/,
    );
  });

  test('wraps at the width, except words that are longer', async () => {
    const text = renderDecision(await decision(), { color: false, width: 80 });
    for (const line of text.split('\n')) assert.ok(line.length <= 80 || /sha256:/.test(line), line);
  });

  test('uses colours only when told, and is the same text without them', async () => {
    const plain = renderDecision(await decision(), PLAIN);
    const coloured = renderDecision(await decision(), { ...PLAIN, color: true });
    assert.ok(!plain.includes('\u001b'));
    assert.ok(coloured.includes('\u001b[31m'));
    // oxlint-disable-next-line no-control-regex
    assert.equal(coloured.replaceAll(/\u001b\[[0-9;]*m/g, ''), plain);
  });

  test('lets no control or bidirectional character of an image through', async () => {
    const base = await decision();
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.constantFrom('a', ' ', '\u001b', '\n', '\r', '\u202e', '\u200b', '\u0007', ':', '\u2066'),
        }),
        async (hostile) => {
          const spoiled = JSON.parse(
            JSON.stringify(base)
              .replaceAll('shop/web:v1', JSON.stringify(hostile).slice(1, -1))
              .replaceAll('no signature of', JSON.stringify(hostile).slice(1, -1)),
          ) as Decision;
          for (const line of renderDecision(spoiled, PLAIN).split('\n')) assert.equal(safeText(line), line);
        },
      ),
      { numRuns: 60 },
    );
  });
});
