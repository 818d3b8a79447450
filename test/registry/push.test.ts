import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sha256Digest } from '../../src/core/index.ts';
import type { Descriptor } from '../../src/image/index.ts';
import type { UploadSource } from '../../src/registry/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { failsWith } from '../net/client.ts';

const content = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 31) % 256));

function descriptorOf(bytes: Uint8Array): Descriptor {
  return { mediaType: 'x', digest: sha256Digest(bytes), sizeBytes: bytes.byteLength };
}

function streamOf(bytes: Uint8Array, pieceBytes = 999): UploadSource {
  return {
    kind: 'stream',
    stream: (async function* () {
      for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes)
        yield bytes.subarray(offset, offset + pieceBytes);
    })(),
  };
}

function fileOf(bytes: Uint8Array): UploadSource {
  const path = join(scratchFolder('waybill-test-blob-'), 'blob');
  writeFileSync(path, Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]));
  return { kind: 'file', range: { path, offsetBytes: 6, lengthBytes: bytes.byteLength } };
}

const chunked = { upload: { chunkedAboveBytes: 0, chunkBytes: 3000 } };
const sources: Readonly<Record<string, (bytes: Uint8Array) => UploadSource>> = {
  bytes: (bytes) => ({ kind: 'bytes', bytes }),
  stream: (bytes) => streamOf(bytes),
  file: fileOf,
};

describe('uploadBlob', () => {
  for (const [name, open] of Object.entries(sources)) {
    test(`${name} in one PUT of known length`, async () => {
      await using registry = await startRegistry();
      await using store = await openQuietly(registry.host, 'team/app');
      const descriptor = descriptorOf(content);
      await store.uploadBlob(open(content), descriptor, calm);
      assert.deepEqual(registry.getBlob('team/app', descriptor.digest), content);
      const put = registry.requests.find(({ method }) => method === 'PUT');
      assert.equal(put?.headers['content-length'], '10000');
      assert.match(put?.path ?? '', /\?_state=s%2Fupload-1&digest=sha256%3A/, 'the location’s own query is kept');
    });

    test(`${name} in chunks in order`, async () => {
      await using registry = await startRegistry();
      await using store = await openQuietly(registry.host, 'app', chunked);
      const descriptor = descriptorOf(content);
      await store.uploadBlob(open(content), descriptor, calm);
      assert.deepEqual(registry.getBlob('app', descriptor.digest), content);
      const ranges = registry.requests
        .filter(({ method }) => method === 'PATCH')
        .map(({ headers }) => headers['content-range']);
      assert.deepEqual(ranges, ['0-2999', '3000-5999', '6000-8999', '9000-9999']);
    });
  }

  test('an empty blob', async () => {
    await using registry = await startRegistry();
    for (const [name, open] of Object.entries(sources)) {
      await using store = await openQuietly(registry.host, name);
      await store.uploadBlob(open(Buffer.alloc(0)), descriptorOf(Buffer.alloc(0)), calm);
      assert.equal(registry.getBlob(name, sha256Digest(''))?.byteLength, 0);
    }
  });

  test('any size and any chunk size arrive whole', async () => {
    await using registry = await startRegistry();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(200),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 50 }),
        async (size, chunkBytes, piece) => {
          const bytes = content.subarray(0, size);
          await using store = await openQuietly(registry.host, `r${size}-${chunkBytes}-${piece}`, {
            upload: { chunkedAboveBytes: 0, chunkBytes },
          });
          await store.uploadBlob(streamOf(bytes, piece), descriptorOf(bytes), calm);
          assert.deepEqual(
            Buffer.from(registry.getBlob(`r${size}-${chunkBytes}-${piece}`, sha256Digest(bytes))!),
            bytes,
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  test('chunks are as large as the registry asks', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app', chunked);
    registry.fail({
      method: 'POST',
      path: /uploads/,
      action: { kind: 'headers', headers: { 'oci-chunk-min-length': '8000' } },
    });
    await store.uploadBlob({ kind: 'bytes', bytes: content }, descriptorOf(content), calm);
    assert.equal(registry.count('PATCH', /./), 2);
  });

  test('a blob that is there is not sent', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    await store.writeBlob(content, sha256Digest(content), calm);
    assert.equal(registry.count('POST', /./), 0);
  });

  test('bytes that are not the descriptor’s never complete an upload', async () => {
    await using registry = await startRegistry();
    for (const options of [{}, chunked]) {
      await using store = await openQuietly(registry.host, 'app', options);
      const descriptor = descriptorOf(content);
      const altered = Buffer.from(content);
      altered[5000]! ^= 1;
      for (const open of Object.values(sources)) {
        await assert.rejects(store.uploadBlob(open(altered), descriptor, calm), failsWith('DIGEST_MISMATCH'));
      }
      const longer = Buffer.concat([content, Buffer.from('!')]);
      await assert.rejects(store.uploadBlob(streamOf(longer), descriptor, calm), failsWith('BLOB_SIZE_MISMATCH'));
      await assert.rejects(
        store.uploadBlob(streamOf(content.subarray(1)), descriptor, calm),
        failsWith('BLOB_SIZE_MISMATCH'),
      );
      await assert.rejects(store.writeBlob(altered, descriptor.digest, calm), failsWith('DIGEST_MISMATCH'));
      assert.equal(registry.getBlob('app', descriptor.digest), undefined);
    }
  });

  test('an upload that broke starts again if the bytes can be had again', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ method: 'PUT', path: /uploads/, times: 2, action: { kind: 'drop' } });
    await store.uploadBlob(fileOf(content), descriptorOf(content), calm);
    assert.deepEqual(registry.getBlob('app', sha256Digest(content)), content);
    assert.equal(registry.count('POST', /uploads/), 3);
    registry.fail({ method: 'PUT', path: /uploads/, times: 1, action: { kind: 'drop' } });
    const other = content.subarray(7);
    await assert.rejects(
      store.uploadBlob(streamOf(other), descriptorOf(other), calm),
      failsWith('REGISTRY_UNREACHABLE'),
    );
  });

  test('a registry that takes no uploads says so', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const cases = [
      [403, 'REGISTRY_FORBIDDEN'],
      [404, 'REPOSITORY_NOT_FOUND'],
      [405, 'REGISTRY_REJECTED'],
      [413, 'REGISTRY_REJECTED'],
      [500, 'REGISTRY_SERVER_ERROR'],
    ] as const;
    for (const [status, code] of cases) {
      registry.fail({ method: 'POST', path: /uploads/, times: 1, action: { kind: 'status', status } });
      await assert.rejects(store.writeBlob(content, sha256Digest(content), calm), failsWith(code));
    }
  });

  test('an upload location that leads astray is refused', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    for (const location of ['http://169.254.169.254/x', 'file:///x', '']) {
      const action = { kind: 'status', status: 202, headers: location === '' ? {} : { location } } as const;
      registry.fail({ method: 'POST', path: /uploads/, times: 1, action });
      await assert.rejects(store.writeBlob(content, sha256Digest(content), calm), failsWith('NET_REDIRECT_REFUSED'));
    }
  });
});

describe('mountBlob', () => {
  test('takes a blob over, or says that it cannot and ends the session', async () => {
    await using registry = await startRegistry();
    const digest = registry.putBlob('base', content);
    await using store = await openQuietly(registry.host, 'app');
    assert.equal(await store.mountBlob(digest, 'base', calm), true);
    assert.deepEqual(registry.getBlob('app', digest), content);
    assert.equal(await store.mountBlob(sha256Digest('other'), 'base', calm), false);
    assert.equal(registry.count('DELETE', /uploads/), 1);
    registry.fail({ method: 'POST', path: /mount/, action: { kind: 'status', status: 429 } });
    await assert.rejects(store.mountBlob(digest, 'base', calm), failsWith('REGISTRY_RATE_LIMITED'));
  });

  test('asks for a token that reads the other repository', async () => {
    await using registry = await startRegistry({ auth: { kind: 'bearer', username: 'u', password: 'p' } });
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.mountBlob(sha256Digest('x'), 'base', calm), failsWith('REGISTRY_UNAUTHORIZED'));
    const asked = new URL(registry.requests.find(({ path }) => path.startsWith('/token'))?.path ?? '', registry.url);
    assert.deepEqual(asked.searchParams.getAll('scope'), ['repository:app:pull,push', 'repository:base:pull']);
  });
});

describe('putManifest', () => {
  const manifest = manifestOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] });

  test('by digest, and under a tag', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    await store.putManifest(manifest, undefined, calm);
    await store.putManifest(manifest, 'v1', calm);
    assert.equal(registry.getManifest('app', 'v1')?.digest, manifest.digest);
    assert.equal(registry.getManifest('app', manifest.digest)?.mediaType, OCI_MANIFEST);
  });

  test('a refusal carries the registry’s reason', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const body = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }] });
    registry.fail({ method: 'PUT', path: /manifests/, action: { kind: 'status', status: 400, body } });
    await assert.rejects(
      store.putManifest(manifest, 'v1', calm),
      failsWith('REGISTRY_REJECTED', /MANIFEST_BLOB_UNKNOWN/),
    );
  });

  test('a registry that stored something else is found out', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const headers = { 'docker-content-digest': sha256Digest('other') };
    registry.fail({ method: 'PUT', path: /manifests/, action: { kind: 'headers', headers } });
    await assert.rejects(store.putManifest(manifest, 'v1', calm), failsWith('DIGEST_MISMATCH'));
  });
});
