import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findLegacy, type FoundLegacy } from '../../src/attestation/index.ts';
import { AppError, ExitCode, sha256Digest } from '../../src/core/index.ts';
import { MemoryReferrers } from '../support/memory-referrers.ts';
import { attachLegacy } from '../support/attached-world.ts';

const subject = sha256Digest('an image');
const tag = (suffix: string): string => `${subject.replace(':', '-')}.${suffix}`;
const signal = new AbortController().signal;
const find = (store: MemoryReferrers, options: object = {}): Promise<FoundLegacy> =>
  findLegacy(store, subject, { signal, ...options });

/** As a store does: the manifest under its tag. */
class TaggedReferrers extends MemoryReferrers {
  override writeManifest(...[manifest, options]: Parameters<MemoryReferrers['writeManifest']>): Promise<void> {
    if (options.tag !== undefined) this.manifests.set(options.tag, manifest);
    return super.writeManifest(manifest, options);
  }
}

interface Layer {
  readonly payload: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly size?: number;
}

function tagged(store: MemoryReferrers, name: string, layers: readonly Layer[]): void {
  const described = layers.map(({ payload, mediaType, annotations, size }) => {
    const digest = sha256Digest(payload);
    store.blobs.set(digest, Buffer.from(payload));
    return {
      mediaType: mediaType ?? 'application/vnd.dev.cosign.simplesigning.v1+json',
      digest,
      size: size ?? Buffer.byteLength(payload),
      annotations: annotations ?? {},
    };
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256Digest('{}'), size: 2 };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: described }));
  store.manifests.set(name, { bytes, mediaType, digest: sha256Digest(bytes) });
}

describe('findLegacy', () => {
  test('finds nothing where there is nothing', async () => {
    assert.deepEqual(await find(new MemoryReferrers()), { candidates: [], unreadable: [] });
  });

  test('gives signatures and attestations with everything that came with them', async () => {
    const store = new TaggedReferrers();
    await attachLegacy(store, subject, 'sig');
    await attachLegacy(store, subject, 'att');
    const { candidates } = await find(store);
    assert.deepEqual(
      candidates.map(({ kind }) => kind),
      ['signature', 'attestation'],
    );
    const [signature, attestation] = candidates;
    assert.equal(Buffer.from(signature?.signature ?? []).toString(), 'signature');
    assert.match(Buffer.from(signature?.payload ?? []).toString(), /docker-manifest-digest/);
    assert.equal(signature?.certificate, 'PEM');
    assert.equal(attestation?.signature, undefined);
    assert.equal(Buffer.from(attestation?.payload ?? []).toString(), '{"payload":"e30="}');
  });

  test('keeps chain, log bundle and timestamp as they are written, and reads a shared payload once', async () => {
    const store = new MemoryReferrers();
    const annotations = (signature: string): Record<string, string> => ({
      'dev.cosignproject.cosign/signature': signature,
      'dev.sigstore.cosign/chain': 'CHAIN',
      'dev.sigstore.cosign/bundle': '{"SignedEntryTimestamp":""}',
      'dev.sigstore.cosign/rfc3161timestamp': '{"SignedRFC3161Timestamp":""}',
    });
    tagged(store, tag('sig'), [
      { payload: '{}', annotations: annotations('AAAA') },
      { payload: '{}', annotations: annotations('BBBB') },
      { payload: '{}', annotations: annotations('no base64!') },
    ]);
    const { candidates } = await find(store);
    assert.deepEqual(
      candidates.map(({ signature, chain, rekorBundle, timestamp }) => [
        signature?.byteLength,
        chain,
        rekorBundle,
        timestamp,
      ]),
      [3, 3, undefined].map((size) => [size, 'CHAIN', '{"SignedEntryTimestamp":""}', '{"SignedRFC3161Timestamp":""}']),
    );
    assert.equal(store.reads.filter((read) => read === sha256Digest('{}')).length, 1);
  });

  test('passes over layers of other types', async () => {
    const store = new MemoryReferrers();
    tagged(store, tag('sig'), [{ payload: 'x', mediaType: 'application/vnd.dsse.envelope.v1+json' }]);
    tagged(store, tag('att'), [{ payload: 'y' }]);
    assert.deepEqual((await find(store)).candidates, []);
  });

  test('caps each payload and all of them, and reads none that is over', async () => {
    const store = new MemoryReferrers();
    tagged(store, tag('sig'), [{ payload: 'small' }, { payload: 'large', size: 2_000_000 }]);
    tagged(store, tag('att'), [{ payload: 'envelope', mediaType: 'application/vnd.dsse.envelope.v1+json' }]);
    const { candidates, unreadable } = await find(store, { maxBundleBytes: 7 });
    assert.deepEqual(
      candidates.map(({ digest }) => digest),
      [sha256Digest('small')],
    );
    assert.deepEqual(
      unreadable.map(({ code }) => code),
      ['BUNDLE_TOO_LARGE', 'BUNDLE_TOO_LARGE'],
    );
    assert.ok(!store.reads.includes(sha256Digest('large')));
  });

  test('one that is malformed or lost does not hide the others; a failing store is an error', async () => {
    const store = new MemoryReferrers();
    tagged(store, tag('sig'), [{ payload: 'there' }, { payload: 'lost' }]);
    store.blobs.delete(sha256Digest('lost'));
    const bytes = Buffer.from('{"schemaVersion":2}');
    store.manifests.set(tag('att'), {
      bytes,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: sha256Digest(bytes),
    });
    const { candidates, unreadable } = await find(store);
    assert.equal(candidates.length, 1);
    assert.deepEqual(unreadable.map(({ code }) => code).toSorted(), ['BLOB_NOT_FOUND', 'MANIFEST_INVALID']);
    store.readBlob = () => Promise.reject(new AppError('REGISTRY_SERVER_ERROR', ExitCode.Remote, 'down'));
    await assert.rejects(find(store), { code: 'REGISTRY_SERVER_ERROR' });
    store.readManifest = () => Promise.reject(new AppError('REGISTRY_RATE_LIMITED', ExitCode.Remote, 'wait'));
    await assert.rejects(find(store), { code: 'REGISTRY_RATE_LIMITED' });
  });

  test('also among referrers, where they say what they are', async () => {
    const store = new MemoryReferrers();
    tagged(store, subject, [{ payload: 'old' }]);
    const otherReferrers = [
      {
        mediaType: 'x',
        digest: subject,
        sizeBytes: 1,
        artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      },
    ];
    assert.equal((await find(store, { otherReferrers })).candidates.length, 1);
    assert.equal((await find(store)).candidates.length, 0);
  });
});
