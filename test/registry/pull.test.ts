import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExitCode, isAppError, LIMITS, sha256Digest } from '../../src/core/index.ts';
import type { Descriptor } from '../../src/image/index.ts';
import type { RegistryStore } from '../../src/registry/index.ts';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { startRegistry, type FaultAction } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_INDEX, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };
const manifest = manifestOf(document);
const noOpenssl = hasOpenssl() ? false : 'openssl is not installed';
/** For what is meant to time out. */
const short = { timeouts: { connectMs: 400, headersMs: 400, idleMs: 400 } };

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

  test('a Content-Type that contradicts mediaType is refused; one that says nothing is not', async () => {
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

describe('failures by name', () => {
  const cases: readonly (readonly [FaultAction, string, ExitCode])[] = [
    [{ kind: 'status', status: 401 }, 'REGISTRY_UNAUTHORIZED', ExitCode.Auth],
    [{ kind: 'status', status: 403 }, 'REGISTRY_FORBIDDEN', ExitCode.Auth],
    [{ kind: 'status', status: 429 }, 'REGISTRY_RATE_LIMITED', ExitCode.Remote],
    [{ kind: 'status', status: 500 }, 'REGISTRY_SERVER_ERROR', ExitCode.Remote],
    [{ kind: 'status', status: 503 }, 'REGISTRY_SERVER_ERROR', ExitCode.Remote],
    [{ kind: 'status', status: 418 }, 'REGISTRY_UNEXPECTED_ANSWER', ExitCode.Remote],
    [{ kind: 'drop' }, 'REGISTRY_UNREACHABLE', ExitCode.Remote],
    [{ kind: 'drop-after', bytes: 3 }, 'REGISTRY_UNREACHABLE', ExitCode.Remote],
    [{ kind: 'hang' }, 'REGISTRY_TIMEOUT', ExitCode.Remote],
    [{ kind: 'stall', bytes: 3 }, 'REGISTRY_TIMEOUT', ExitCode.Remote],
    [{ kind: 'html' }, 'REGISTRY_UNEXPECTED_ANSWER', ExitCode.Remote],
    [{ kind: 'redirect', location: 'http://169.254.169.254/' }, 'NET_REDIRECT_REFUSED', ExitCode.Remote],
  ];
  const reads: readonly (readonly [string, (store: RegistryStore) => Promise<unknown>])[] = [
    ['manifest', (store) => store.readManifest('latest', calm)],
    ['referrers', (store) => store.listReferrers(manifest.digest, calm)],
  ];
  for (const [action, code, exitCode] of cases) {
    for (const [name, read] of reads) {
      if (name === 'referrers' && (action.kind === 'html' || action.kind === 'redirect')) continue;
      const label = 'status' in action ? action.status : action.kind;
      test(`${name}: ${label} is ${code}`, async () => {
        await using registry = await startRegistry();
        registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
        const waits = action.kind === 'hang' || action.kind === 'stall';
        await using store = await openQuietly(registry.host, 'app', waits ? short : {});
        registry.fail({ path: /manifests|referrers/, action });
        await assert.rejects(read(store), (error: unknown) => {
          failsWith(code)(error);
          return isAppError(error) && error.exitCode === exitCode;
        });
      });
    }
  }

  test('the registry’s own words are shown, made safe and short', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const body = JSON.stringify({
      errors: [
        { code: 'DENIED', message: `no\u001b[31m access\u202e ${'x'.repeat(1000)}` },
        { code: 'TOOMANY', message: 'Bearer abcdefghijklmnop' },
      ],
    });
    registry.fail({ path: /manifests/, action: { kind: 'status', status: 403, body } });
    await assert.rejects(store.readManifest('latest', calm), (error: Error) => {
      assert.match(error.message, /DENIED: no\\u\{1b\}/);
      assert.match(error.message, /TOOMANY: Bearer \*\*\*/);
      assert.ok(error.message.length < 1500);
      return failsWith('REGISTRY_FORBIDDEN')(error);
    });
  });

  test('an endless or absurd error body changes nothing', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    for (const body of ['x'.repeat(1_000_000), '{"errors":[1,null,{"code":{}}]}', '[]', '"text"']) {
      registry.fail({ path: /manifests/, times: 1, action: { kind: 'status', status: 403, body } });
      await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_FORBIDDEN'));
    }
  });

  test('a long Retry-After is not waited for, and said', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /manifests/, action: { kind: 'status', status: 429, headers: { 'retry-after': '21600' } } });
    await assert.rejects(store.readManifest('latest', calm), (error: unknown) => {
      failsWith('REGISTRY_RATE_LIMITED')(error);
      return isAppError(error) && /21600 seconds/.test(error.hint ?? '');
    });
    assert.equal(registry.count('GET', /manifests/), 1);
  });

  test('nothing listens', async () => {
    const registry = await startRegistry();
    await registry[Symbol.asyncDispose]();
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_UNREACHABLE', /nothing listens/));
  });

  test('offline is said, and nothing is sent', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app', { offline: true });
    await assert.rejects(store.readManifest('latest', calm), failsWith('NET_OFFLINE'));
    assert.equal(registry.requests.length, 0);
  });
});

describe('blobs', () => {
  const content = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7919) % 251));
  const descriptor: Descriptor = { mediaType: 'x', digest: sha256Digest(content), sizeBytes: content.byteLength };

  async function read(store: RegistryStore, wanted = descriptor): Promise<Buffer> {
    const source = await store.openBlob(wanted, calm);
    assert.equal(source.kind, 'stream');
    const chunks: Uint8Array[] = [];
    if (source.kind === 'stream') for await (const chunk of source.stream) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  test('stream, whole, and asked for', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    assert.deepEqual(await read(store), content);
    assert.deepEqual(await store.readBlob(descriptor, content.byteLength, calm), content);
    assert.equal(await store.hasBlob(descriptor.digest, calm), true);
    assert.equal(await store.hasBlob(sha256Digest('other'), calm), false);
  });

  test('a broken transfer goes on where it ended, as often as it gets ahead', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /blobs/, times: 6, action: { kind: 'drop-after', bytes: 50_000 } });
    assert.deepEqual(await read(store), content);
    const ranges = registry.requests.filter(({ path }) => path.includes('blobs')).map(({ headers }) => headers.range);
    assert.equal(ranges.length, 7);
    assert.equal(ranges[0], undefined);
    assert.equal(new Set(ranges).size, 7, 'each starts further on');
  });

  test('a stalled transfer goes on too', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app', short);
    registry.fail({ path: /blobs/, times: 1, action: { kind: 'stall', bytes: 100_000 } });
    assert.deepEqual(await read(store), content);
  });

  test('a transfer that never gets ahead is given up', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /blobs/, action: { kind: 'drop-after', bytes: 0 } });
    await assert.rejects(read(store), failsWith('BLOB_TRANSFER_BROKEN', /after 0 of 400000/));
  });

  const wrongRests: readonly (readonly [string, FaultAction])[] = [
    ['the whole again', { kind: 'status', status: 200, body: 'from the start' }],
    ['another range', { kind: 'headers', headers: { 'content-range': 'bytes 0-10/400000' } }],
    ['another size', { kind: 'headers', headers: { 'content-range': `bytes 50000-399999/500000` } }],
    ['no range', { kind: 'headers', headers: { 'content-range': '' } }],
    ['416', { kind: 'status', status: 416 }],
  ];
  for (const [name, action] of wrongRests) {
    test(`a rest that is ${name} is not taken for it`, async () => {
      await using registry = await startRegistry();
      registry.putBlob('app', content);
      await using store = await openQuietly(registry.host, 'app');
      registry.fail({ path: /blobs/, times: 1, action: { kind: 'drop-after', bytes: 50_000 } });
      registry.fail({ path: /blobs/, action });
      await assert.rejects(read(store), failsWith('BLOB_TRANSFER_BROKEN'));
    });
  }

  test('more or fewer bytes than the descriptor says are refused', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /blobs/, times: 1, action: { kind: 'truncate', bytes: 1000 } });
    await assert.rejects(read(store), failsWith('BLOB_SIZE_MISMATCH', /only 1000 came/));
    registry.fail({ path: /blobs/, times: 1, action: { kind: 'append', bytes: 1 } });
    await assert.rejects(read(store), failsWith('BLOB_SIZE_MISMATCH', /more came/));
    await assert.rejects(read(store, { ...descriptor, sizeBytes: 10 }), failsWith('BLOB_SIZE_MISMATCH', /announced/));
  });

  test('readBlob compares the digest and holds to its cap', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.readBlob(descriptor, 399_999, calm), failsWith('LIMIT_EXCEEDED'));
    assert.equal(registry.count('GET', /blobs/), 0);
    registry.fail({ path: /blobs/, action: { kind: 'corrupt' } });
    await assert.rejects(store.readBlob(descriptor, 1e6, calm), failsWith('DIGEST_MISMATCH'));
  });

  test('a missing blob is that; other answers are no "not there"', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.openBlob(descriptor, calm), failsWith('BLOB_NOT_FOUND'));
    registry.fail({ path: /blobs/, action: { kind: 'status', status: 403 } });
    await assert.rejects(store.hasBlob(descriptor.digest, calm), failsWith('REGISTRY_FORBIDDEN'));
  });

  test('a blob that storage serves is followed to', async () => {
    await using storage = await startRegistry();
    storage.putBlob('app', content);
    await using registry = await startRegistry();
    registry.fail({
      path: /blobs/,
      action: { kind: 'redirect', location: `${storage.url}/v2/app/blobs/${descriptor.digest}?sig=1` },
    });
    await using store = await openQuietly(registry.host, 'app');
    assert.deepEqual(await read(store), content);
  });

  test('storage that refuses a HEAD has not said that the blob is there', async () => {
    await using storage = await startRegistry();
    storage.fail({ path: /./, action: { kind: 'status', status: 403 } });
    await using registry = await startRegistry();
    registry.fail({ path: /blobs/, action: { kind: 'redirect', location: `${storage.url}/signed` } });
    await using store = await openQuietly(registry.host, 'app');
    assert.equal(await store.hasBlob(descriptor.digest, calm), false);
  });

  test('an abort ends a transfer', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /blobs/, action: { kind: 'stall', bytes: 1000 } });
    const controller = new AbortController();
    const source = await store.openBlob(descriptor, controller.signal);
    setTimeout(() => controller.abort(), 30);
    await assert.rejects(async () => {
      if (source.kind === 'stream') for await (const _ of source.stream);
    }, failsWith('INTERRUPTED'));
  });
});

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
