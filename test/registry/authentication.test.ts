import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExitCode, isAppError, sha256Digest } from '../../src/core/index.ts';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { startServer } from '../support/registry/http-server.ts';
import { startRegistry, type TestRegistryAuth } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly, quietRuntime } from '../support/registry/opening.ts';
import { startProxy } from '../support/registry/proxy.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { failsWith } from '../net/client.ts';

const bearer: TestRegistryAuth = { kind: 'bearer', username: 'ci', password: 'topsecret' };
const basic: TestRegistryAuth = { ...bearer, kind: 'basic' };
const manifest = manifestOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] });
const noOpenssl = hasOpenssl() ? false : 'openssl is not installed';

function authFileFor(host: string, entry: object = { auth: Buffer.from('ci:topsecret').toString('base64') }): string {
  const path = join(scratchFolder('waybill-test-auth-'), 'config.json');
  writeFileSync(path, JSON.stringify({ auths: { [host]: entry } }));
  return path;
}

const put = { mediaType: OCI_MANIFEST, tag: 'latest' };

describe('authentication', () => {
  test('the first request is anonymous, and a public registry never sees credentials', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await store.readManifest('latest', calm);
    assert.ok(registry.requests.every(({ headers }) => headers.authorization === undefined));
  });

  test('bearer: a token is fetched for the scope, with Basic credentials, and used again', async () => {
    await using registry = await startRegistry({ auth: bearer });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    for (let count = 0; count < 3; count += 1) await store.readManifest('latest', calm);
    const asked = registry.requests.filter(({ path }) => path.startsWith('/token'));
    assert.deepEqual(
      asked.map(({ path }) => path),
      ['/token?service=test-registry&scope=repository%3Aapp%3Apull'],
    );
    assert.match(asked[0]?.headers.authorization ?? '', /^Basic /);
    assert.equal(registry.count('GET', /manifests/), 4, 'one challenge, three answers');
    await store.writeBlob(Buffer.from('x'), sha256Digest('x'), calm);
    assert.equal(registry.count('GET', /^\/token\?.*pull%2Cpush/), 1, 'pushing has a token of its own');
  });

  test('requests at the same time share one token', async () => {
    await using registry = await startRegistry({ auth: bearer });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 40 }, () => store.readManifest('latest', signal)));
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener('warning', onWarning);
    assert.equal(registry.count('GET', /^\/token/), 1);
    assert.deepEqual(warnings, []);
  });

  test('bearer without credentials: an anonymous token pulls where that is allowed', async () => {
    await using registry = await startRegistry({ auth: { ...bearer, anonymousPull: true } });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app');
    assert.equal((await store.readManifest('latest', calm)).digest, manifest.digest);
    await assert.rejects(
      store.writeBlob(Buffer.from('x'), sha256Digest('x'), calm),
      failsWith('REGISTRY_UNAUTHORIZED'),
    );
  });

  test('an identity token is exchanged by POST; a registry token is sent as it is', async () => {
    await using registry = await startRegistry({ auth: { ...bearer, identityToken: 'refresh-me' } });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', {
      authFile: authFileFor(registry.host, { identitytoken: 'refresh-me' }),
    });
    await store.readManifest('latest', calm);
    assert.equal(registry.count('POST', /^\/token$/), 1);
    await using other = await openQuietly(registry.host, 'app', {
      authFile: authFileFor(registry.host, { registrytoken: 'my-own' }),
    });
    await assert.rejects(other.readManifest('latest', calm), failsWith('REGISTRY_UNAUTHORIZED'));
    assert.equal(registry.requests.at(-1)?.headers.authorization, 'Bearer my-own');
  });

  test('basic: credentials after the challenge, then at once', async () => {
    await using registry = await startRegistry({ auth: basic });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await store.readManifest('latest', calm);
    await store.readManifest('latest', calm);
    assert.equal(registry.count('GET', /manifests/), 3);
  });

  test('a token that lost its worth is replaced once', async () => {
    await using registry = await startRegistry({ auth: bearer });
    registry.putManifest('app', manifest.bytes, put);
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await store.readManifest('latest', calm);
    registry.revokeTokens();
    await store.readManifest('latest', calm);
    assert.equal(registry.count('GET', /^\/token/), 2);
    registry.fail({
      path: /manifests/,
      action: { kind: 'status', status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } },
    });
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_UNAUTHORIZED'));
    assert.equal(registry.count('GET', /^\/token/), 3, 'no endless loop');
  });

  test('a token is not used after it expired', async () => {
    await using registry = await startRegistry({ auth: { ...bearer, expiresInSeconds: 60 } });
    registry.putManifest('app', manifest.bytes, put);
    let now = 0;
    const runtime = { ...quietRuntime(), now: () => new Date(now) };
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host), runtime });
    await store.readManifest('latest', calm);
    now = 40_000;
    await store.readManifest('latest', calm);
    assert.equal(registry.count('GET', /^\/token/), 1);
    now = 55_000;
    await store.readManifest('latest', calm);
    assert.equal(registry.count('GET', /^\/token/), 2);
  });

  test('wrong and missing credentials are told apart in the hint; secrets appear nowhere', async () => {
    for (const auth of [bearer, basic]) {
      await using registry = await startRegistry({ auth });
      await using none = await openQuietly(registry.host, 'app');
      const wrong = { auth: Buffer.from('ci:wrong-topsecret').toString('base64') };
      await using bad = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host, wrong) });
      const failures = await Promise.all(
        [none, bad].map((store) =>
          store.readManifest('latest', calm).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      for (const error of failures) {
        assert.ok(isAppError(error));
        assert.equal(error.code, 'REGISTRY_UNAUTHORIZED');
        assert.equal(error.exitCode, ExitCode.Auth);
        assert.doesNotMatch(JSON.stringify([error.message, error.hint, error.details, error.stack]), /topsecret/);
      }
      assert.match((failures[0] as { hint: string }).hint, /log in to .*do not exist/);
      assert.match((failures[1] as { hint: string }).hint, /not accepted/);
    }
  });

  test('a 401 without a usable challenge stands', async () => {
    await using registry = await startRegistry();
    registry.fail({
      path: /manifests/,
      action: { kind: 'status', status: 401, headers: { 'www-authenticate': 'Negotiate' } },
    });
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_UNAUTHORIZED'));
  });

  for (const [name, answer] of Object.entries({
    'no JSON': 'hello',
    'no token': '{}',
    'a token with line breaks': '{"token":"a\\r\\nx-evil: 1"}',
    'a number': '{"token":1}',
  })) {
    test(`a token server that answers ${name} is refused`, async () => {
      await using registry = await startRegistry({ auth: bearer });
      registry.fail({ path: /^\/token/, action: { kind: 'status', status: 200, body: answer } });
      await using store = await openQuietly(registry.host, 'app');
      await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_AUTH_MALFORMED'));
    });
  }

  test('a token server that is busy, broken or silent is that, not a refusal', async () => {
    await using registry = await startRegistry({ auth: bearer });
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /^\/token/, times: 4, action: { kind: 'status', status: 429 } });
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_RATE_LIMITED', /token/));
    registry.fail({ path: /^\/token/, times: 1, action: { kind: 'status', status: 500 } });
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_SERVER_ERROR', /token/));
    registry.fail({ path: /^\/token/, times: 4, action: { kind: 'drop' } });
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_UNREACHABLE', /token/));
  });
});

describe('credentials never go elsewhere', () => {
  test('a registry cannot have them sent to a realm of its choice', { skip: noOpenssl }, async () => {
    const { caFile, key, cert } = makeCertificates();
    await using thief = await startServer((_, response) => void response.end('{"token":"t"}'));
    await using registry = await startRegistry({
      tls: { key, cert },
      auth: { ...bearer, realm: `${thief.url}/token` },
    });
    await using proxy = await startProxy(Number(new URL(registry.url).port));
    const options = { caFile, authFile: authFileFor('registry.example.test'), env: { HTTPS_PROXY: proxy.url } };
    await using store = await openQuietly('registry.example.test', 'app', options);
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_REALM_REFUSED', /127\.0\.0\.1/));
    assert.equal(thief.requests.length, 0);
    await using trusting = await openQuietly('registry.example.test', 'app', {
      ...options,
      allowedRealms: [thief.url],
    });
    await assert.rejects(trusting.readManifest('latest', calm), failsWith('REGISTRY_UNAUTHORIZED'));
    assert.equal(thief.requests.length, 1);
  });

  test('a redirect to storage carries no token, and a 401 from there is not answered', async () => {
    await using storage = await startRegistry({ auth: basic });
    const digest = storage.putBlob('app', 'content');
    await using registry = await startRegistry({ auth: bearer });
    const descriptor = { mediaType: 'x', digest, sizeBytes: 7 };
    registry.putBlob('app', 'content');
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await store.readBlob(descriptor, 100, calm);
    registry.fail({ path: /blobs/, action: { kind: 'redirect', location: `${storage.url}/v2/app/blobs/${digest}` } });
    await assert.rejects(store.readBlob(descriptor, 100, calm), failsWith('REGISTRY_UNAUTHORIZED'));
    assert.equal(storage.requests.length, 1);
    assert.equal(storage.requests[0]?.headers.authorization, undefined);
  });

  test('an upload location on another host gets the bytes but no token', async () => {
    await using storage = await startRegistry();
    await using registry = await startRegistry({ auth: bearer });
    await using store = await openQuietly(registry.host, 'app', { authFile: authFileFor(registry.host) });
    await store.writeBlob(Buffer.from('warm'), sha256Digest('warm'), calm);
    registry.fail({
      method: 'POST',
      path: /uploads/,
      action: { kind: 'status', status: 202, headers: { location: `${storage.url}/v2/app/blobs/uploads/?sig=a%2Fb` } },
    });
    storage.fail({ path: /uploads/, action: { kind: 'status', status: 201 } });
    await store.writeBlob(Buffer.from('bytes'), sha256Digest('bytes'), calm);
    assert.equal(storage.requests.at(-1)?.method, 'PUT');
    assert.equal(
      storage.requests.at(-1)?.path,
      `/v2/app/blobs/uploads/?sig=a%2Fb&digest=${encodeURIComponent(sha256Digest('bytes'))}`,
    );
    assert.equal(storage.requests.at(-1)?.headers.authorization, undefined);
  });
});
