import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createKeySigner, generateKeyPair } from '../../src/keys/index.ts';
import { keylessSource, resolveIdentity, type KeylessOptions, type SignerSource } from '../../src/signing/index.ts';
import { quickClient, testRuntime } from './support/context.ts';
import { startService, type TestService } from './support/service.ts';
import { startSigstore, type FakeSigstore } from './support/sigstore.ts';
import { CLAIMS, tokenParts, tokenWith } from './support/tokens.ts';

function source(authority: string, options: Partial<KeylessOptions> & { readonly token?: string } = {}): SignerSource {
  const [client, runtime] = [quickClient(), testRuntime()];
  const { token = tokenWith(), ...rest } = options;
  return keylessSource({
    client,
    runtime,
    authority: new URL(authority),
    identity: () => resolveIdentity({ token }, { client, runtime }),
    ...rest,
  });
}

/** The authority's answer to a request whose key is replaced. */
async function answerFor(sigstore: FakeSigstore, edit: (request: CertificateRequest) => void): Promise<TestService> {
  return startService(async ({ body }) => {
    const request = JSON.parse(body.toString()) as CertificateRequest;
    edit(request);
    const answer = await fetch(`${sigstore.fulcio.url}/api/v2/signingCert`, {
      method: 'POST',
      body: JSON.stringify(request),
    });
    return { status: answer.status, body: await answer.text() };
  });
}

interface CertificateRequest {
  readonly credentials: { oidcIdentityToken: string };
  readonly publicKeyRequest: { readonly publicKey: { content: string }; readonly proofOfPossession: string };
}

describe('keylessSource', () => {
  it('proves possession of the key over the subject, and reports whom the certificate names', async () => {
    await using sigstore = await startSigstore();
    const reported: string[] = [];
    const { certificate, key } = await source(sigstore.fulcio.url, {
      onIdentity: ({ provider }) => reported.push(provider.id),
    }).acquire();
    assert.deepEqual(reported, ['given']);
    assert.equal(certificate?.identity, CLAIMS.sub);
    assert.equal(certificate?.issuer, CLAIMS.iss);
    const [request] = sigstore.fulcio.requests;
    const body = JSON.parse(request?.body.toString() ?? '') as CertificateRequest;
    const proof = Buffer.from(body.publicKeyRequest.proofOfPossession, 'base64');
    const { verifySignature } = await import('../../src/keys/index.ts');
    assert.ok(verifySignature(key.publicKey, Buffer.from(CLAIMS.sub), proof));
    assert.equal(request?.path, '/api/v2/signingCert');
  });

  it('keeps a path before the interface', async () => {
    await using service = await startService(() => ({ status: 404 }));
    await assert.rejects(source(`${service.url}/ca/`).acquire(), { code: 'SERVICE_REFUSED' });
    assert.equal(service.requests[0]?.path, '/ca/api/v2/signingCert');
  });

  it('gets a new certificate when the old one is about to end', async () => {
    await using sigstore = await startSigstore();
    let ahead = 0;
    const runtime = { ...testRuntime(), now: () => new Date(Date.now() + ahead) };
    const signers = source(sigstore.fulcio.url, { runtime });
    const first = await signers.acquire();
    assert.equal(await signers.acquire(), first);
    ahead = 9.5 * 60_000;
    assert.notEqual((await signers.acquire()).key.publicKey.fingerprint, first.key.publicKey.fingerprint);
    assert.equal(sigstore.fulcio.requests.length, 2);
  });

  it('asks once for callers at the same time, and again after a failure', async () => {
    await using sigstore = await startSigstore({
      fulcio: (_request, index) => (index === 0 ? { status: 400 } : undefined),
    });
    const signers = source(sigstore.fulcio.url);
    const outcomes = await Promise.allSettled([signers.acquire(), signers.acquire()]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    const [a, b] = await Promise.all([signers.acquire(), signers.acquire()]);
    assert.equal(a, b);
    assert.equal(sigstore.fulcio.requests.length, 2);
  });

  it('refuses a certificate for another key', async () => {
    await using sigstore = await startSigstore();
    const other = await generateKeyPair('ecdsa-p256', randomBytes);
    await using service = await answerFor(
      sigstore,
      ({ publicKeyRequest }) => (publicKeyRequest.publicKey.content = other.publicKey.pem),
    );
    await assert.rejects(source(service.url).acquire(), { code: 'SERVICE_ANSWER_INVALID', message: /another key/ });
  });

  it('refuses a certificate whose issuer is not that of the token', async () => {
    await using sigstore = await startSigstore();
    await using service = await answerFor(
      sigstore,
      ({ credentials }) => (credentials.oidcIdentityToken = tokenWith({ iss: 'https://evil.example' })),
    );
    await assert.rejects(source(service.url).acquire(), { code: 'SERVICE_ANSWER_INVALID', message: /evil\.example/ });
  });

  it('refuses a certificate that is not valid now', async () => {
    await using sigstore = await startSigstore();
    const runtime = { ...testRuntime(), now: () => new Date(Date.now() + 3600_000) };
    await assert.rejects(source(sigstore.fulcio.url, { runtime }).acquire(), {
      code: 'SERVICE_ANSWER_INVALID',
      message: /not now/,
    });
  });

  it('refuses answers without certificates, with rubbish, with a chain that is none, and too large ones', async () => {
    await using sigstore = await startSigstore();
    const { certificate } = await source(sigstore.fulcio.url).acquire();
    const leaf = certificate?.leaf.toString() ?? '';
    const chain = (certificates: unknown): string =>
      JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } });
    const answers = [
      '',
      '{}',
      '[]',
      'nonsense',
      chain([]),
      chain('x'),
      chain([7]),
      chain(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']),
      chain([leaf, leaf]),
    ];
    for (const body of answers) {
      await using service = await startService(() => ({ status: 201, body }));
      await assert.rejects(source(service.url).acquire(), { code: 'SERVICE_ANSWER_INVALID' }, body.slice(0, 80));
    }
    await using large = await startService(() => ({ status: 201, body: 'x'.repeat(1_000_000) }));
    await assert.rejects(source(large.url).acquire(), { code: 'NET_RESPONSE_TOO_LARGE' });
  });

  it('refuses a certificate without a timestamp of a log, unless told, and one given apart', async () => {
    await using sigstore = await startSigstore();
    await using detached = await startService(async ({ body }) => {
      const answer = await fetch(`${sigstore.fulcio.url}/api/v2/signingCert`, {
        method: 'POST',
        body: new Uint8Array(body),
      });
      const { signedCertificateEmbeddedSct } = (await answer.json()) as { signedCertificateEmbeddedSct: object };
      const signedCertificateDetachedSct = { ...signedCertificateEmbeddedSct, signedCertificateTimestamp: 'AAAA' };
      return { status: 201, body: JSON.stringify({ signedCertificateDetachedSct }) };
    });
    await assert.rejects(source(detached.url).acquire(), { code: 'SERVICE_ANSWER_INVALID', message: /apart/ });
    await using bare = await startBareAuthority();
    await assert.rejects(source(bare.url).acquire(), { code: 'SERVICE_ANSWER_INVALID', hint: /--insecure-ignore-sct/ });
    assert.ok((await source(bare.url, { allowMissingSct: true }).acquire()).certificate);
  });

  it('sends the token nowhere but to the authority, and shows it in no error', async () => {
    const token = tokenWith({ sub: 'somebody with a secret' });
    await using elsewhere = await startService(() => ({ status: 200 }));
    const services = [
      (): object => ({ status: 307, headers: { location: `${elsewhere.url}/api/v2/signingCert` } }),
      (): object => ({ status: 302, headers: { location: elsewhere.url } }),
      (): object => ({ status: 400, body: `cannot process the token ${token}` }),
      (): object => ({ status: 403, body: JSON.stringify({ code: 7, message: `bad ${token.split('.')[1]}` }) }),
      (): object => ({ status: 201, body: JSON.stringify(token) }),
      (): object => ({ status: 201, body: `${token} is not JSON` }),
    ];
    for (const answer of services) {
      await using service = await startService(answer);
      await assert.rejects(source(service.url, { token }).acquire(), (error) => {
        const text = inspect(error, { depth: 9, showHidden: true });
        for (const part of tokenParts(token)) assert.ok(!text.includes(part), text);
        return true;
      });
    }
    assert.equal(elsewhere.requests.length, 0);
  });

  it('tries again after 500 and 503, and not for ever', async () => {
    await using sigstore = await startSigstore({
      fulcio: (_request, index) => (index < 2 ? { status: index === 0 ? 500 : 503 } : undefined),
    });
    assert.ok(await source(sigstore.fulcio.url).acquire());
    await using broken = await startService(() => ({ status: 500, body: 'broken' }));
    await assert.rejects(source(broken.url).acquire(), { code: 'SERVICE_UNAVAILABLE', exitCode: 4 });
    assert.equal(broken.requests.length, 3);
  });
});

/** An authority that no certificate-transparency log knows. */
async function startBareAuthority(): Promise<TestService> {
  const { fulcioHandler, initializeCA } = await import('@sigstore/mock');
  const { ecKeys } = await import('./support/sigstore.ts');
  const { fn } = fulcioHandler(await initializeCA(ecKeys()), { strict: true });
  return startService(async ({ body }) => {
    const { statusCode, response } = await fn(body.toString());
    return { status: statusCode, body: response as string };
  });
}

describe('the key of a keyless run', () => {
  it('is made from the randomness given', async () => {
    await using sigstore = await startSigstore();
    const runtime = { ...testRuntime(), randomBytes: (length: number) => new Uint8Array(length).fill(7) };
    const { key } = await source(sigstore.fulcio.url, { runtime }).acquire();
    const { privateKey } = await generateKeyPair('ecdsa-p256', runtime.randomBytes);
    assert.equal(key.publicKey.fingerprint, createKeySigner(privateKey).publicKey.fingerprint);
  });
});
