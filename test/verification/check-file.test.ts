import assert from 'node:assert/strict';
import { createPublicKey, hash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { createStatement } from '../../src/attestation/index.ts';
import { parseDigest, sha256Digest } from '../../src/core/index.ts';
import { parsePublicKey } from '../../src/keys/index.ts';
import { verifyBytes } from '../../src/verification/prehashed-signature.ts';
import { checkArtifact, checkFile, type CheckFileOptions, type FileVerdict } from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { newPair } from './support/certificates.ts';
import { changed, keyOf, newBench, type Bench } from './support/check.ts';
import { bytesOf, signKeyless, SUBJECT, type SignedBundle, type SignOptions } from './support/world.ts';

const FILE = Buffer.from('a file that somebody signed');
const DIGEST = sha256Digest(FILE);

let bench: Bench;

before(async () => {
  bench = await newBench();
});

function sign(options: SignOptions = {}): SignedBundle {
  return signKeyless(bench.world, { file: FILE, ...options });
}

function check(bundle: unknown, changes: Partial<CheckFileOptions> = {}): Promise<FileVerdict> {
  const { root, wanted } = bench;
  return checkFile(bytesOf(bundle), {
    keys: [],
    identities: [wanted],
    trust: [{ root }],
    requireTransparencyLog: true,
    file: { bytes: FILE },
    ...changes,
  });
}

describe('checkFile', () => {
  it('accepts by bytes and by digest alone, with both logs and all versions', async () => {
    for (const file of [{ bytes: FILE }, { digest: DIGEST }]) {
      const verdict = await check(sign(), { file });
      acceptedSigner(verdict);
      assert.equal(verdict.ok && verdict.fileDigest, DIGEST);
      acceptedSigner(await check(sign({ logs: [bench.world.rekor2], tsas: [bench.world.tsa] }), { file }));
      acceptedSigner(await check(sign({ version: '0.1', entry: { withoutProof: true } }), { file }));
      acceptedSigner(await check(sign({ version: '0.2' }), { file }));
    }
  });

  for (const key of ['P-256', 'P-384', 'P-521', 'rsa'] as const) {
    it(`accepts ${key} with SHA-256 by digest, and refuses another signature`, async () => {
      const bundle = sign({ key, hash: 'sha256' });
      acceptedSigner(await check(bundle, { file: { digest: DIGEST } }));
      const other = sign({ key, hash: 'sha256', file: Buffer.from('another') });
      const swapped = changed(bundle, ({ messageSignature }) => {
        if (messageSignature !== undefined) messageSignature.signature = other.messageSignature?.signature ?? '';
      });
      assertRejected(await check(swapped, { file: { digest: DIGEST } }), 'SIGNATURE_INVALID');
      assertRejected(await check(swapped), 'SIGNATURE_INVALID');
    });
  }

  it('accepts P-521 with SHA-512 by a digest of that kind, and P-384 by bytes', async () => {
    const digest = parseDigest(`sha512:${hash('sha512', FILE, 'hex')}`);
    const bundle = changed(sign({ key: 'P-521', keyed: newPair('P-521'), logs: [] }), ({ messageSignature }) => {
      if (messageSignature !== undefined) {
        messageSignature.messageDigest = { algorithm: 'SHA2_512', digest: hash('sha512', FILE, 'base64') };
      }
    });
    // a certificate's entry would have SHA-256: keyed, without a log
    const pair = newPair('P-521');
    const keyed = changed(sign({ keyed: pair, logs: [] }), ({ messageSignature }) => {
      if (messageSignature !== undefined)
        messageSignature.messageDigest = bundle.messageSignature?.messageDigest ?? messageSignature.messageDigest;
    });
    const options = { keys: [{ key: keyOf(pair) }], identities: [], requireTransparencyLog: false };
    assert.equal((await check(keyed, { ...options, file: { digest } })).ok, true);
    assert.equal((await check(keyed, options)).ok, true);
    assertRejected(await check(keyed, { ...options, file: { digest: DIGEST } }), 'DIGEST_UNSUPPORTED', /another kind/);
    acceptedSigner(await check(sign({ key: 'P-384' })));
    assertRejected(await check(sign({ key: 'P-384' }), { file: { digest: DIGEST } }), 'SIGNATURE_INVALID');
  });

  it('Ed25519 needs the bytes', async () => {
    const bundle = sign({ key: 'ed25519' });
    acceptedSigner(await check(bundle));
    assertRejected(await check(bundle, { file: { digest: DIGEST } }), 'DIGEST_UNSUPPORTED', /Ed25519/);
  });

  it('reads prehashed Ed25519 signatures, which cosign makes', async () => {
    const pair = newPair('ed25519');
    const options = { keys: [{ key: keyOf(pair) }], identities: [], requireTransparencyLog: false };
    const secret = Buffer.from(pair.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    const prehashed = (data: Uint8Array) =>
      changed(sign({ keyed: pair, logs: [] }), (json) => {
        const content = json.messageSignature;
        if (content !== undefined) content.signature = Buffer.from(ed25519ph.sign(data, secret)).toString('base64');
      });
    assert.equal((await check(prehashed(FILE), options)).ok, true);
    assertRejected(await check(prehashed(Buffer.from('another')), options), 'SIGNATURE_INVALID');
  });

  it('checks prehashed signatures as RFC 8032, section 7.3 has them', async () => {
    const x = Buffer.from('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf', 'hex');
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), x]);
    const pem = createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' });
    const key = parsePublicKey(Buffer.from(pem));
    const signature = Buffer.from(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
      'hex',
    );
    assert.equal(await verifyBytes(key, Buffer.from('abc'), signature), true);
    assert.equal(await verifyBytes(key, Buffer.from('abd'), signature), false);
    assert.equal(await verifyBytes(key, Buffer.from('abc'), signature.subarray(1)), false);
  });

  it('tries every key, also beside one that needs the bytes', async () => {
    const [mine, other] = [newPair(), newPair('ed25519')];
    const bundle = changed(sign({ keyed: mine, logs: [] }), (json) => (json.verificationMaterial['publicKey'] = {}));
    const keys = [{ key: keyOf(other) }, { key: keyOf(mine) }];
    const options = { keys, identities: [], requireTransparencyLog: false, file: { digest: DIGEST } };
    assert.equal((await check(bundle, options)).ok, true);
    const foreign = changed(
      sign({ keyed: newPair(), logs: [] }),
      (json) => (json.verificationMaterial['publicKey'] = {}),
    );
    assertRejected(await check(foreign, options), 'DIGEST_UNSUPPORTED');
    assertRejected(await check(foreign, { ...options, file: { bytes: FILE } }), 'UNTRUSTED_KEY');
  });

  it('CVE-2022-36056: refuses another file, whatever digest the bundle states', async () => {
    const other = { bytes: Buffer.from('another file') };
    assertRejected(await check(sign(), { file: other }), 'DIGEST_MISMATCH');
    const restated = changed(sign(), ({ messageSignature }) => {
      if (messageSignature !== undefined) {
        messageSignature.messageDigest.digest = hash('sha256', other.bytes, 'base64');
      }
    });
    assertRejected(await check(restated, { file: other }), 'SIGNATURE_INVALID');
    assertRejected(await check(restated, { file: { digest: sha256Digest(other.bytes) } }), 'SIGNATURE_INVALID');
    assertRejected(await check(restated), 'DIGEST_MISMATCH');
  });

  it('refuses a log entry of another file or of an envelope', async () => {
    const statement = signKeyless(bench.world);
    const borrowed = changed(sign(), (json) => {
      json.verificationMaterial.tlogEntries = statement.verificationMaterial.tlogEntries;
    });
    assertRejected(await check(borrowed), 'LOG_MISMATCH');
    const asEnvelope = sign({ entryKind: 'dsse' });
    assertRejected(await check(asEnvelope), 'LOG_MISMATCH', /other bytes/);
  });

  it('refuses digests of kinds that are not read, and none', async () => {
    const withDigest = (messageDigest: unknown): SignedBundle =>
      changed(sign(), (json) => Object.assign(json.messageSignature ?? {}, { messageDigest }));
    for (const digest of [
      undefined,
      {},
      { algorithm: 'SHA3_256', digest: 'AAAA' },
      { algorithm: 'sha256', digest: 'AAAA' },
    ]) {
      assertRejected(await check(withDigest(digest)), 'BUNDLE_MALFORMED');
    }
    assertRejected(await check(withDigest({ algorithm: 'SHA2_256', digest: 'AAAA' })), 'DIGEST_MISMATCH');
  });

  it('a statement is no file signature, and the reverse', async () => {
    assertRejected(await check(signKeyless(bench.world)), 'BUNDLE_MALFORMED', /signs a statement/);
    assertRejected(await bench.check(sign()), 'BUNDLE_MALFORMED', /signs a file/);
  });
});

describe('checkArtifact', () => {
  it('takes either kind of bundle for what it is', async () => {
    const { root, wanted, world } = bench;
    const options = { keys: [], identities: [wanted], trust: [{ root }], requireTransparencyLog: true };
    const file = await checkArtifact(bytesOf(sign()), { ...options, file: { bytes: FILE } });
    assert.ok(file.ok && 'fileDigest' in file);
    const statement = await checkArtifact(bytesOf(signKeyless(world)), { ...options, file: { digest: SUBJECT } });
    assert.ok(statement.ok && 'statement' in statement);
    const old = signKeyless(world, { version: '0.1', entry: { withoutProof: true } });
    assert.equal(
      (await checkArtifact(bytesOf(old), { ...options, file: { bytes: Buffer.from('an image') } })).ok,
      true,
    );
    assertRejected(await checkArtifact(bytesOf(old), { ...options, file: { bytes: FILE } }), 'SUBJECT_MISMATCH');
    assertRejected(await checkArtifact(Buffer.from('{'), { ...options, file: { bytes: FILE } }), 'BUNDLE_MALFORMED');
    const payload = createStatement({
      subjects: [{ digest: { sha512: hash('sha512', FILE, 'hex') } }],
      predicateType: 'https://e.x/',
      predicateJson: Buffer.from('{}'),
    });
    const npm = bytesOf(signKeyless(world, { payload }));
    assert.equal((await checkArtifact(npm, { ...options, file: { bytes: FILE } })).ok, true);
    assertRejected(await checkArtifact(npm, { ...options, file: { digest: DIGEST } }), 'SUBJECT_MISMATCH');
    await assert.rejects(checkArtifact(Buffer.from('{'), { ...options, identities: [], file: { bytes: FILE } }), {
      code: 'VERIFICATION_NO_KEYS',
    });
  });
});
