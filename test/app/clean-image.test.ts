import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  cleanImage,
  copyImageWithAttachments,
  type CleanImageOptions,
  type CleanImageResult,
} from '../../src/app/index.ts';
import { digestHex, TemporaryDirectory, type Digest } from '../../src/core/index.ts';
import { createOciLayout, openOciLayout } from '../../src/image/index.ts';
import { attachLegacy, attachNote, attachSignature, descriptorOf, makeIndex } from '../support/attached-world.ts';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_INDEX, OCI_MANIFEST, openQuietly, quietRuntime } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

let temporary: TemporaryDirectory;
let source: Awaited<ReturnType<typeof makeIndex>>;
const path = (name: string): string => join(temporary.path, name);

before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
  source = await makeIndex(path('source'));
  const { store, index, platforms } = source;
  const signature = await attachSignature(store, descriptorOf(index));
  await attachNote(store, signature, 'about the signature');
  for (const platform of platforms) await attachNote(store, platform, `about ${platform.platform?.architecture}`);
  await attachLegacy(store, index.digest, 'sig');
  await attachLegacy(store, index.digest, 'att');
});
after(() => temporary[Symbol.asyncDispose]());

async function copyTo(to: string): Promise<void> {
  const options = {
    from: `oci:${path('source')}:v1`,
    to,
    access: {},
    referrers: true,
    legacy: true,
    nondistributable: false,
  };
  await copyImageWithAttachments(options, quietRuntime());
}

function clean(image: string, options: Partial<CleanImageOptions> = {}): Promise<CleanImageResult> {
  const defaults = { access: {}, type: 'all', dryRun: false, confirm: () => Promise.resolve(true) } as const;
  return cleanImage({ image, ...defaults, ...options }, quietRuntime());
}

async function withRegistry(
  options: TestRegistryOptions,
  run: (registry: TestRegistry, image: string) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry(options);
  const image = `${registry.host}/app:v1`;
  await copyTo(image);
  registry.requests.length = 0;
  await run(registry, image);
}

const kinds = ({ items }: CleanImageResult): readonly string[] => items.map(({ kind }) => kind).toSorted();
const EVERYTHING = ['attestation', 'other', 'other', 'other', 'signature', 'signature'];
const fallback = (digest: Digest): string => digest.replace(':', '-');

describe('cleanImage', () => {
  for (const referrers of ['api', 'none', 'config-type'] as const) {
    test(`removes everything attached, and no image (referrers: ${referrers})`, () =>
      withRegistry({ referrers }, async (registry, image) => {
        const result = await clean(image);
        assert.equal(result.removed, true);
        assert.deepEqual(kinds(result), EVERYTHING);
        for (const { digest } of result.items) assert.equal(registry.getManifest('app', digest), undefined);
        for (const digest of [source.index.digest, ...source.platforms.map((platform) => platform.digest)]) {
          assert.ok(registry.getManifest('app', digest));
          assert.equal(registry.getManifest('app', fallback(digest)), undefined);
        }
        assert.equal(registry.getManifest('app', 'v1')?.digest, source.index.digest);
        const again = await clean(image);
        assert.deepEqual([again.items, again.removed], [[], false]);
      }));
  }

  test('--type signature takes signatures and what is attached to them, and leaves the rest', () =>
    withRegistry({ referrers: 'none' }, async (registry, image) => {
      const result = await clean(image, { type: 'signature' });
      assert.deepEqual(kinds(result), ['other', 'signature', 'signature']);
      assert.deepEqual(kinds(await clean(image, { dryRun: true })), ['attestation', 'other', 'other']);
      assert.equal(registry.getManifest('app', fallback(source.index.digest)), undefined);
      for (const { digest } of source.platforms) assert.ok(registry.getManifest('app', fallback(digest)));
    }));

  test('a dry run and a no remove nothing', () =>
    withRegistry({}, async (registry, image) => {
      assert.deepEqual(
        kinds(await clean(image, { dryRun: true, confirm: () => Promise.reject(new Error('asked')) })),
        EVERYTHING,
      );
      const refused = await clean(image, { confirm: (items) => Promise.resolve(items.length === 0) });
      assert.deepEqual([refused.removed, kinds(refused)], [false, EVERYTHING]);
      assert.equal(registry.count('DELETE', /./), 0);
      assert.equal(registry.count('PUT', /./), 0);
    }));

  test('a registry that does not delete is told of, and its lists stay true', async () => {
    for (const status of [405, 501]) {
      await withRegistry({ referrers: 'none' }, async (registry, image) => {
        registry.fail({ method: 'DELETE', path: /./, action: { kind: 'status', status } });
        await assert.rejects(clean(image), failsWith('REGISTRY_DELETE_UNSUPPORTED', /does not delete/));
        registry.clearFaults();
        assert.deepEqual(kinds(await clean(image, { dryRun: true })), EVERYTHING);
      });
    }
    await withRegistry({}, async (registry, image) => {
      registry.fail({ method: 'DELETE', path: /./, action: { kind: 'status', status: 403 } });
      await assert.rejects(clean(image), failsWith('REGISTRY_FORBIDDEN'));
    });
  });

  test('a list that names other images, or nothing, loses these entries; the images stay', () =>
    withRegistry({ referrers: 'none' }, async (registry, image) => {
      const [first, second] = source.platforms;
      assert.ok(first && second);
      const other = registry.putManifest(
        'app',
        { schemaVersion: 2, mediaType: OCI_MANIFEST, config: {}, layers: [] },
        { mediaType: OCI_MANIFEST, tag: 'other' },
      );
      const tag = fallback(first.digest);
      const listed = JSON.parse(Buffer.from(registry.getManifest('app', tag)?.bytes ?? []).toString()) as {
        manifests: object[];
      };
      const gone = first.digest.replace(/.{4}$/, '0000');
      const entries = [other, gone, second.digest].map((digest) => ({ mediaType: OCI_MANIFEST, digest, size: 9 }));
      registry.putManifest(
        'app',
        { ...listed, manifests: [...listed.manifests, ...entries] },
        { mediaType: OCI_INDEX, tag },
      );
      // and a signature tag that leads to an image
      const sbomTag = `${fallback(first.digest)}.sbom`;
      registry.putManifest('app', source.index.bytes, { mediaType: source.index.mediaType, tag: sbomTag });
      const result = await clean(image);
      assert.equal(result.items.filter(({ kind }) => kind === 'listing').length, 2);
      assert.ok(registry.getManifest('app', 'other'));
      for (const digest of [source.index.digest, first.digest, second.digest])
        assert.ok(registry.getManifest('app', digest));
      assert.ok(registry.getManifest('app', sbomTag));
    }));

  test('what is attached while it is removed stays listed', () =>
    withRegistry({ referrers: 'none' }, async (registry, image) => {
      await using store = await openQuietly(registry.host, 'app');
      const [removed, added] = await Promise.all([
        clean(image),
        attachNote(store, descriptorOf(source.index), 'meanwhile'),
      ]);
      assert.ok(removed.removed);
      const listed = (await store.listReferrers(source.index.digest, calm)).map(({ digest }) => digest);
      const wasSeen = removed.items.some(({ digest }) => digest === added.digest);
      assert.deepEqual(listed, wasSeen ? [] : [added.digest]);
    }));

  for (const [status, code] of [
    [429, 'REGISTRY_RATE_LIMITED'],
    [503, 'REGISTRY_SERVER_ERROR'],
  ] as const) {
    test(`a listing that answers ${status} is an error, never "nothing to remove"`, () =>
      withRegistry({}, async (registry, image) => {
        registry.fail({ path: /referrers/, action: { kind: 'status', status, headers: { 'retry-after': '0' } } });
        await assert.rejects(clean(image), failsWith(code));
      }));
  }

  test('--platform cleans one platform of an index', () =>
    withRegistry({}, async (_registry, image) => {
      const result = await clean(image, { access: { platform: 'linux/arm64' } });
      assert.deepEqual(
        result.items.map(({ subject }) => subject),
        [source.platforms[1]?.digest],
      );
    }));

  test('attachments in a repository of their own are removed there', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    const options = {
      from: `oci:${path('source')}:v1`,
      to: `${registry.host}/app:v1`,
      access: {},
      referrers: true,
      legacy: true,
      nondistributable: false,
    };
    await copyImageWithAttachments({ ...options, toAttachmentRepository: `${registry.host}/sigs` }, quietRuntime());
    const result = await clean(`${registry.host}/app:v1`, {
      access: { attachmentRepository: `${registry.host}/sigs` },
    });
    assert.deepEqual(kinds(result), EVERYTHING);
    for (const { digest } of result.items) assert.equal(registry.getManifest('sigs', digest), undefined);
  });

  test('layouts: entries, fallback tags and manifests go', async () => {
    const layout = path('layout');
    await copyTo(`oci:${layout}:v1`);
    const { platforms, index } = source;
    const store = openOciLayout(layout);
    const [first] = platforms;
    assert.ok(first);
    // as a tool that knows fallback tags only would have left it
    const kept = await attachNote(store, first, 'listed twice');
    const result = await clean(`oci:${layout}:v1`);
    assert.equal(result.items.length, EVERYTHING.length + 1);
    for (const { digest } of result.items)
      assert.equal(existsSync(join(layout, 'blobs/sha256', digestHex(digest))), false);
    assert.ok(result.items.some(({ digest }) => digest === kept.digest));
    for (const { digest } of [...platforms, index]) {
      assert.deepEqual(await store.listReferrers(digest, calm), []);
      assert.ok(existsSync(join(layout, 'blobs/sha256', digestHex(digest))));
    }
    assert.deepEqual(
      store.listEntries().map((entry) => entry.digest),
      [index.digest],
    );
  });

  test('layouts: a fallback tag that lists them, as other tools write it, loses them and keeps the rest', async () => {
    const layout = path('tagged');
    const { store, index, platforms } = await makeIndex(layout);
    const [first] = platforms;
    assert.ok(first);
    const gone = await attachSignature(store, descriptorOf(index));
    const kept = await attachNote(store, descriptorOf(index), 'kept');
    const entry = ({ mediaType, digest, sizeBytes }: typeof gone): object => ({ mediaType, digest, size: sizeBytes });
    const list = manifestOf(
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry(gone), entry(kept)] },
      OCI_INDEX,
    );
    await store.writeManifest(list, { tag: fallback(index.digest) }, calm);
    await clean(`oci:${layout}:v1`, { type: 'signature' });
    assert.deepEqual(
      (await store.listReferrers(index.digest, calm)).map(({ digest }) => digest),
      [kept.digest],
    );
    await clean(`oci:${layout}:v1`);
    assert.deepEqual(await store.listReferrers(index.digest, calm), []);
    const tags = store.listEntries().map((listed) => listed.annotations?.['org.opencontainers.image.ref.name']);
    assert.deepEqual(new Set(tags), new Set(['amd64', 'arm64', 'v1']));
  });

  test('archives cannot be cleaned', async () => {
    await createOciLayout(path('empty'));
    await assert.rejects(clean('docker-archive:nothing.tar'), failsWith('STORE_NOT_FOUND'));
  });
});
