import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { initializeTSA } from '@sigstore/mock';
import { mergeTrustedRoots, trustedRootFromCertificates } from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { CODE_SIGNING, extension, newPair, pemOf, sha256, TIME_STAMPING } from './support/certificates.ts';
import { changed, newBench, type Bench } from './support/check.ts';
import { newTsa, stamp, type TokenOptions, type TsaOptions } from './support/timestamp.ts';
import { authorityJson, SIGNED_AT, signKeyless, trustedRoot, type SignedBundle } from './support/world.ts';

const WINDOW = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
const OPENSSL = spawnSync('openssl', ['version']).status === 0;

let bench: Bench;

before(async () => {
  bench = await newBench();
});

function asBuffer({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function signatureOf(bundle: SignedBundle): Buffer {
  return Buffer.from(bundle.dsseEnvelope?.signatures[0]?.sig ?? '', 'base64');
}

/** A bundle in Rekor v2 with tokens made over its signature. */
function stampedWith(make: (signature: Buffer) => readonly Buffer[]): SignedBundle {
  const bundle = signKeyless(bench.world, { logs: [bench.world.rekor2] });
  return changed(bundle, (json) => {
    const tokens = make(signatureOf(bundle)).map((token) => ({ signedTimestamp: token.toString('base64') }));
    json.verificationMaterial.timestampVerificationData.rfc3161Timestamps = tokens;
  });
}

async function assertToken(options: Partial<TokenOptions>, reason?: RegExp): Promise<void> {
  const { tsa } = bench.world;
  const verdict = await bench.check(stampedWith((signature) => [stamp(tsa, signature, { at: SIGNED_AT, ...options })]));
  if (reason === undefined) acceptedSigner(verdict);
  else assertRejected(verdict, 'TIMESTAMP_INVALID', reason);
}

async function assertTsa(
  options: Partial<TsaOptions>,
  reason?: RegExp,
  token: Partial<TokenOptions> = {},
): Promise<void> {
  const tsa = newTsa({ operator: 'tsa.test', ...WINDOW, ...options });
  const root = trustedRoot({ ...bench.world, tsa });
  const bundle = stampedWith((signature) => [stamp(tsa, signature, { at: SIGNED_AT, ...token })]);
  const verdict = await bench.check(bundle, { trust: [{ root }] });
  if (reason === undefined) acceptedSigner(verdict);
  else assertRejected(verdict, 'TIMESTAMP_INVALID', reason);
}

describe('timestamps of RFC 3161', () => {
  it('are accepted with hashes of the SHA-2 family and keys of every kind', async () => {
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      await assertToken({ imprintHash: hash, digestHash: hash });
      await assertTsa({ key: 'rsa' }, undefined, { digestHash: hash });
    }
    for (const key of ['P-384', 'P-521', 'ed25519'] as const) await assertTsa({ key });
    await assertToken({ withKeyKind: true });
    await assertTsa({ key: 'ed25519' }, /signed with the algorithm/, { withKeyKind: true });
    await assertTsa({ extensions: [extension.purposes([TIME_STAMPING], true)] });
  });

  it('must be granted, over the signature, of one signer, with the certificate named', async () => {
    await assertToken({ status: 1 });
    await assertToken({ status: 2 }, /did not grant/);
    await assertToken({ signers: 2 }, /2 signers/);
    await assertToken({ signers: 0 }, /0 signers/);
    await assertToken({ withoutName: true }, /names another certificate/);
    await assertToken({ named: Buffer.from('another') }, /names another certificate/);
    const { tsa } = bench.world;
    const other = stampedWith(() => [stamp(tsa, Buffer.from('another signature'), { at: SIGNED_AT })]);
    assertRejected(await bench.check(other), 'TIMESTAMP_INVALID', /other bytes/);
    // over the envelope, as old attestations have it
    const payload = stampedWith(() => [stamp(tsa, Buffer.from('{"payload":""}'), { at: SIGNED_AT })]);
    assertRejected(await bench.check(payload), 'TIMESTAMP_INVALID', /other bytes/);
  });

  it('CVE-2026-39984: the certificate must be for timestamps alone, trusted and in force', async () => {
    const usage = extension.usage(0x80);
    await assertTsa({ extensions: [usage, extension.purposes([CODE_SIGNING], true)] }, /not for timestamps/);
    await assertTsa(
      { extensions: [usage, extension.purposes([TIME_STAMPING, CODE_SIGNING], true)] },
      /timestamps alone/,
    );
    await assertTsa({ extensions: [usage, extension.purposes([TIME_STAMPING])] }, /timestamps alone/);
    await assertTsa({ extensions: [usage] }, /not for timestamps/);
    await assertTsa({ notAfter: new Date('2025-01-01T00:00:00Z') }, /not in force/);
    const stranger = newTsa({ operator: 'stranger', ...WINDOW });
    // its certificate inside the token makes it no authority
    const own = stampedWith((signature) => [stamp(stranger, signature, { at: SIGNED_AT, withCertificate: true })]);
    assertRejected(await bench.check(own), 'TIMESTAMP_INVALID', /no trusted timestamp authority/);
    const impostor = { ...bench.world.tsa, pair: newPair() };
    const forged = stampedWith((signature) => [stamp(impostor, signature, { at: SIGNED_AT })]);
    assertRejected(await bench.check(forged), 'TIMESTAMP_INVALID', /signature is wrong/);
  });

  it('a bad one among several does not spoil the good, and says why', async () => {
    const stranger = newTsa({ operator: 'stranger', ...WINDOW });
    const bundle = stampedWith((signature) => [
      Buffer.from('rubbish'),
      stamp(stranger, signature, { at: SIGNED_AT }),
      stamp(bench.world.tsa, signature, { at: SIGNED_AT }),
    ]);
    const verdict = await bench.check(bundle);
    assert.equal(acceptedSigner(verdict).when.length, 1);
    assert.ok(verdict.ok && verdict.timestamps.evaluated);
    assert.equal(verdict.timestamps.problems.length, 2);
  });

  it('none of any byte changed is accepted for another time', async () => {
    const good = stampedWith((signature) => [stamp(bench.world.tsa, signature, { at: SIGNED_AT })]);
    const [token] = good.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
    const bytes = Buffer.from(token?.signedTimestamp ?? '', 'base64');
    for (let index = 0; index < bytes.length; index += 3) {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(index) ^ (1 << (index % 8)), index);
      const bundle = changed(good, (json) => {
        json.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [
          { signedTimestamp: copy.toString('base64') },
        ];
      });
      const verdict = await bench.check(bundle);
      if (verdict.ok)
        assert.deepEqual(
          acceptedSigner(verdict).when.map(({ time }) => time),
          [SIGNED_AT.toISOString()],
        );
      else assert.equal(verdict.code, 'TIMESTAMP_INVALID', verdict.reason);
    }
  });

  it("are accepted from the ecosystem's own test authority", async () => {
    const mock = await initializeTSA(newPair(), new Date(Date.now() + 1000));
    const later = new Date(Date.now() + 1000);
    const bundle = signKeyless(bench.world, { logs: [bench.world.rekor2], at: later });
    const answer = await mock.timestamp({
      artifactHash: sha256(signatureOf(bundle)),
      hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
      nonce: 7,
      policyOID: '1.2.3',
    });
    const stamped = changed(bundle, (json) => {
      json.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [
        { signedTimestamp: asBuffer(answer).toString('base64') },
      ];
    });
    const root = trustedRoot(bench.world, (json) => {
      json.timestampAuthorities = [
        authorityJson([asBuffer(mock.intCertificate), asBuffer(mock.rootCertificate)], '', 'mock'),
      ];
    });
    acceptedSigner(await bench.check(stamped, { trust: [{ root }] }));
  });

  it(
    'are accepted from OpenSSL, RSA with SHA-512, certificate in the token',
    { skip: OPENSSL ? false : 'openssl is not installed' },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'waybill-tsa-'));
      try {
        const now = new Date();
        const tsa = newTsa({
          operator: 'openssl',
          key: 'rsa',
          notBefore: new Date(now.getTime() - 3_600_000),
          notAfter: WINDOW.notAfter,
        });
        const bundle = signKeyless(bench.world, { logs: [bench.world.rekor2], at: now });
        const file = (name: string): string => join(folder, name);
        writeFileSync(file('data'), signatureOf(bundle));
        writeFileSync(file('tsa.pem'), pemOf(tsa.certificate));
        writeFileSync(file('tsa.key'), tsa.pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
        writeFileSync(file('serial'), '01\n');
        writeFileSync(
          file('tsa.cnf'),
          `[tsa]\ndefault_tsa = t\n[t]\nserial = ${file('serial')}\nsigner_digest = sha512\ndefault_policy = 1.2.3.4\ndigests = sha256, sha512\ness_cert_id_alg = sha256\n`,
        );
        const openssl = (...args: readonly string[]): Buffer =>
          execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
        openssl('ts', '-query', '-data', file('data'), '-sha512', '-cert', '-out', file('query'));
        const reply = [
          '-queryfile',
          file('query'),
          '-signer',
          file('tsa.pem'),
          '-inkey',
          file('tsa.key'),
          '-out',
          file('reply'),
        ];
        openssl('ts', '-reply', '-config', file('tsa.cnf'), ...reply);
        const token = readFileSync(file('reply')).toString('base64');
        const stamped = changed(bundle, (json) => {
          json.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [{ signedTimestamp: token }];
        });
        // the root alone is trusted: the authority's certificate is in the token
        const own = trustedRootFromCertificates({ timestampAuthority: pemOf(tsa.root), operator: 'openssl' });
        const root = mergeTrustedRoots([bench.root, own]);
        const signer = acceptedSigner(await bench.check(stamped, { trust: [{ root }] }));
        assert.equal(signer.when[0]?.operator, 'openssl');
        assertRejected(await bench.check(stamped), 'TIMESTAMP_INVALID');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
