import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { attestStatement, resolvePredicateType, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair, type KeySigner } from '../../src/keys/index.ts';
import { signBundle } from '../../src/signing/index.ts';
import { evaluateSignatures } from '../../src/verification/index.ts';

const SUBJECT = sha256Digest('an image');

let alice: KeySigner;
let bob: KeySigner;
let signed: Uint8Array;

before(async () => {
  const newSigner = async (): Promise<KeySigner> =>
    createKeySigner((await generateKeyPair('ecdsa-p256', randomBytes)).privateKey);
  [alice, bob] = [await newSigner(), await newSigner()];
  signed = await signBundle({ payload: signStatement(SUBJECT, { env: 'prod' }), signer: alice });
});

describe('evaluateSignatures', () => {
  const common = { subject: SUBJECT, requireTransparencyLog: false } as const;
  const trusted = (...signers: readonly KeySigner[]): readonly { name: string; key: KeySigner['publicKey'] }[] =>
    signers.map(({ publicKey }, index) => ({ name: `key ${index}`, key: publicKey }));

  it('counts distinct keys: one key that signs twice is one signer, two names for one key are one', async () => {
    const again = await signBundle({ payload: signStatement(SUBJECT, { round: '2' }), signer: alice });
    const candidates = [{ bytes: signed }, { bytes: again }];
    const two = { ...common, kind: 'signature', keys: trusted(alice, bob), threshold: 2 } as const;
    const once = await evaluateSignatures(candidates, two);
    assert.deepEqual([once.satisfied, once.accepted.length, once.signers.length], [false, 2, 1]);
    const byBob = await signBundle({ payload: signStatement(SUBJECT), signer: bob });
    assert.equal((await evaluateSignatures([...candidates, { bytes: byBob }], two)).satisfied, true);
    const aliases = { ...two, keys: trusted(alice, alice) };
    await assert.rejects(evaluateSignatures(candidates, aliases), { code: 'VERIFICATION_THRESHOLD' });
  });

  it('does not take an attestation for a signature, or the reverse', async () => {
    const payload = attestStatement({
      predicateType: 'https://cyclonedx.org/bom',
      predicateJson: Buffer.from('{}'),
      subject: SUBJECT,
    });
    const bytes = await signBundle({ payload, signer: alice });
    const keys = trusted(alice);
    const asSignature = await evaluateSignatures([{ bytes }], { ...common, kind: 'signature', keys });
    assert.equal(asSignature.satisfied, false);
    assert.equal(asSignature.rejected[0]?.code, 'PREDICATE_TYPE');
    const predicateType = resolvePredicateType('cyclonedx');
    const both = await evaluateSignatures([{ bytes }, { bytes: signed }], {
      ...common,
      kind: 'attestation',
      predicateType,
      keys,
    });
    assert.deepEqual([both.satisfied, both.accepted.length, both.rejected[0]?.code], [true, 1, 'PREDICATE_TYPE']);
  });

  it('keeps good bundles beside bad ones, each with its manifest and reason', async () => {
    const candidates = [
      { bytes: Buffer.from('rubbish'), manifest: { digest: sha256Digest('m1') } },
      { bytes: signed, manifest: { digest: sha256Digest('m2') } },
      { bytes: await signBundle({ payload: signStatement(SUBJECT), signer: bob }) },
    ];
    const result = await evaluateSignatures(candidates, { ...common, kind: 'signature', keys: trusted(alice) });
    assert.equal(result.satisfied, true);
    assert.equal(result.accepted[0]?.manifestDigest, sha256Digest('m2'));
    assert.deepEqual(
      result.rejected.map(({ code, manifestDigest }) => [code, manifestDigest]),
      [
        ['BUNDLE_MALFORMED', sha256Digest('m1')],
        ['UNTRUSTED_KEY', undefined],
      ],
    );
  });

  it('is not satisfied by nothing, and refuses thresholds that mean nothing', async () => {
    const options = { ...common, kind: 'signature', keys: trusted(alice) } as const;
    assert.equal((await evaluateSignatures([], options)).satisfied, false);
    for (const threshold of [0, -1, 0.5, 2, Number.NaN]) {
      await assert.rejects(evaluateSignatures([], { ...options, threshold }), { code: 'VERIFICATION_THRESHOLD' });
    }
    await assert.rejects(evaluateSignatures([], { ...options, keys: [] }), { code: 'VERIFICATION_NO_KEYS' });
  });

  it('gives the same result for the same input', async () => {
    const options = { ...common, kind: 'signature', keys: trusted(alice, bob) } as const;
    const candidates = [{ bytes: signed }, { bytes: Buffer.from('x') }];
    assert.deepEqual(await evaluateSignatures(candidates, options), await evaluateSignatures(candidates, options));
  });
});
