import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { initializeCA } from '@sigstore/mock';
import fc from 'fast-check';
import { createStatement, pae, resolvePredicateType, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair, type KeyAlgorithm, type KeySigner } from '../../src/keys/index.ts';
import { signBundle } from '../../src/signing/index.ts';
import { checkBundle, type BundleVerdict, type CheckBundleOptions } from '../../src/verification/index.ts';

const SUBJECT = sha256Digest('an image');
const ALGORITHMS: readonly KeyAlgorithm[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa', 'ed25519'];

interface BundleJson {
  mediaType: string;
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { payload: string; payloadType: string; signatures: Record<string, unknown>[] };
  [member: string]: unknown;
}

let alice: KeySigner;
let bob: KeySigner;
let signed: Uint8Array;

async function newSigner(algorithm: KeyAlgorithm = 'ecdsa-p256'): Promise<KeySigner> {
  return createKeySigner((await generateKeyPair(algorithm, randomBytes)).privateKey);
}

function edit(bundle: Uint8Array, change: (json: BundleJson) => void): Uint8Array {
  const json = JSON.parse(Buffer.from(bundle).toString()) as BundleJson;
  change(json);
  return Buffer.from(JSON.stringify(json));
}

/** A bundle over any payload and payload type, well signed. */
async function signAnything(payload: Uint8Array, payloadType = 'application/vnd.in-toto+json'): Promise<Uint8Array> {
  const sig = Buffer.from(await alice.sign(pae(payloadType, payload))).toString('base64');
  return edit(signed, (json) => {
    json.dsseEnvelope = { payload: Buffer.from(payload).toString('base64'), payloadType, signatures: [{ sig }] };
  });
}

function check(bundle: Uint8Array, changes: Partial<CheckBundleOptions> = {}): Promise<BundleVerdict> {
  const keys = [{ name: 'alice', key: alice.publicKey }];
  return checkBundle(bundle, { keys, subject: SUBJECT, requireTransparencyLog: false, ...changes });
}

async function assertRejected(verdict: Promise<BundleVerdict>, code: string, reason: RegExp): Promise<void> {
  const result = await verdict;
  assert.ok(!result.ok, 'accepted');
  assert.equal(result.code, code);
  assert.match(result.reason, reason);
}

before(async () => {
  [alice, bob] = [await newSigner(), await newSigner()];
  signed = await signBundle({ payload: signStatement(SUBJECT, { env: 'prod' }), signer: alice });
});

describe('checkBundle', () => {
  for (const algorithm of ALGORITHMS) {
    it(`accepts a bundle signed with ${algorithm}, and not after a bit is changed`, async () => {
      const signer = await newSigner(algorithm);
      const keys = [{ name: 'it', key: signer.publicKey }];
      const bundle = await signBundle({ payload: signStatement(SUBJECT), signer });
      const verdict = await check(bundle, { keys });
      assert.ok(verdict.ok);
      assert.deepEqual(verdict.signer, {
        kind: 'key',
        fingerprint: signer.publicKey.fingerprint,
        hint: signer.publicKey.hint,
        names: ['it'],
      });
      const tampered = edit(bundle, (json) => {
        const payload = Buffer.from(json.dsseEnvelope.payload, 'base64');
        payload.writeUInt8(payload.readUInt8(payload.byteLength - 1) ^ 1, payload.byteLength - 1);
        json.dsseEnvelope.payload = payload.toString('base64');
      });
      await assertRejected(check(tampered, { keys }), 'SIGNATURE_INVALID', /altered/);
    });
  }

  it('says what was signed and what was not evaluated', async () => {
    const bundle = edit(signed, (json) => {
      json.verificationMaterial['tlogEntries'] = [{ logIndex: '1' }, {}];
      json.verificationMaterial['timestampVerificationData'] = { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] };
    });
    const verdict = await check(bundle);
    assert.ok(verdict.ok);
    assert.equal(verdict.bundleDigest, sha256Digest(bundle));
    assert.equal(verdict.predicateType, 'https://sigstore.dev/cosign/sign/v1');
    assert.deepEqual(verdict.annotations, { env: 'prod' });
    assert.deepEqual(verdict.log, { evaluated: false, entries: 2 });
    assert.deepEqual(verdict.timestamps, { evaluated: false, entries: 1 });
  });

  it('accepts a keyid beside or instead of the hint, and a hint that is no digest', async () => {
    const keyid = edit(
      signed,
      (json) => (json.dsseEnvelope.signatures[0] = { ...json.dsseEnvelope.signatures[0], keyid: 'x' }),
    );
    const noHint = edit(keyid, (json) => (json.verificationMaterial = { publicKey: {} }));
    const foreign = edit(signed, (json) => (json.verificationMaterial = { publicKey: { hint: 'release key' } }));
    for (const bundle of [keyid, noHint, foreign]) assert.equal((await check(bundle)).ok, true);
  });

  it("rejects BUNDLE_MALFORMED, BUNDLE_TOO_LARGE and BUNDLE_VERSION with the parser's reason", async () => {
    await assertRejected(check(Buffer.from('{')), 'BUNDLE_MALFORMED', /not JSON/);
    const two = edit(signed, (json) => (json['messageSignature'] = { signature: 'AAAA' }));
    await assertRejected(check(two), 'BUNDLE_MALFORMED', /two kinds/);
    await assertRejected(check(signed, { maxBytes: 100 }), 'BUNDLE_TOO_LARGE', /more than the 100/);
    const old = edit(signed, (json) => (json.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2'));
    await assertRejected(check(old), 'BUNDLE_VERSION', /0\.2/);
  });

  it('rejects PAYLOAD_TYPE although the signature is good', async () => {
    const bundle = await signAnything(signStatement(SUBJECT), 'application/json');
    await assertRejected(check(bundle), 'PAYLOAD_TYPE', /application\/json/);
  });

  it('rejects PAYLOAD_TYPE changed after signing as SIGNATURE_INVALID', async () => {
    const other = await signAnything(signStatement(SUBJECT), 'application/json');
    const relabelled = edit(other, (json) => (json.dsseEnvelope.payloadType = 'application/vnd.in-toto+json'));
    await assertRejected(check(relabelled), 'SIGNATURE_INVALID', /alice/);
  });

  it('rejects KEYLESS_UNSUPPORTED', async () => {
    const bundle = edit(signed, (json) => (json.verificationMaterial = { certificate: { rawBytes: 'AAAA' } }));
    await assertRejected(check(bundle), 'KEYLESS_UNSUPPORTED', /certificate/);
  });

  it('says whom the certificate of a keyless bundle names', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ca = await initializeCA(pair);
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' });
    const certificate = await ca.issueCertificate({ publicKey, subjectAltName: 'https://example.com/release.yml' });
    const rawBytes = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.byteLength).toString('base64');
    const bundle = edit(signed, (json) => (json.verificationMaterial = { certificate: { rawBytes } }));
    const verdict = await check(bundle);
    assert.ok(!verdict.ok);
    assert.equal(verdict.claimedIdentity, 'https://example.com/release.yml');
    assert.match(verdict.reason, /release\.yml/);
  });

  it('rejects UNTRUSTED_KEY and says which key is claimed', async () => {
    const bundle = await signBundle({ payload: signStatement(SUBJECT), signer: bob });
    const verdict = await check(bundle);
    assert.ok(!verdict.ok);
    assert.equal(verdict.code, 'UNTRUSTED_KEY');
    assert.equal(verdict.claimedFingerprint, bob.publicKey.fingerprint);
    assert.ok(
      verdict.reason.includes(bob.publicKey.fingerprint) && verdict.reason.includes(alice.publicKey.fingerprint),
    );
  });

  it('rejects SIGNATURE_INVALID when a trusted key is claimed by another signer', async () => {
    const bundle = await signBundle({ payload: signStatement(SUBJECT), signer: bob });
    const claiming = edit(
      bundle,
      (json) => (json.verificationMaterial = { publicKey: { hint: alice.publicKey.hint } }),
    );
    await assertRejected(check(claiming), 'SIGNATURE_INVALID', /alice/);
    const rubbish = edit(signed, (json) => (json.dsseEnvelope.signatures = [{ sig: 'AAAA' }]));
    await assertRejected(check(rubbish), 'SIGNATURE_INVALID', /alice/);
  });

  it('rejects LOG_MISSING and LOG_UNVERIFIABLE when a log entry is required', async () => {
    await assertRejected(check(signed, { requireTransparencyLog: true }), 'LOG_MISSING', /has none/);
    const logged = edit(signed, (json) => (json.verificationMaterial['tlogEntries'] = [{}]));
    await assertRejected(check(logged, { requireTransparencyLog: true }), 'LOG_UNVERIFIABLE', /trust root/);
  });

  it('asks each key for its own log rule and names only those that are met', async () => {
    const keys = [
      { name: 'strict', key: alice.publicKey },
      { name: 'relaxed', key: alice.publicKey, requireTransparencyLog: false },
    ];
    const verdict = await check(signed, { keys, requireTransparencyLog: true });
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.signer.names, ['relaxed']);
    const strict = [{ name: 'strict', key: alice.publicKey, requireTransparencyLog: true }];
    await assertRejected(check(signed, { keys: strict }), 'LOG_MISSING', /has none/);
  });

  it('rejects STATEMENT_MALFORMED although the signature is good', async () => {
    await assertRejected(check(await signAnything(Buffer.from('{}'))), 'STATEMENT_MALFORMED', /_type/);
    const twice = Buffer.from(signStatement(SUBJECT)).toString().replace('{', '{"subject":[],');
    await assertRejected(check(await signAnything(Buffer.from(twice))), 'STATEMENT_MALFORMED', /twice/);
  });

  it('rejects SUBJECT_MISMATCH, also for the same hex under another algorithm', async () => {
    const other = sha256Digest('another image');
    await assertRejected(check(signed, { subject: other }), 'SUBJECT_MISMATCH', new RegExp(SUBJECT));
    const payload = createStatement({
      subjects: [{ name: SUBJECT, digest: { gitCommit: SUBJECT.slice(7) } }],
      predicateType: 'https://e.x/',
      predicateJson: Buffer.from('{}'),
    });
    await assertRejected(check(await signBundle({ payload, signer: alice })), 'SUBJECT_MISMATCH', /gitCommit/);
  });

  it('finds the image among several subjects', async () => {
    const payload = createStatement({
      subjects: [
        { name: 'a', digest: { sha256: sha256Digest('a').slice(7) } },
        { name: 'b', digest: { sha256: SUBJECT.slice(7) } },
      ],
      predicateType: 'https://e.x/',
      predicateJson: Buffer.from('{}'),
    });
    const verdict = await check(await signBundle({ payload, signer: alice }));
    assert.ok(verdict.ok);
    assert.equal(verdict.subject.name, 'b');
  });

  it('rejects PREDICATE_TYPE', async () => {
    await assertRejected(
      check(signed, { predicateType: resolvePredicateType('cyclonedx') }),
      'PREDICATE_TYPE',
      /sign\/v1/,
    );
  });

  it('rejects ANNOTATION_MISMATCH, also for names every object has', async () => {
    assert.equal((await check(signed, { annotations: { env: 'prod' } })).ok, true);
    await assertRejected(check(signed, { annotations: { env: 'test' } }), 'ANNOTATION_MISMATCH', /"prod"/);
    await assertRejected(check(signed, { annotations: { constructor: 'x' } }), 'ANNOTATION_MISMATCH', /is missing/);
  });

  it('trusts nobody when no key is given', async () => {
    await assert.rejects(check(signed, { keys: [] }), { code: 'VERIFICATION_NO_KEYS', exitCode: 2 });
  });

  it('gives a verdict, never an exception, for any changed byte, and accepts only what was signed', async () => {
    const original = await check(signed);
    assert.ok(original.ok);
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.byteLength - 1), fc.integer({ min: 0, max: 255 }), async (index, value) => {
        const bytes = Buffer.from(signed);
        bytes[index] = value;
        const verdict = await check(bytes);
        // the hint is outside the signature: only a selector
        if (verdict.ok) {
          assert.deepEqual(verdict.statement, original.statement);
          assert.deepEqual(verdict.signer, original.signer);
        }
      }),
      { numRuns: 300 },
    );
  });
});
