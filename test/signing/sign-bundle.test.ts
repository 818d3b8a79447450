import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { attestStatement, parseBundle, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair, type KeySigner } from '../../src/keys/index.ts';
import { signBundle } from '../../src/signing/index.ts';

const SUBJECT = sha256Digest('an image');

describe('signBundle', () => {
  it('writes members in one order: hint, no keyid, no log, no timestamps', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ecdsa-p256', randomBytes);
    const payload = signStatement(SUBJECT);
    const text = Buffer.from(await signBundle({ payload, signer: createKeySigner(privateKey) })).toString();
    const sig = /"sig":"([^"]+)"/.exec(text)?.[1] ?? '';
    assert.equal(
      text,
      `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"${publicKey.hint}"}},"dsseEnvelope":{"payload":"${Buffer.from(payload).toString('base64')}","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"${sig}"}]}}`,
    );
  });

  it('is byte for byte the same for a deterministic algorithm', async () => {
    const { privateKey } = await generateKeyPair('ed25519', randomBytes);
    const options = { payload: signStatement(SUBJECT), signer: createKeySigner(privateKey) };
    assert.deepEqual(await signBundle(options), await signBundle(options));
  });

  it("verifies in the Sigstore library as it stands, without waybill's wrapping", async () => {
    const { privateKey, publicKey } = await generateKeyPair('ecdsa-p256', randomBytes);
    const bytes = await signBundle({ payload: signStatement(SUBJECT), signer: createKeySigner(privateKey) });
    const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
    const none = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
    const verifier = new Verifier(
      {
        ...none,
        publicKey: (hint) => {
          assert.equal(hint, publicKey.hint);
          return { publicKey: publicKey.key, validFor: () => true };
        },
      },
      { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
    );
    assert.ok(verifier.verify(toSignedEntity(bundle)));
  });

  it('keeps a large payload byte for byte', async () => {
    const { privateKey } = await generateKeyPair('ecdsa-p256', randomBytes);
    const predicateJson = Buffer.from(JSON.stringify({ text: 'x'.repeat(2_000_000) }));
    const payload = attestStatement({ predicateType: 'https://e.x/', predicateJson, subject: SUBJECT });
    const bundle = parseBundle(await signBundle({ payload, signer: createKeySigner(privateKey) }));
    assert.equal(Buffer.compare(bundle.payload, payload), 0);
  });

  it('refuses to sign what is no statement, or more than verifiers read', async () => {
    const { privateKey } = await generateKeyPair('ed25519', randomBytes);
    const signer = createKeySigner(privateKey);
    await assert.rejects(signBundle({ payload: Buffer.from('{}'), signer }), { code: 'STATEMENT_MALFORMED' });
    const predicateJson = Buffer.from(JSON.stringify('x'.repeat(13_000_000)));
    const payload = attestStatement({ predicateType: 'https://e.x/', predicateJson, subject: SUBJECT });
    await assert.rejects(signBundle({ payload, signer }), { code: 'SIGNING_TOO_LARGE' });
  });

  it('refuses the signature of a broken signer', async () => {
    const [a, b] = [await generateKeyPair('ecdsa-p256', randomBytes), await generateKeyPair('ecdsa-p256', randomBytes)];
    const other = createKeySigner(a.privateKey);
    const signer: KeySigner = { publicKey: b.publicKey, sign: (data) => other.sign(data) };
    await assert.rejects(signBundle({ payload: signStatement(SUBJECT), signer }), {
      code: 'SIGNING_SELF_CHECK_FAILED',
    });
  });
});
