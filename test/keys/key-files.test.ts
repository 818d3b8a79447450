import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import {
  encryptPrivateKey,
  generateKeyPair,
  parsePublicKey,
  readPrivateKey,
  verifySignature,
  type KeyAlgorithm,
} from '../../src/keys/index.ts';

const ALGORITHMS: readonly KeyAlgorithm[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa', 'ed25519'];
const DATA = Buffer.from('what is signed');
const noPassword = { password: (): Promise<string> => Promise.reject(new Error('asked for a password')) };
const password = (text: string): { password: () => Promise<string> } => ({ password: () => Promise.resolve(text) });

/** Rewrites the JSON inside an encrypted PEM. */
function editEncrypted(pem: string, edit: (json: EncryptedJson) => void): string {
  const [head = '', ...rest] = pem.trim().split('\n');
  const tail = rest.pop() ?? '';
  const json = JSON.parse(Buffer.from(rest.join(''), 'base64').toString()) as EncryptedJson;
  edit(json);
  return `${head}\n${Buffer.from(JSON.stringify(json)).toString('base64')}\n${tail}\n`;
}

interface EncryptedJson {
  kdf: { name: string; params: { N: number; r: number; p: number }; salt: string };
  cipher: { name: string; nonce: string };
  ciphertext: string;
}

async function encryptedPem(): Promise<string> {
  const pair = await generateKeyPair('ecdsa-p256', randomBytes);
  return encryptPrivateKey(pair.privateKey, 'correct horse', randomBytes);
}

describe('generateKeyPair', () => {
  for (const algorithm of ALGORITHMS) {
    it(`makes a ${algorithm} pair that signs, verifies, and survives an encrypted file`, async () => {
      const pair = await generateKeyPair(algorithm, randomBytes);
      assert.equal(pair.publicKey.algorithm, algorithm);
      const pem = await encryptPrivateKey(pair.privateKey, 'pä$$', randomBytes);
      const signer = await readPrivateKey(pem, password('pä$$'));
      const publicKey = parsePublicKey(pair.publicKey.pem);
      assert.equal(signer.publicKey.fingerprint, publicKey.fingerprint);
      const signature = await signer.sign(DATA);
      assert.equal(verifySignature(publicKey, DATA, signature), true);
      assert.equal(verifySignature(publicKey, Buffer.from('something else'), signature), false);
    });
  }

  it('is determined by its randomness for elliptic curves', async () => {
    const seeded = (length: number): Uint8Array => Buffer.alloc(length, 7);
    for (const algorithm of ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'] as const) {
      const [a, b] = [await generateKeyPair(algorithm, seeded), await generateKeyPair(algorithm, seeded)];
      assert.equal(a.publicKey.fingerprint, b.publicKey.fingerprint);
    }
  });

  it('refuses randomness that never gives a valid scalar', async () => {
    const zeros = (length: number): Uint8Array => Buffer.alloc(length);
    await assert.rejects(generateKeyPair('ecdsa-p256', zeros), { code: 'KEY_UNSUPPORTED' });
  });

  it('states the fingerprint in hex and the hint in base64 of the same hash', async () => {
    const { publicKey } = await generateKeyPair('ecdsa-p256', randomBytes);
    assert.equal(`sha256:${Buffer.from(publicKey.hint, 'base64').toString('hex')}`, publicKey.fingerprint);
  });
});

describe('encryptPrivateKey', () => {
  it('writes the JSON that cosign reads, in its order and with its parameters', async () => {
    const pem = await encryptedPem();
    assert.match(pem, /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END/);
    const body = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64').toString();
    assert.match(
      body,
      /^\{"kdf":\{"name":"scrypt","params":\{"N":65536,"r":8,"p":1\},"salt":"[^"]{44}"\},"cipher":\{"name":"nacl\/secretbox","nonce":"[^"]{32}"\},"ciphertext":"[^"]+"\}$/,
    );
  });

  it('refuses a key of an algorithm that is not signed with', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    await assert.rejects(encryptPrivateKey(privateKey, 'x', randomBytes), { code: 'KEY_UNSUPPORTED' });
  });
});

describe('readPrivateKey', () => {
  it('names a wrong password', async () => {
    await assert.rejects(readPrivateKey(await encryptedPem(), password('wrong')), {
      code: 'KEY_PASSWORD_WRONG',
      exitCode: 5,
    });
  });

  it('reads the older label of encrypted keys', async () => {
    const pem = (await encryptedPem()).replaceAll('SIGSTORE', 'COSIGN');
    assert.equal((await readPrivateKey(pem, password('correct horse'))).publicKey.algorithm, 'ecdsa-p256');
  });

  it('refuses parameters over the caps before it asks for a password', async () => {
    const pem = await encryptedPem();
    const costly: ReadonlyArray<readonly [number, number, number]> = [
      [2 ** 30, 8, 1],
      [65_536, 2 ** 20, 1],
      [65_536, 8, 1000],
      [Number.MAX_SAFE_INTEGER, 1, 1],
    ];
    for (const [N, r, p] of costly) {
      const hostile = editEncrypted(pem, (json) => (json.kdf.params = { N, r, p }));
      await assert.rejects(readPrivateKey(hostile, noPassword), { code: 'KEY_LIMIT_EXCEEDED' });
    }
  });

  it('refuses malformed parameters, salts and nonces before it asks for a password', async () => {
    const pem = await encryptedPem();
    const edits: ReadonlyArray<(json: EncryptedJson) => void> = [
      (json) => (json.kdf.params.N = 65_535),
      (json) => (json.kdf.params.N = 1),
      (json) => (json.kdf.params.p = 0),
      (json) => (json.kdf.params.r = 1.5),
      (json) => (json.cipher.nonce = 'AAAA'),
      (json) => (json.cipher.nonce = 'not base64!'),
      (json) => (json.kdf.salt = ''),
    ];
    for (const edit of edits) {
      await assert.rejects(readPrivateKey(editEncrypted(pem, edit), noPassword), { code: 'KEY_MALFORMED' });
    }
    const otherCipher = editEncrypted(pem, (json) => (json.cipher.name = 'aes'));
    await assert.rejects(readPrivateKey(otherCipher, noPassword), { code: 'KEY_UNSUPPORTED' });
  });

  it('reads plain PKCS#8, SEC 1 (after its parameters) and PKCS#1', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const files: ReadonlyArray<readonly [string, string]> = [
      [exportPem(ec, 'pkcs8'), 'ecdsa-p256'],
      [parameters + exportPem(ec, 'sec1'), 'ecdsa-p256'],
      [exportPem(rsa, 'pkcs1'), 'rsa'],
    ];
    for (const [pem, algorithm] of files) {
      assert.equal((await readPrivateKey(Buffer.from(pem), noPassword)).publicKey.algorithm, algorithm);
    }
  });

  it('reads every accepted algorithm in PKCS#8, and every curve in SEC 1', async () => {
    const curves = { 'ecdsa-p256': 'P-256', 'ecdsa-p384': 'P-384', 'ecdsa-p521': 'P-521' } as const;
    for (const [algorithm, namedCurve] of Object.entries(curves)) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve });
      for (const type of ['pkcs8', 'sec1'] as const) {
        const signer = await readPrivateKey(exportPem(privateKey, type), noPassword);
        assert.equal(signer.publicKey.algorithm, algorithm);
        assert.ok(verifySignature(signer.publicKey, DATA, await signer.sign(DATA)));
      }
    }
    for (const algorithm of ['rsa', 'ed25519'] as const) {
      const { privateKey } = await generateKeyPair(algorithm, randomBytes);
      const signer = await readPrivateKey(exportPem(privateKey, 'pkcs8'), noPassword);
      assert.equal(signer.publicKey.algorithm, algorithm);
      assert.ok(verifySignature(signer.publicKey, DATA, await signer.sign(DATA)));
    }
  });

  it('refuses a public key, foreign encryption, and rubbish', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const legacy = privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const cases: ReadonlyArray<readonly [string, string]> = [
      [publicKey.export({ type: 'spki', format: 'pem' }), 'KEY_WRONG_KIND'],
      [encrypted, 'KEY_UNSUPPORTED'],
      [legacy, 'KEY_UNSUPPORTED'],
      ['', 'KEY_MALFORMED'],
      ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'KEY_MALFORMED'],
      [exportPem(privateKey, 'pkcs8').repeat(2), 'KEY_MALFORMED'],
      ['x'.repeat(70_000), 'KEY_MALFORMED'],
      [exportPem(privateKey, 'pkcs8').replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY'), 'KEY_UNSUPPORTED'],
    ];
    for (const [pem, code] of cases) await assert.rejects(readPrivateKey(pem, noPassword), { code }, pem.slice(0, 40));
  });
});

describe('parsePublicKey', () => {
  it('refuses private keys with a hint, and certificates', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const pem of [exportPem(privateKey, 'pkcs8'), exportPem(privateKey, 'sec1')]) {
      assert.throws(() => parsePublicKey(pem), { code: 'KEY_WRONG_KIND', hint: /\.pub/ });
    }
    const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    assert.throws(() => parsePublicKey(certificate), { code: 'KEY_UNSUPPORTED' });
  });

  it('accepts listed algorithms and sizes only', () => {
    const keys: readonly KeyObject[] = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
      generateKeyPairSync('x25519').publicKey,
      generateKeyPairSync('ed448').publicKey,
    ];
    for (const key of keys) {
      const pem = key.export({ type: 'spki', format: 'pem' });
      assert.throws(() => parsePublicKey(pem), { code: 'KEY_UNSUPPORTED' });
    }
  });

  it('gives one identity for one key, whatever the white space of its file', () => {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' });
    const folded = pem.replaceAll('\n', '\r\n');
    assert.equal(parsePublicKey(Buffer.from(`a comment\r\n${folded}`)).fingerprint, parsePublicKey(pem).fingerprint);
  });

  it('throws nothing but AppError for any input', () => {
    const body = fc.oneof(fc.string(), fc.base64String());
    const label = fc.constantFrom('PUBLIC KEY', 'PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED SIGSTORE PRIVATE KEY');
    fc.assert(
      fc.property(label, body, (name, text) => {
        try {
          parsePublicKey(`-----BEGIN ${name}-----\n${text}\n-----END ${name}-----\n`);
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('verifySignature', () => {
  it('is false for empty, huge and malformed signatures of every algorithm', async () => {
    for (const algorithm of ALGORITHMS) {
      const { publicKey } = await generateKeyPair(algorithm, randomBytes);
      for (const signature of [Buffer.alloc(0), Buffer.from([0x30]), Buffer.alloc(64), Buffer.alloc(1_000_000)]) {
        assert.equal(verifySignature(publicKey, DATA, signature), false);
      }
    }
  });

  it('accepts SHA-256 with P-384, which cosign up to 3.1 signs with, and no other hash', async () => {
    const { sign } = await import('node:crypto');
    const pair = await generateKeyPair('ecdsa-p384', randomBytes);
    assert.equal(verifySignature(pair.publicKey, DATA, sign('sha256', DATA, pair.privateKey)), true);
    assert.equal(verifySignature(pair.publicKey, DATA, sign('sha384', DATA, pair.privateKey)), true);
    assert.equal(verifySignature(pair.publicKey, DATA, sign('sha512', DATA, pair.privateKey)), false);
    assert.equal(verifySignature(pair.publicKey, DATA, sign('sha1', DATA, pair.privateKey)), false);
  });
});

function exportPem(key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string {
  return key.export<{ type: 'pkcs8' | 'sec1' | 'pkcs1'; format: 'pem' }>({ type, format: 'pem' });
}
