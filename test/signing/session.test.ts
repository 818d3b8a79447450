import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair, type KeyAlgorithm, type PublicKeyIdentity } from '../../src/keys/index.ts';
import {
  keylessSource,
  keySource,
  openSigningSession,
  resolveIdentity,
  servicesFromUrls,
  type Artifact,
  type ServiceUrls,
  type SigningSession,
} from '../../src/signing/index.ts';
import { quickClient, testRuntime } from './support/context.ts';
import { startSigstore, type FakeSigstore } from './support/sigstore.ts';
import { CLAIMS, tokenWith } from './support/tokens.ts';

const STATEMENT: Artifact = { kind: 'statement', payload: signStatement(sha256Digest('an image')) };
const FILE: Artifact = { kind: 'file', bytes: Buffer.from('a file') };

function services(sigstore: FakeSigstore, ...names: readonly ('rekor1' | 'rekor2' | 'tsa')[]): ServiceUrls {
  return {
    certificateAuthority: sigstore.fulcio.url,
    logs: names
      .filter((name) => name !== 'tsa')
      .map((name) => ({ url: sigstore[name].url, apiVersion: name === 'rekor1' ? (1 as const) : (2 as const) })),
    timestampAuthorities: names.includes('tsa') ? [sigstore.tsa.url] : [],
  };
}

function keyless(sigstore: FakeSigstore, ...names: readonly ('rekor1' | 'rekor2' | 'tsa')[]): SigningSession {
  const [client, runtime] = [quickClient(), testRuntime()];
  return openSigningSession({
    source: keylessSource({
      client,
      runtime,
      authority: new URL(sigstore.fulcio.url),
      identity: () => resolveIdentity({ token: tokenWith() }, { client, runtime }),
    }),
    witnesses: { services: servicesFromUrls(services(sigstore, ...names)), client, runtime },
  });
}

interface Thresholds {
  readonly tlogThreshold: number;
  readonly ctlogThreshold: number;
  readonly timestampThreshold: number;
}

/** The Sigstore library as it stands judges. */
function judge(
  bytes: Uint8Array,
  sigstore: FakeSigstore,
  options: Thresholds & { artifact?: Buffer; key?: PublicKeyIdentity },
): string {
  const { artifact, key, ...thresholds } = options;
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
  assert.equal(bundle.mediaType, 'application/vnd.dev.sigstore.bundle.v0.3+json');
  const material = toTrustMaterial(
    sigstore.trustedRoot,
    key === undefined ? undefined : () => ({ publicKey: key.key, validFor: () => true }),
  );
  const signer = new Verifier(material, thresholds).verify(toSignedEntity(bundle, artifact));
  return signer.identity?.subjectAlternativeName ?? 'key';
}

describe('openSigningSession', () => {
  for (const names of [
    ['rekor1'],
    ['rekor1', 'tsa'],
    ['rekor2', 'tsa'],
    ['rekor1', 'rekor2', 'tsa'],
    ['tsa'],
  ] as const) {
    for (const artifact of [STATEMENT, FILE]) {
      it(`signs a ${artifact.kind} without a key, witnessed by ${names.join(', ')}`, async () => {
        await using sigstore = await startSigstore();
        const { bytes, testimonies, certificate } = await keyless(sigstore, ...names).sign(artifact);
        const thresholds = {
          tlogThreshold: names.filter((name) => name !== 'tsa').length,
          ctlogThreshold: 1,
          timestampThreshold: 1,
        };
        const file = artifact.kind === 'file' ? { artifact: Buffer.from(artifact.bytes) } : {};
        assert.equal(judge(bytes, sigstore, { ...thresholds, ...file }), CLAIMS.sub);
        assert.equal(testimonies.length, names.length);
        assert.equal(certificate?.issuer, CLAIMS.iss);
        assert.equal(certificate?.identity, CLAIMS.sub);
      });
    }
  }

  it('lets several artefacts share one identity, key and certificate', async () => {
    await using sigstore = await startSigstore();
    const session = keyless(sigstore, 'rekor2', 'tsa');
    const bundles = await Promise.all([STATEMENT, FILE, STATEMENT, FILE].map((artifact) => session.sign(artifact)));
    assert.equal(new Set(bundles.map(({ key }) => key)).size, 1);
    assert.equal(sigstore.fulcio.requests.length, 1);
    assert.equal(sigstore.rekor2.requests.length, 4);
  });

  for (const [algorithm, log] of [
    ['ecdsa-p256', 'rekor1'],
    ['ecdsa-p256', 'rekor2'],
    ['ecdsa-p384', 'rekor2'],
    ['ecdsa-p521', 'rekor2'],
    ['rsa', 'rekor1'],
    ['rsa', 'rekor2'],
    ['ed25519', 'rekor1'],
  ] as const satisfies readonly (readonly [KeyAlgorithm, string])[]) {
    it(`logs a statement signed with a ${algorithm} key in ${log}, with the key and no certificate`, async () => {
      await using sigstore = await startSigstore();
      const { session, publicKey } = await keyed(sigstore, algorithm, log, 'tsa');
      const { bytes } = await session.sign(STATEMENT);
      const document = JSON.parse(Buffer.from(bytes).toString());
      assert.deepEqual(document.verificationMaterial.publicKey, { hint: publicKey.hint });
      assert.deepEqual(Object.keys(document.dsseEnvelope.signatures[0]), ['sig']);
      assert.equal(document.verificationMaterial.tlogEntries.length, 1);
      // the library knows SHA-256 only
      if (!['ecdsa-p384', 'ecdsa-p521'].includes(algorithm)) {
        const thresholds = { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 1 };
        assert.equal(judge(bytes, sigstore, { ...thresholds, key: publicKey }), 'key');
      }
    });
  }

  it('names the hash that follows from the key in the bundle of a file', async () => {
    await using sigstore = await startSigstore();
    for (const [algorithm, name] of [
      ['ecdsa-p256', 'SHA2_256'],
      ['ecdsa-p384', 'SHA2_384'],
      ['ecdsa-p521', 'SHA2_512'],
    ] as const) {
      const { session } = await keyed(sigstore, algorithm, 'rekor2');
      const document = JSON.parse(Buffer.from((await session.sign(FILE)).bytes).toString());
      assert.equal(document.messageSignature.messageDigest.algorithm, name);
    }
  });

  it('refuses keys that a log does not take before anything is sent', async () => {
    await using sigstore = await startSigstore();
    for (const [algorithm, log, artifact] of [
      ['ed25519', 'rekor2', STATEMENT],
      ['ed25519', 'rekor1', FILE],
      ['ecdsa-p384', 'rekor1', STATEMENT],
    ] as const) {
      const { session } = await keyed(sigstore, algorithm, log, 'tsa');
      await assert.rejects(session.sign(artifact), { code: 'SIGNING_UNSUPPORTED' });
    }
    assert.equal(sigstore.rekor1.requests.length + sigstore.rekor2.requests.length + sigstore.tsa.requests.length, 0);
  });

  it('refuses a short-lived certificate that nothing gives a time to', async () => {
    await using sigstore = await startSigstore();
    await assert.rejects(keyless(sigstore, 'rekor2').sign(STATEMENT), { code: 'SIGNING_UNSUPPORTED' });
    assert.equal(sigstore.rekor2.requests.length, 0);
  });

  it('checks the size before anybody is asked for anything', async () => {
    await using sigstore = await startSigstore();
    const [client, runtime] = [quickClient(), testRuntime()];
    const session = openSigningSession({
      source: { acquire: () => Promise.reject(new Error('asked for a signer')) },
      witnesses: { services: servicesFromUrls(services(sigstore, 'rekor1')), client, runtime },
      maxBundleBytes: 10_000,
    });
    await assert.rejects(session.sign(STATEMENT), { code: 'SIGNING_TOO_LARGE' });
    await assert.rejects(session.sign({ kind: 'statement', payload: Buffer.from('{}') }), {
      code: 'STATEMENT_MALFORMED',
    });
  });

  it('opens no connection for a key without witnesses', async () => {
    const { privateKey } = await generateKeyPair('ecdsa-p256', testRuntime().randomBytes);
    const session = openSigningSession({ source: keySource(createKeySigner(privateKey)) });
    const { testimonies, certificate } = await session.sign(FILE);
    assert.deepEqual(testimonies, []);
    assert.equal(certificate, undefined);
  });

  it('goes through the client only: an offline one stops it', async () => {
    await using sigstore = await startSigstore();
    const [client, runtime] = [quickClient({ offline: true }), testRuntime()];
    const session = openSigningSession({
      source: keylessSource({
        client,
        runtime,
        authority: new URL(sigstore.fulcio.url),
        identity: () => resolveIdentity({ token: tokenWith() }, { client, runtime }),
      }),
      witnesses: { services: servicesFromUrls(services(sigstore, 'rekor1')), client, runtime },
    });
    await assert.rejects(session.sign(STATEMENT), { code: 'NET_OFFLINE' });
    assert.equal(sigstore.fulcio.requests.length, 0);
  });
});

async function keyed(
  sigstore: FakeSigstore,
  algorithm: KeyAlgorithm,
  ...names: readonly ('rekor1' | 'rekor2' | 'tsa')[]
): Promise<{ readonly session: SigningSession; readonly publicKey: PublicKeyIdentity }> {
  const [client, runtime] = [quickClient(), testRuntime()];
  const { privateKey, publicKey } = await generateKeyPair(algorithm, runtime.randomBytes);
  const session = openSigningSession({
    source: keySource(createKeySigner(privateKey)),
    witnesses: { services: servicesFromUrls(services(sigstore, ...names)), client, runtime },
  });
  return { session, publicKey };
}
