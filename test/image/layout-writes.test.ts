import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { digestHex, sha256Digest, TemporaryDirectory, type Digest } from '../../src/core/index.ts';
import {
  buildIndex,
  checkRawManifest,
  copyImage,
  createOciLayout,
  describeManifest,
  fallbackTag,
  loadImage,
  loadImageOrIndex,
  MEDIA_TYPES,
  openLocalStore,
  openOciLayout,
  readBlobBytes,
  type OciLayoutStore,
  type RawManifest,
} from '../../src/image/index.ts';
import { layoutMembers, writeArchive } from '../support/image-archives.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';

const signal = new AbortController().signal;
const EMPTY = { mediaType: MEDIA_TYPES.ociEmpty, digest: sha256Digest('{}'), size: 2 };

let temporary: TemporaryDirectory;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

const path = (name: string): string => join(temporary.path, name);

function artifact(subject: Digest, text: string): RawManifest {
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: 'application/x.test',
    config: EMPTY,
    layers: [EMPTY],
    annotations: { text },
    subject: { mediaType: MEDIA_TYPES.ociManifest, digest: subject, size: 1 },
  };
  return checkRawManifest(Buffer.from(JSON.stringify(document)), {});
}

async function attach(store: OciLayoutStore, subject: Digest, text: string): Promise<RawManifest> {
  const manifest = artifact(subject, text);
  await store.writeBlob(Buffer.from('{}'), EMPTY.digest, signal);
  await store.writeManifest(
    manifest,
    { referrer: { subject, descriptor: describeManifest(manifest).descriptor } },
    signal,
  );
  return manifest;
}

describe('OciLayoutStore', () => {
  test('lists referrers by what their manifests say, and nothing for others', async () => {
    const { store, digest } = await makeImage(path('referrers'), { layers: [{ a: 'a' }] });
    const one = await attach(store, digest, 'one');
    const two = await attach(store, digest, 'two');
    await attach(store, sha256Digest('other'), 'three');
    await attach(store, digest, 'one');
    const listed = await store.listReferrers(digest, signal);
    assert.deepEqual(
      listed.map((entry) => entry.digest),
      [one.digest, two.digest],
    );
    assert.equal(listed[0]?.artifactType, 'application/x.test');
    assert.deepEqual(listed[0]?.annotations, { text: 'one' });
    assert.deepEqual(await store.listReferrers(sha256Digest('none'), signal), []);
    // attached manifests are no images: the only one is still found without tag
    assert.equal((await store.readManifest('', signal)).digest, digest);
  });

  test('an archive of it lists the same referrers, and nothing can be written there', async () => {
    const { store, digest } = await makeImage(path('archived'), { layers: [{ a: 'a' }] });
    const attached = await attach(store, digest, 'x');
    const file = path('archived.tar');
    await writeArchive(file, layoutMembers(store));
    await using opened = await openLocalStore({ transport: 'oci-archive', path: file }, { signal });
    assert.ok('listReferrers' in opened && 'readOnly' in opened);
    const listed = await opened.listReferrers(digest, signal);
    assert.deepEqual(listed, await store.listReferrers(digest, signal));
    assert.deepEqual((await opened.readManifest(attached.digest, signal)).bytes, attached.bytes);
    const blob = { mediaType: EMPTY.mediaType, digest: EMPTY.digest, sizeBytes: EMPTY.size };
    assert.equal(Buffer.from(await opened.readBlob(blob, 10, signal)).toString(), '{}');
    assert.equal(opened.readOnly, true);
    await assert.rejects(opened.writeBlob(Buffer.from('{}'), EMPTY.digest, signal), { code: 'STORE_READ_ONLY' });
    await assert.rejects(opened.writeManifest(attached, {}, signal), { code: 'STORE_READ_ONLY' });
  });

  test('lists referrers of the fallback tag', async () => {
    const { store, digest } = await makeImage(path('fallback'), { layers: [{ a: 'a' }] });
    const manifest = artifact(digest, 'x');
    await store.writeBlob(manifest.bytes, manifest.digest, signal);
    const descriptor = { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength };
    await buildIndex(store, { manifests: [descriptor], tag: fallbackTag(digest), signal });
    assert.deepEqual(
      (await store.listReferrers(digest, signal)).map((entry) => entry.digest),
      [manifest.digest],
    );
    assert.equal((await store.readManifest('', signal)).digest, digest);
  });

  test('a missing referrer is an error, not an empty list', async () => {
    const { store, digest } = await makeImage(path('missing'), { layers: [{ a: 'a' }] });
    const manifest = await attach(store, digest, 'x');
    writeFileSync(join(store.path, 'blobs/sha256', digestHex(manifest.digest)), 'short');
    await assert.rejects(store.listReferrers(digest, signal), { code: 'SIZE_MISMATCH' });
  });

  test('concurrent writers lose nothing and leave nothing behind', async () => {
    const { store, digest } = await makeImage(path('concurrent'), { layers: [{ a: 'a' }] });
    const stores = [store, openOciLayout(store.path), openOciLayout(store.path)];
    const manifests = await Promise.all(
      Array.from({ length: 24 }, (_, index) => attach(stores[index % 3] as OciLayoutStore, digest, `n${index}`)),
    );
    const listed = await store.listReferrers(digest, signal);
    assert.deepEqual(
      listed.map((entry) => entry.digest).toSorted(),
      manifests.map((manifest) => manifest.digest).toSorted(),
    );
    assert.deepEqual(readdirSync(store.path).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('a tag moves; what had it is still reached by digest; a referrer keeps its entry', async () => {
    const { store, digest } = await makeImage(path('moves'), { layers: [{ a: 'a' }] });
    const attached = await attach(store, digest, 'x');
    await store.writeManifest(attached, { tag: 'signed' }, signal);
    const moved = await makeImage(path('moves'), { layers: [{ a: 'b' }] });
    await store.writeManifest(moved.image.manifest, { tag: 'signed' }, signal);
    assert.equal((await store.readManifest('latest', signal)).digest, moved.digest);
    assert.equal((await store.readManifest(digest, signal)).digest, digest);
    assert.equal((await store.listReferrers(digest, signal)).length, 1);
  });

  test('keeps what it does not know of index.json', async () => {
    const { store, image } = await makeImage(path('unknown'), { layers: [{ a: 'a' }], tag: 'one' });
    const file = join(store.path, 'index.json');
    const index = JSON.parse(readFileSync(file, 'utf8')) as { manifests: Record<string, unknown>[]; extra?: string };
    index.extra = 'kept';
    if (index.manifests[0]) index.manifests[0]['urls'] = ['https://example.com/x'];
    writeFileSync(file, JSON.stringify(index));
    await store.writeManifest(image.manifest, { tag: 'two' }, signal);
    const after = JSON.parse(readFileSync(file, 'utf8')) as typeof index;
    assert.equal(after.extra, 'kept');
    assert.deepEqual(after.manifests[0]?.['urls'], ['https://example.com/x']);
    assert.equal(after.manifests.length, 2);
  });

  test('refuses bytes of another digest and replaces a damaged blob', async () => {
    const store = await createOciLayout(path('blobs'));
    const bytes = Buffer.from('content');
    const digest = sha256Digest(bytes);
    await assert.rejects(store.writeBlob(bytes, sha256Digest('x'), signal), { code: 'DIGEST_MISMATCH' });
    await store.writeBlob(bytes, digest, signal);
    writeFileSync(join(store.path, 'blobs/sha256', digestHex(digest)), 'CONTENT');
    await store.writeBlob(bytes, digest, signal);
    assert.equal(
      Buffer.from(await store.readBlob({ mediaType: 'a/b', digest, sizeBytes: 7 }, 100, signal)).toString(),
      'content',
    );
    await assert.rejects(store.readBlob({ mediaType: 'a/b', digest, sizeBytes: 7 }, 6, signal), {
      code: 'LIMIT_EXCEEDED',
    });
  });

  test('a held lock is waited for until the signal ends it', async () => {
    const { store, digest } = await makeImage(path('locked'), { layers: [{ a: 'a' }] });
    writeFileSync(join(store.path, '.waybill-index.lock'), '');
    const manifest = artifact(digest, 'x');
    const abort = AbortSignal.timeout(100);
    await assert.rejects(store.writeManifest(manifest, { tag: 'x' }, abort), { code: 'INTERRUPTED' });
    assert.ok(existsSync(join(store.path, '.waybill-index.lock')), 'the lock of another is not removed');
  });

  test('createOciLayout does not take over a directory of other files', async () => {
    await createOciLayout(path('fresh'));
    writeFileSync(path('file'), 'x');
    await assert.rejects(createOciLayout(temporary.path), { code: 'LAYOUT_INVALID' });
    await assert.rejects(createOciLayout(path('file')), { code: 'STORE_UNWRITABLE' });
  });
});

describe('copyImage', () => {
  test('copies an index with all its images, digests unchanged', async () => {
    const amd64 = await makeImage(path('from'), { layers: [{ a: 'amd64' }], tag: 'amd64' });
    const arm64 = await makeImage(path('from'), {
      layers: [{ a: 'arm64' }],
      config: { platform: { os: 'linux', architecture: 'arm64' } },
      tag: 'arm64',
    });
    const manifests = [amd64, arm64].map(({ image }) => ({
      mediaType: image.manifest.mediaType,
      digest: image.digest,
      sizeBytes: image.manifest.bytes.byteLength,
      platform: image.platform,
    }));
    const { digest } = await buildIndex(amd64.store, { manifests, tag: 'all', signal });
    const to = await createOciLayout(path('to'));
    const loaded = await loadImageOrIndex(amd64.store, { reference: 'all', signal });
    await copyImage(amd64.store, to, { loaded, tag: 'copied', signal });
    const copied = await loadImageOrIndex(to, { reference: 'copied', signal });
    assert.equal(copied.kind === 'index' && copied.index.digest, digest);
    const image = await loadImage(to, {
      reference: '',
      platform: { os: 'linux', architecture: 'arm64' },
      hostPlatform: LINUX_AMD64,
      signal,
    });
    assert.equal(image.digest, arm64.digest);
    for (const { descriptor } of image.layers)
      await readBlobBytes(to, descriptor, { maxBytes: 1e6, what: 'layer', signal });
  });

  test('a damaged layer stops the copy before anything has its tag', async () => {
    const { store, image } = await makeImage(path('damaged'), { layers: [{ a: 'a' }] });
    const layer = image.layers[0]?.descriptor;
    assert.ok(layer);
    writeFileSync(join(store.path, 'blobs/sha256', digestHex(layer.digest)), 'x'.repeat(layer.sizeBytes));
    const to = await createOciLayout(path('damaged-copy'));
    await assert.rejects(copyImage(store, to, { loaded: { kind: 'image', image }, tag: 'x', signal }), {
      code: 'DIGEST_MISMATCH',
    });
    await assert.rejects(to.readManifest('x', signal), { code: 'MANIFEST_NOT_FOUND' });
    assert.ok(!existsSync(join(to.path, 'blobs/sha256', digestHex(layer.digest))));
    assert.deepEqual(readdirSync(join(to.path, 'blobs')), ['sha256']);
  });
});
