import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import { fallbackTag, type RegistryOptions, type RegistryStore } from '../../src/registry/index.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';
import { calm, OCI_INDEX, OCI_MANIFEST, openQuietly, referrerOf } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const subject = sha256Digest('subject');

function listing(manifests: unknown, more: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...more });
}

async function attach(store: RegistryStore, note: string): Promise<Digest> {
  const { manifest, descriptor } = referrerOf(subject, note);
  await store.writeManifest(manifest, { referrer: { subject, descriptor } }, calm);
  return manifest.digest;
}

const digestsOf = async (store: RegistryStore): Promise<Digest[]> =>
  (await store.listReferrers(subject, calm)).map(({ digest }) => digest);

const fallbackOf = (registry: TestRegistry): { manifests: { digest: string }[] } =>
  JSON.parse(Buffer.from(registry.getManifest('app', fallbackTag(subject))!.bytes).toString());

describe('fallback tag', () => {
  test('is the digest with a dash; longer digests are cut', () => {
    assert.equal(fallbackTag(subject), subject.replace(':', '-'));
    assert.equal(fallbackTag(`sha512:${'ab'.repeat(64)}` as Digest), `sha512-${'ab'.repeat(32)}`);
  });

  test('carries artifactType and annotations, and keeps what others wrote', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    const foreign = {
      mediaType: OCI_MANIFEST,
      digest: sha256Digest('foreign'),
      size: 3,
      data: 'eA==',
      artifactType: 'other',
    };
    registry.putManifest('app', Buffer.from(listing([foreign], { annotations: { kept: 'yes' } })), {
      mediaType: OCI_INDEX,
      tag: fallbackTag(subject),
    });
    await using store = await openQuietly(registry.host, 'app');
    const { descriptor } = referrerOf(subject, 'one');
    await attach(store, 'one');
    await attach(store, 'one');
    assert.deepEqual(fallbackOf(registry), {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        foreign,
        {
          mediaType: OCI_MANIFEST,
          size: descriptor.sizeBytes,
          digest: descriptor.digest,
          annotations: { note: 'one' },
          artifactType: 'application/vnd.example',
        },
      ],
      annotations: { kept: 'yes' },
    });
  });

  test('is created and replaced on condition', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    await attach(store, 'one');
    const before = registry.getManifest('app', fallbackTag(subject))!.digest;
    await attach(store, 'two');
    const puts = registry.requests.filter(
      ({ method, path }) => method === 'PUT' && path.endsWith(fallbackTag(subject)),
    );
    assert.equal(puts[0]?.headers['if-none-match'], '*');
    assert.equal(puts[1]?.headers['if-match'], `"${before}"`);
  });

  for (const etags of [true, false]) {
    test(`of writers at the same time none is lost (registry ${etags ? 'with' : 'without'} ETags)`, async () => {
      await using registry = await startRegistry({ referrers: 'none', etags });
      const options: Partial<RegistryOptions> = etags ? {} : { sleep: waitAwhile(), retry: { baseMs: 120 } };
      const notes = ['a', 'b', 'c'];
      const stores = await Promise.all(notes.map(() => openQuietly(registry.host, 'app', options)));
      const written = await Promise.all(stores.map((store, index) => attach(store, notes[index]!)));
      assert.deepEqual(
        fallbackOf(registry)
          .manifests.map(({ digest }) => digest)
          .toSorted(),
        written.toSorted(),
      );
      await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
    });
  }

  test('an update that another writer undid is done again', async () => {
    await using registry = await startRegistry({ referrers: 'none', etags: false });
    const foreign = { mediaType: OCI_MANIFEST, digest: sha256Digest('foreign'), size: 3 };
    let undone = false;
    const sleep = async (): Promise<void> => {
      if (undone) return;
      undone = true;
      registry.putManifest('app', Buffer.from(listing([foreign])), { mediaType: OCI_INDEX, tag: fallbackTag(subject) });
    };
    await using store = await openQuietly(registry.host, 'app', { sleep });
    const digest = await attach(store, 'one');
    assert.deepEqual(await digestsOf(store), [foreign.digest, digest]);
  });

  test('a server error while writing is tried again, not for ever', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    const path = new RegExp(`manifests/${fallbackTag(subject)}`);
    registry.fail({ path, times: 2, action: { kind: 'status', status: 500 } });
    const digest = await attach(store, 'one');
    assert.deepEqual(await digestsOf(store), [digest]);
    registry.fail({ path, action: { kind: 'status', status: 500 } });
    await assert.rejects(attach(store, 'two'), failsWith('REGISTRY_SERVER_ERROR'));
  });

  test('a registry that never keeps it is an error', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    registry.fail({
      path: new RegExp(`manifests/${fallbackTag(subject)}`),
      method: 'PUT',
      action: { kind: 'status', status: 412 },
    });
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(attach(store, 'one'), failsWith('REFERRER_NOT_LISTED'));
  });
});

/** Waits for real, each time a little differently, as separate machines would. */
function waitAwhile(): (ms: number) => Promise<void> {
  let turn = 0;
  return (ms) => {
    turn += 1;
    return new Promise((resolve) => setTimeout(resolve, ms + turn * 17));
  };
}
