import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS, sha256Digest } from '../../src/core/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_INDEX, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };
const manifest = manifestOf(document);

describe('manifests', () => {
  test('by tag, by digest, and the reference’s own', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
    await using store = await openQuietly(registry.host, 'app');
    for (const reference of ['latest', manifest.digest, '']) {
      const read = await store.readManifest(reference, calm);
      assert.deepEqual([read.digest, read.mediaType], [manifest.digest, OCI_MANIFEST]);
      assert.deepEqual(Buffer.from(read.bytes), manifest.bytes);
    }
    const accept = registry.requests.at(-1)?.headers.accept ?? '';
    for (const type of [
      OCI_INDEX,
      OCI_MANIFEST,
      'docker.distribution.manifest.list.v2',
      'docker.distribution.manifest.v2',
    ]) {
      assert.ok(accept.includes(type), type);
    }
    assert.equal(store.name, `${registry.host}/app`);
  });

  test('missing manifest and missing repository have their own codes', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', 'x');
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(
      store.readManifest('gone', calm),
      failsWith('MANIFEST_NOT_FOUND', /manifest gone of .*\/app: MANIFEST_UNKNOWN/),
    );
    await using none = await openQuietly(registry.host, 'none');
    await assert.rejects(none.readManifest('gone', calm), failsWith('REPOSITORY_NOT_FOUND'));
    assert.equal(await store.headManifest('gone', calm), undefined);
  });

  test('bytes with another digest than asked, or than stated, are refused', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /manifests/, action: { kind: 'corrupt' } });
    await assert.rejects(store.readManifest(manifest.digest, calm), failsWith('DIGEST_MISMATCH'));
    await assert.rejects(store.readManifest('latest', calm), failsWith('DIGEST_MISMATCH'));
    registry.clearFaults();
    const lie = { 'docker-content-digest': sha256Digest('other') };
    registry.fail({ path: /manifests/, action: { kind: 'headers', headers: lie } });
    await assert.rejects(store.readManifest('latest', calm), failsWith('DIGEST_MISMATCH'));
    await assert.rejects(store.readManifest(manifest.digest, calm), failsWith('DIGEST_MISMATCH'));
    await assert.rejects(store.headManifest(manifest.digest, calm), failsWith('DIGEST_MISMATCH'));
  });

  test('pitfall 9, GHSA-77vh-xpmg-72qh: a Content-Type that contradicts mediaType is refused; one that says nothing is not', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', manifest.bytes, { mediaType: OCI_INDEX, tag: 'liar' });
    registry.putManifest('app', { schemaVersion: 2, mediaType: 7 }, { mediaType: OCI_MANIFEST, tag: 'number' });
    registry.putManifest(
      'app',
      { ...document, note: 1 },
      { mediaType: 'application/json; charset=utf-8', tag: 'generic' },
    );
    registry.putManifest('app', { schemaVersion: 2 }, { mediaType: `${OCI_INDEX}; charset=utf-8`, tag: 'silent' });
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.readManifest('liar', calm), failsWith('MEDIA_TYPE_CONFLICT'));
    await assert.rejects(store.readManifest('number', calm), failsWith('MEDIA_TYPE_CONFLICT'));
    assert.equal((await store.readManifest('generic', calm)).mediaType, OCI_MANIFEST);
    assert.equal((await store.readManifest('silent', calm)).mediaType, OCI_INDEX);
  });

  test('is capped in size, and must be JSON', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', Buffer.alloc(LIMITS.manifestBytes + 1, 0x20), { mediaType: OCI_MANIFEST, tag: 'big' });
    registry.putManifest('app', Buffer.from('{"a":1,"a":2}'), { mediaType: OCI_MANIFEST, tag: 'twice' });
    registry.putManifest('app', Buffer.from('[['.repeat(50_000)), { mediaType: OCI_MANIFEST, tag: 'deep' });
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.readManifest('big', calm), failsWith('LIMIT_EXCEEDED'));
    await assert.rejects(store.readManifest('twice', calm), failsWith('JSON_INVALID'));
    await assert.rejects(store.readManifest('deep', calm), failsWith('LIMIT_EXCEEDED'));
  });

  test('headManifest gives the descriptor, from the manifest where headers are missing', async () => {
    await using registry = await startRegistry();
    registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
    await using store = await openQuietly(registry.host, 'app');
    const expected = { mediaType: OCI_MANIFEST, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength };
    assert.deepEqual(await store.headManifest('latest', calm), expected);
    assert.equal(registry.count('GET', /manifests/), 0);
    registry.fail({
      path: /manifests/,
      method: 'HEAD',
      times: 1,
      action: { kind: 'headers', headers: { 'docker-content-digest': '' } },
    });
    assert.deepEqual(await store.headManifest('latest', calm), expected);
    registry.fail({ path: /manifests/, method: 'HEAD', times: 1, action: { kind: 'status', status: 405 } });
    assert.deepEqual(await store.headManifest('latest', calm), expected);
    assert.equal(registry.count('GET', /manifests/), 2);
  });

  test('names that could leave the repository are refused before any request', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const before = registry.requests.length;
    for (const reference of ['../../x', 'a/b', 'a?b', 'sha256:abc', 'x'.repeat(129), '.a']) {
      await assert.rejects(store.readManifest(reference, calm), failsWith('USAGE'), reference);
    }
    assert.equal(registry.requests.length, before);
    for (const repository of ['../x', 'A', 'a//b', 'a/../b', '', 'a?x', '/a']) {
      await assert.rejects(openQuietly(registry.host, repository), failsWith('REPOSITORY_NOT_FOUND'), repository);
    }
  });
});
