import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { digestHex, sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import { MEDIA_TYPES } from '../../src/image/index.ts';
import { DirectoryFiles, type BlobFiles } from '../../src/image/local/blob-files.ts';
import { LayoutReader } from '../../src/image/local/layout-reader.ts';
import { makeImage } from '../support/images.ts';

let temporary: TemporaryDirectory;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

/** Counts how often each path was looked for. */
function counting(files: BlobFiles): BlobFiles & { readonly counts: ReadonlyMap<string, number> } {
  const counts = new Map<string, number>();
  return {
    counts,
    locate(path) {
      counts.set(path, (counts.get(path) ?? 0) + 1);
      return files.locate(path);
    },
  };
}

describe('LayoutReader', () => {
  test('reads a manifest once that index.json lists a thousand times', async () => {
    const { store, digest } = await makeImage(join(temporary.path, 'many'), { layers: [{ a: 'a' }] });
    const config = { mediaType: MEDIA_TYPES.ociEmpty, digest: sha256Digest('{}'), size: 2 };
    const subject = { mediaType: MEDIA_TYPES.ociManifest, digest: sha256Digest('other'), size: 1 };
    const bytes = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [], subject });
    const attached = sha256Digest(bytes);
    writeFileSync(join(store.path, 'blobs/sha256', digestHex(attached)), bytes);
    const indexPath = join(store.path, 'index.json');
    const index = JSON.parse(readFileSync(indexPath, 'utf8')) as { manifests: unknown[] };
    const entry = { mediaType: MEDIA_TYPES.ociManifest, digest: attached, size: bytes.length };
    for (let count = 0; count < 1000; count += 1) index.manifests.push(entry);
    writeFileSync(indexPath, JSON.stringify(index));
    const files = counting(new DirectoryFiles(store.path));
    const reader = new LayoutReader('it', files);
    assert.deepEqual(reader.referrersOf(digest), []);
    assert.equal(reader.readManifest('').digest, digest);
    assert.equal(files.counts.get(`blobs/sha256/${digestHex(attached)}`), 2);
  });
});
