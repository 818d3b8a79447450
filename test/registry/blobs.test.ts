import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import type { Descriptor } from '../../src/image/index.ts';
import type { RegistryStore } from '../../src/registry/index.ts';
import { startRegistry, type FaultAction } from '../support/registry/index.ts';
import { calm, openQuietly } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

/** For what is meant to time out. */
const short = { timeouts: { connectMs: 400, headersMs: 400, idleMs: 400 } };

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

  test('are confirmed by their size without being fetched', async () => {
    await using registry = await startRegistry();
    registry.putBlob('app', content);
    await using store = await openQuietly(registry.host, 'app');
    assert.equal(await store.confirmBlob?.(descriptor, calm), true);
    assert.equal(await store.confirmBlob?.({ ...descriptor, sizeBytes: descriptor.sizeBytes + 1 }, calm), false);
    assert.equal(await store.confirmBlob?.({ ...descriptor, digest: sha256Digest('other') }, calm), false);
    assert.equal(registry.requests.filter(({ method }) => method === 'GET').length, 1);
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
