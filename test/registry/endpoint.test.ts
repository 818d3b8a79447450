import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };
const manifest = manifestOf(document);
const noOpenssl = hasOpenssl() ? false : 'openssl is not installed';

describe('endpoint', () => {
  test('loopback with TLS is found to speak it', { skip: noOpenssl }, async () => {
    const { caFile, key, cert } = makeCertificates();
    await using registry = await startRegistry({ tls: { key, cert } });
    registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
    await using store = await openQuietly(registry.host, 'app', { caFile });
    assert.equal((await store.readManifest('latest', calm)).digest, manifest.digest);
    await using untrusting = await openQuietly(registry.host, 'app');
    await assert.rejects(untrusting.readManifest('latest', calm));
  });

  const asked = async (registry: string, insecureRegistries: readonly string[]): Promise<string[]> => {
    const urls: string[] = [];
    await using store = await openQuietly(registry, 'library/app', {
      insecureRegistries,
      fetch: async (url) => {
        urls.push(url);
        if (url.startsWith('https:') && insecureRegistries.length > 0)
          throw Object.assign(new Error('x'), { code: 'EPROTO' });
        return { status: 404, headers: { get: () => null }, body: null };
      },
    });
    await assert.rejects(store.readManifest('1', calm), failsWith('MANIFEST_NOT_FOUND'));
    return urls;
  };

  test('other hosts are spoken to in https only, Docker Hub at its own name', async () => {
    assert.deepEqual(await asked('reg.test', []), ['https://reg.test/v2/library/app/manifests/1']);
    assert.deepEqual(await asked('docker.io', []), ['https://registry-1.docker.io/v2/library/app/manifests/1']);
  });

  test('plain HTTP for those the user named, after https was tried', async () => {
    assert.deepEqual(await asked('reg.test:5000', ['reg.test:5000']), [
      'https://reg.test:5000/v2/',
      'http://reg.test:5000/v2/',
      'http://reg.test:5000/v2/library/app/manifests/1',
    ]);
  });
});
