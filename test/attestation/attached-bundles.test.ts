import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { attachBundle, bundleManifest, findBundles } from '../../src/attestation/index.ts';
import { AppError, compareCodeUnits, ExitCode, sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import { createOciLayout, type Descriptor } from '../../src/image/index.ts';
import { MemoryReferrers } from '../support/memory-referrers.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const subject: Descriptor = { mediaType: MANIFEST, digest: sha256Digest('image'), sizeBytes: 423 };
const signal = new AbortController().signal;
const options = { predicateType: 'https://example.com/x', created: new Date('2026-11-24T13:04:41.999Z'), signal };
const bytes = Buffer.from('{"a":"bundle"}');

/** A bundle's manifest with changes, stored and listed. */
function addChanged(store: MemoryReferrers, changes: Record<string, unknown>): Descriptor {
  const { manifest } = bundleManifest({ subject, bundle: bytes, ...options });
  const document = JSON.parse(Buffer.from(manifest.bytes).toString()) as Record<string, unknown>;
  return store.addManifest(subject.digest, { ...document, ...changes });
}

describe('bundleManifest', () => {
  it("has the members of cosign's, and a descriptor with artifactType and annotations", () => {
    const { manifest, descriptor, digest: bundleDigest } = bundleManifest({ subject, bundle: bytes, ...options });
    const annotations = {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://example.com/x',
      'org.opencontainers.image.created': '2026-11-24T13:04:41Z',
    };
    assert.deepEqual(JSON.parse(Buffer.from(manifest.bytes).toString()), {
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: BUNDLE,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
      },
      layers: [{ mediaType: BUNDLE, digest: bundleDigest, size: bytes.byteLength }],
      subject: { mediaType: MANIFEST, digest: subject.digest, size: 423 },
      annotations,
    });
    assert.equal(descriptor.artifactType, BUNDLE);
    assert.deepEqual(descriptor.annotations, annotations);
    assert.equal(descriptor.digest, sha256Digest(manifest.bytes));
    assert.equal(bundleDigest, sha256Digest(bytes));
  });
});

describe('attachBundle', () => {
  it('is found again in an OCI layout, beside what was there', async (context) => {
    const folder = await TemporaryDirectory.create('waybill-attach-');
    context.after(() => folder[Symbol.asyncDispose]());
    const store = await createOciLayout(join(folder.path, 'layout'));
    const first = await attachBundle(store, subject, bytes, options);
    const second = await attachBundle(store, subject, Buffer.from('{"another":1}'), options);
    await attachBundle(store, subject, bytes, options);
    const found = await findBundles(store, subject.digest, { signal });
    assert.deepEqual(
      found.bundles.map(({ manifest }) => manifest.digest),
      [first.digest, second.digest].toSorted(compareCodeUnits),
    );
    assert.deepEqual([found.unreadable, found.otherReferrers], [[], []]);
  });
});

describe('findBundles', () => {
  it('finds what attachBundle stored, reading each manifest and blob once', async () => {
    const store = new MemoryReferrers();
    const first = await attachBundle(store, subject, bytes, options);
    await attachBundle(store, subject, Buffer.from('{"another":1}'), options);
    store.list(subject.digest, first);
    const found = await findBundles(store, subject.digest, { signal });
    assert.equal(found.bundles.length, 2);
    assert.deepEqual([found.unreadable, found.otherReferrers], [[], []]);
    assert.equal(new Set(store.reads).size, store.reads.length);
    const mine = found.bundles.find(({ manifest }) => manifest.digest === first.digest);
    assert.deepEqual(mine?.bytes, bytes);
    assert.equal(mine?.claimedPredicateType, 'https://example.com/x');
  });

  it('decides by the manifest, never by the listing', async () => {
    const store = new MemoryReferrers();
    await attachBundle(store, subject, bytes, options);
    const [listed] = store.listings.get(subject.digest) ?? [];
    assert.ok(listed);
    store.listings.set(subject.digest, [{ ...listed, artifactType: 'application/vnd.oci.empty.v1+json' }]);
    const other = store.addManifest(
      subject.digest,
      { schemaVersion: 2, artifactType: 'application/x', subject: { digest: subject.digest }, layers: [] },
      { artifactType: BUNDLE },
    );
    const found = await findBundles(store, subject.digest, { signal });
    assert.equal(found.bundles.length, 1);
    assert.deepEqual(found.otherReferrers, [{ ...other, artifactType: 'application/x' }]);
  });

  it('takes a bundle that only its layer names', async () => {
    const store = new MemoryReferrers();
    await store.writeBlob(bytes, sha256Digest(bytes));
    addChanged(store, { artifactType: undefined });
    assert.equal((await findBundles(store, subject.digest, { signal })).bundles.length, 1);
  });

  const layer = { mediaType: BUNDLE, digest: sha256Digest(bytes), size: bytes.byteLength };
  const unreadable: Readonly<Record<string, readonly [Record<string, unknown>, string]>> = {
    'another subject': [{ subject: { digest: sha256Digest('other') } }, 'REFERRER_MALFORMED'],
    'no subject': [{ subject: undefined }, 'REFERRER_MALFORMED'],
    'two layers': [{ layers: [layer, layer] }, 'REFERRER_MALFORMED'],
    'no layer': [{ layers: [] }, 'REFERRER_MALFORMED'],
    'a layer of another type': [{ layers: [{ ...layer, mediaType: 'text/plain' }] }, 'REFERRER_MALFORMED'],
    'a layer without digest': [{ layers: [{ ...layer, digest: 'x' }] }, 'REFERRER_MALFORMED'],
    'a layer without size': [{ layers: [{ ...layer, size: '7' }] }, 'REFERRER_MALFORMED'],
    'a layer over the cap': [{ layers: [{ ...layer, size: 200 * 1024 * 1024 }] }, 'BUNDLE_TOO_LARGE'],
    'a blob that is missing': [{}, 'BLOB_NOT_FOUND'],
  };
  for (const [what, [changes, code]] of Object.entries(unreadable)) {
    it(`reports ${what} beside the good bundles`, async () => {
      const store = new MemoryReferrers();
      await attachBundle(store, subject, Buffer.from('{"good":1}'), options);
      const bad = addChanged(store, changes);
      const found = await findBundles(store, subject.digest, { signal });
      assert.equal(found.bundles.length, 1);
      assert.deepEqual(
        found.unreadable.map((entry) => [entry.manifest.digest, entry.code]),
        [[bad.digest, code]],
      );
    });
  }

  it('caps all bundles of an image together', async () => {
    const store = new MemoryReferrers();
    const size = 16 * 1024 * 1024;
    for (let index = 0; index < 18; index += 1) addChanged(store, { layers: [{ ...layer, size }], note: index });
    await store.writeBlob(bytes, layer.digest);
    const found = await findBundles(store, subject.digest, { signal });
    assert.deepEqual(
      [found.bundles.length, found.unreadable.map(({ code }) => code)],
      [4, Array.from({ length: 14 }, () => 'BUNDLE_TOO_LARGE')],
    );
  });

  it('reads small bundles first, so that large ones cannot crowd out signatures', async () => {
    const store = new MemoryReferrers();
    const size = 16 * 1024 * 1024;
    for (let index = 0; index < 20; index += 1) addChanged(store, { layers: [{ ...layer, size }], note: index });
    const small = await attachBundle(store, subject, Buffer.from('{"small":1}'), options);
    const found = await findBundles(store, subject.digest, { signal });
    assert.ok(found.bundles.some(({ manifest }) => manifest.digest === small.digest));
    assert.equal(found.unreadable.filter(({ code }) => code === 'BUNDLE_TOO_LARGE').length, 17);
  });

  it('refuses more referrers than the cap', async () => {
    const store = new MemoryReferrers();
    for (let index = 0; index < 3; index += 1) addChanged(store, { note: index });
    await assert.rejects(findBundles(store, subject.digest, { maxReferrers: 2, signal }), {
      code: 'REFERRERS_TOO_MANY',
    });
  });

  it('ends with the error of a store that fails: never an empty result', async () => {
    const store = new MemoryReferrers();
    await attachBundle(store, subject, bytes, options);
    store.readBlob = () => Promise.reject(new AppError('REGISTRY_THROTTLED', ExitCode.Remote, '429'));
    await assert.rejects(findBundles(store, subject.digest, { signal }), { code: 'REGISTRY_THROTTLED' });
    store.listReferrers = () => Promise.reject(new AppError('REGISTRY_DENIED', ExitCode.Auth, '401'));
    await assert.rejects(findBundles(store, subject.digest, { signal }), { code: 'REGISTRY_DENIED' });
  });
});
