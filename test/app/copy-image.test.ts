import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyImageWithAttachments, type CopyImageOptions, type CopyImageResult } from '../../src/app/index.ts';
import { digestHex, TemporaryDirectory, type ProgressEvent } from '../../src/core/index.ts';
import {
  createOciLayout,
  loadImage,
  openOciLayout,
  type RawManifest,
  type ReferrerStore,
} from '../../src/image/index.ts';
import { attachLegacy, attachNote, attachSignature, descriptorOf, makeIndex } from '../support/attached-world.ts';
import { dockerSaveMembers, writeArchive } from '../support/image-archives.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';
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

function copy(from: string, to: string, options: Partial<CopyImageOptions> = {}): Promise<CopyImageResult> {
  const defaults = { access: {}, referrers: true, legacy: false, nondistributable: false };
  return copyImageWithAttachments({ from, to, ...defaults, ...options }, quietRuntime());
}

const fromSource = (to: string, options?: Partial<CopyImageOptions>): Promise<CopyImageResult> =>
  copy(`oci:${path('source')}:v1`, to, options);

async function allDigests(store: ReferrerStore): Promise<readonly string[]> {
  const found: string[] = [];
  let level = [source.index.digest, ...source.platforms.map(({ digest }) => digest)];
  while (level.length > 0) {
    const listed = (await Promise.all(level.map((digest) => store.listReferrers(digest, calm)))).flat();
    level = listed.map(({ digest }) => digest);
    found.push(...level);
  }
  return found.toSorted();
}

const writes = (registry: TestRegistry): readonly string[] =>
  registry.requests.filter(({ method }) => method === 'PUT').map((request) => request.path);

describe('copyImageWithAttachments', () => {
  for (const referrers of ['api', 'none', 'config-type'] as const) {
    test(`takes an index, its platforms and everything attached through a registry (referrers: ${referrers}) and back`, async () => {
      await using registry = await startRegistry({ referrers });
      const there = await fromSource(`${registry.host}/team/app:v1`, { legacy: true });
      assert.equal(there.digest, source.index.digest);
      assert.equal(there.kind, 'index');
      assert.deepEqual(there.notCopied, []);
      assert.equal(there.attached.length, 6);
      assert.equal(there.blobs.present, 0);
      await using store = await openQuietly(registry.host, 'team/app');
      const expected = await allDigests(source.store);
      assert.equal(expected.length, 4);
      assert.deepEqual(await allDigests(store), expected);

      const back = path(`back-${referrers}`);
      const result = await copy(`${registry.host}/team/app:v1`, `oci:${back}`, { legacy: true });
      assert.equal(result.to, `oci:${back}:v1`);
      assert.deepEqual(await allDigests(openOciLayout(back)), expected);
      for (const digest of [source.index.digest, ...expected]) {
        const file = `blobs/sha256/${digestHex(digest as typeof source.index.digest)}`;
        assert.deepEqual(readFileSync(join(back, file)), readFileSync(join(path('source'), file)));
      }
    });
  }

  test('what is there already is neither sent nor written again', async () => {
    await using registry = await startRegistry();
    const to = `${registry.host}/team/app:v1`;
    const first = await fromSource(to, { legacy: true });
    registry.requests.length = 0;
    const second = await fromSource(to, { legacy: true });
    assert.deepEqual(writes(registry), []);
    assert.equal(registry.count('POST', /uploads/), 0);
    assert.equal(second.manifests.copied, 0);
    assert.equal(second.manifests.present, first.manifests.copied);
    assert.equal(second.blobs.present, first.blobs.copied);
    assert.deepEqual(second.tag, { name: 'v1', outcome: 'present' });
    assert.ok(second.attached.every(({ outcome }) => outcome === 'present'));
  });

  test('blobs come before manifests, the index after its platforms, what is attached after it, the tag last', async () => {
    await using registry = await startRegistry();
    await fromSource(`${registry.host}/team/app:v1`, { legacy: true });
    const order = writes(registry);
    const manifests = order.filter((entry) => entry.includes('/manifests/'));
    assert.ok(order.findLastIndex((entry) => entry.includes('/blobs/')) < order.indexOf(manifests[0] ?? ''));
    assert.equal(manifests.at(-1), '/v2/team/app/manifests/v1');
    const position = (digest: string): number => manifests.findIndex((entry) => entry.endsWith(digest));
    for (const { digest } of source.platforms) assert.ok(position(digest) < position(source.index.digest));
    for (const digest of await allDigests(source.store)) assert.ok(position(digest) > position(source.index.digest));
  });

  test('a copy that broke off leaves no tag, and goes on where it ended', async () => {
    await using registry = await startRegistry();
    const to = `${registry.host}/team/app:v1`;
    registry.fail({ method: 'PUT', path: /manifests\/sha256/, action: { kind: 'status', status: 403 } });
    await assert.rejects(fromSource(to), failsWith('REGISTRY_FORBIDDEN'));
    assert.equal(registry.getManifest('team/app', 'v1'), undefined);
    registry.clearFaults();
    const again = await fromSource(to);
    assert.equal(again.blobs.copied, 0);
    assert.equal(registry.getManifest('team/app', 'v1')?.digest, source.index.digest);
  });

  test('a broken transfer is begun again; a wrong byte ends the copy', async () => {
    await using from = await startRegistry();
    await fromSource(`${from.host}/app:v1`, { referrers: false });
    await using to = await startRegistry();
    to.fail({ method: 'PUT', path: /uploads/, times: 2, action: { kind: 'drop' } });
    await copy(`${from.host}/app:v1`, `${to.host}/app:v1`);
    assert.equal(to.getManifest('app', 'v1')?.digest, source.index.digest);
    from.fail({ method: 'GET', path: /blobs/, action: { kind: 'corrupt' } });
    await assert.rejects(copy(`${from.host}/app:v1`, `${to.host}/other:v1`), failsWith('DIGEST_MISMATCH'));
    await assert.rejects(copy(`${from.host}/app:v1`, `oci:${path('corrupt')}`), failsWith('DIGEST_MISMATCH'));
    assert.equal(to.getManifest('other', 'v1'), undefined);
    assert.deepEqual(
      readdirSync(join(path('corrupt'), 'blobs')).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  test('blobs of the same registry are taken over, not transferred', async () => {
    await using registry = await startRegistry();
    await fromSource(`${registry.host}/one:v1`);
    registry.requests.length = 0;
    const result = await copy(`${registry.host}/one:v1`, `${registry.host}/two:v1`);
    assert.equal(result.blobs.copied, 0);
    assert.ok(result.blobs.mounted > 0);
    assert.equal(registry.count('GET', /\/two\/blobs|\/one\/blobs/), 0);
    assert.equal(registry.getManifest('two', 'v1')?.digest, source.index.digest);
  });

  test('--platform copies one image with what is attached to it; without referrers nothing else comes along', async () => {
    await using registry = await startRegistry();
    const one = await fromSource(`${registry.host}/one:v1`, { access: { platform: 'linux/arm64' } });
    assert.equal(one.digest, source.platforms[1]?.digest);
    assert.equal(one.attached.length, 1);
    assert.equal(registry.getManifest('one', source.index.digest), undefined);
    const bare = await fromSource(`${registry.host}/bare:v1`, { referrers: false });
    assert.deepEqual(bare.attached, []);
    assert.equal(registry.count('GET', /bare\/referrers/), 0);
    await assert.rejects(
      fromSource(`${registry.host}/one:v1`, { access: { platform: 'linux/s390x' } }),
      failsWith('PLATFORM_NOT_FOUND'),
    );
  });

  test('a listing is not believed: what is not attached, is gone or malformed is told of, and the rest is copied', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    const from = `${registry.host}/app:v1`;
    await fromSource(from);
    const foreign = manifestOf({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'a/b', digest: source.index.digest, size: 1 },
      layers: [],
    });
    registry.putManifest('app', foreign.bytes, { mediaType: OCI_MANIFEST });
    const broken = registry.putManifest('app', Buffer.from('{"schemaVersion":2'), { mediaType: OCI_MANIFEST });
    const gone = source.platforms[0]?.digest.replace(/.{4}$/, '0000') ?? '';
    const entry = (digest: string): object => ({ mediaType: OCI_MANIFEST, digest, size: 9 });
    const tag = source.index.digest.replace(':', '-');
    const listed = JSON.parse(Buffer.from(registry.getManifest('app', tag)?.bytes ?? []).toString()) as {
      manifests: object[];
    };
    const manifests = [
      ...listed.manifests,
      entry(foreign.digest),
      entry(broken),
      entry(gone),
      entry(source.platforms[1]?.digest ?? ''),
    ];
    registry.putManifest('app', { ...listed, manifests }, { mediaType: OCI_INDEX, tag });
    const result = await copy(from, `oci:${path('believed')}:v1`);
    assert.deepEqual(result.notCopied.map(({ code }) => code).toSorted(), [
      'JSON_INVALID',
      'MANIFEST_NOT_FOUND',
      'SUBJECT_MISMATCH',
    ]);
    assert.equal(result.attached.length, 4);
  });

  for (const [status, code] of [
    [401, 'REGISTRY_UNAUTHORIZED'],
    [429, 'REGISTRY_RATE_LIMITED'],
    [500, 'REGISTRY_SERVER_ERROR'],
  ] as const) {
    test(`a listing that answers ${status} ends the copy before anything is written`, async () => {
      await using registry = await startRegistry();
      await fromSource(`${registry.host}/app:v1`);
      registry.fail({ path: /referrers/, action: { kind: 'status', status, headers: { 'retry-after': '0' } } });
      await assert.rejects(copy(`${registry.host}/app:v1`, `oci:${path(`never-${status}`)}`), failsWith(code));
      assert.equal(existsSync(path(`never-${status}`)), false);
    });
  }

  test('attachments go to, and come from, repositories of their own', async () => {
    await using registry = await startRegistry();
    const result = await fromSource(`${registry.host}/app:v1`, {
      toAttachmentRepository: `${registry.host}/signatures`,
      legacy: true,
    });
    assert.equal(result.attached.length, 6);
    const [first] = result.attached;
    assert.equal(registry.getManifest('app', first?.digest ?? ''), undefined);
    assert.ok(registry.getManifest('signatures', first?.digest ?? ''));
    const back = await copy(`${registry.host}/app:v1`, `oci:${path('rejoined')}`, {
      access: { attachmentRepository: `${registry.host}/signatures` },
      legacy: true,
    });
    assert.equal(back.attached.length, 6);
    await assert.rejects(
      copy(`${registry.host}/app:v1`, `oci:${path('x')}`, {
        access: { attachmentRepository: `${registry.host}/a:tag` },
      }),
      failsWith('USAGE'),
    );
  });

  test('another signature tag at the destination is not replaced', async () => {
    await using registry = await startRegistry();
    const tag = `${source.index.digest.replace(':', '-')}.sig`;
    const theirs = registry.putManifest(
      'app',
      { schemaVersion: 2, config: {}, layers: [] },
      { mediaType: OCI_MANIFEST, tag },
    );
    const result = await fromSource(`${registry.host}/app:v1`, { legacy: true });
    assert.deepEqual(
      result.notCopied.map(({ code, tag: name }) => [code, name]),
      [['TAG_TAKEN', tag]],
    );
    assert.equal(registry.getManifest('app', tag)?.digest, theirs);
  });

  test('layers kept elsewhere are left out, or come along when asked for', async () => {
    const made = await makeImage(path('windows'), { layers: [{ a: '1' }, { b: '2' }] });
    const document = JSON.parse(Buffer.from(made.image.manifest.bytes).toString()) as {
      layers: { mediaType: string; digest: string }[];
    };
    const [foreign] = document.layers;
    assert.ok(foreign);
    foreign.mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    await made.store.writeManifest(manifestOf(document), { tag: 'win' }, calm);
    await using registry = await startRegistry();
    const without = await copy(`oci:${path('windows')}:win`, `${registry.host}/win:1`);
    assert.deepEqual(without.nondistributable, [foreign.digest]);
    assert.equal(registry.getBlob('win', foreign.digest), undefined);
    const asked = await copy(`oci:${path('windows')}:win`, `${registry.host}/win:1`, { nondistributable: true });
    assert.deepEqual([asked.nondistributable, asked.blobs.copied], [[], 1]);
    assert.ok(registry.getBlob('win', foreign.digest));
  });

  test('an image without a tag can be found in its layout; a digest that is not the image’s is refused', async () => {
    await using registry = await startRegistry();
    await fromSource(`${registry.host}/app:v1`);
    const to = path('untagged');
    const result = await copy(`${registry.host}/app@${source.index.digest}`, `oci:${to}`);
    assert.deepEqual([result.tag, result.to], [null, `oci:${to}@${source.index.digest}`]);
    assert.equal((await openOciLayout(to).readManifest('', calm)).digest, source.index.digest);
    await assert.rejects(
      copy(`${registry.host}/app:v1`, `oci:${to}@${source.platforms[0]?.digest}`),
      failsWith('USAGE', /destination names/),
    );
    for (const target of ['oci-archive:x.tar', 'dir:x', 'docker-daemon:app:1'])
      await assert.rejects(copy(`${registry.host}/app:v1`, target), failsWith('NEEDS_REGISTRY_OR_LAYOUT'));
  });

  test('an index that lists what is attached to one of its images is copied whole, children first', async () => {
    const layout = path('inside');
    const { store, platforms, index } = await makeIndex(layout);
    const [first] = platforms;
    assert.ok(first);
    const inside = await attachNote(store, first, 'listed in the index');
    await attachNote(store, first, 'beside it');
    const document = JSON.parse(Buffer.from(index.bytes).toString()) as { manifests: object[] };
    const { mediaType, digest, sizeBytes } = inside;
    const listed = { mediaType, digest, size: sizeBytes, platform: { os: 'unknown', architecture: 'unknown' } };
    const whole = manifestOf({ ...document, manifests: [...document.manifests, listed] }, OCI_INDEX);
    await store.writeManifest(whole, { tag: 'whole' }, calm);
    await using registry = await startRegistry({ referrers: 'none' });
    const result = await copy(`oci:${layout}:whole`, `${registry.host}/app:v1`, {
      toAttachmentRepository: `${registry.host}/sigs`,
    });
    assert.equal(result.attached.length, 1);
    const order = writes(registry);
    const position = (wanted: string): number => order.findIndex((entry) => entry.endsWith(`/app/manifests/${wanted}`));
    assert.ok(position(digest) !== -1 && position(digest) < position(whole.digest));
    await using there = await openQuietly(registry.host, 'app');
    assert.deepEqual(
      (await there.listReferrers(first.digest, calm)).map((entry) => entry.digest),
      [digest],
    );
  });

  test('many referrers take one update of the fallback tag', async () => {
    const layout = path('crowded');
    const { store, image } = await makeImage(layout, { layers: [{ a: '1' }] });
    const subject = descriptorOf(image.manifest);
    for (let number = 0; number < 30; number += 1) await attachSignature(store, subject, number);
    await using registry = await startRegistry({ referrers: 'none' });
    const { attached } = await copy(`oci:${layout}`, `${registry.host}/app:v1`);
    assert.equal(attached.length, 30);
    assert.equal(writes(registry).filter((entry) => /manifests\/sha256-/.test(entry)).length, 1);
    await using there = await openQuietly(registry.host, 'app');
    const listed = await there.listReferrers(subject.digest, calm);
    assert.equal(listed.length, 30);
    assert.ok(listed.every(({ artifactType, annotations }) => artifactType !== undefined && annotations !== undefined));
  });

  test('things attached to each other without end are cut off', async () => {
    const layout = path('deep');
    const { store, image } = await makeImage(layout, { layers: [{ a: '1' }] });
    let subject = descriptorOf(image.manifest);
    for (let depth = 0; depth < 10; depth += 1) subject = await attachNote(store, subject, `note ${depth}`);
    await assert.rejects(copy(`oci:${layout}`, `oci:${path('deep-copy')}`), failsWith('LIMIT_EXCEEDED', /deep/));
  });

  test('more referrers than the cap are an error', async () => {
    await using registry = await startRegistry();
    await fromSource(`${registry.host}/app:v1`);
    await using store = await openQuietly(registry.host, 'app');
    for (const note of ['a', 'b', 'c']) await attachNote(store, descriptorOf(source.index), note);
    const to = `oci:${path('capped')}`;
    await assert.rejects(
      copy(`${registry.host}/app:v1`, to, { access: { maxReferrers: 3 } }),
      failsWith('LIMIT_EXCEEDED'),
    );
    assert.equal((await copy(`${registry.host}/app:v1`, to, { access: { maxReferrers: 4 } })).attached.length, 7);
  });

  test('many copies to one place at once lose nothing', async () => {
    await using registry = await startRegistry({ referrers: 'none', etags: false });
    await Promise.all(['v1', 'v2', 'v3'].map((tag) => fromSource(`${registry.host}/app:${tag}`)));
    await using store = await openQuietly(registry.host, 'app');
    assert.deepEqual(await allDigests(store), await allDigests(source.store));
    await Promise.all(
      ['v1', 'v2', 'v3'].map((tag) => copy(`${registry.host}/app:${tag}`, `oci:${path('shared')}:${tag}`)),
    );
    assert.deepEqual(await allDigests(openOciLayout(path('shared'))), await allDigests(source.store));
  });

  test('progress counts bytes up to the whole', async () => {
    const events: Extract<ProgressEvent, { kind: 'transfer' }>[] = [];
    const runtime = {
      ...quietRuntime(),
      progress: (event: ProgressEvent): void => {
        if (event.kind === 'transfer') events.push(event);
      },
    };
    const options = {
      from: `oci:${path('source')}:v1`,
      to: `oci:${path('counted')}`,
      access: {},
      referrers: true,
      legacy: false,
      nondistributable: false,
    };
    const { blobs } = await copyImageWithAttachments(options, runtime);
    assert.ok(events.length > 0);
    assert.deepEqual([events.at(-1)?.doneBytes, events.at(-1)?.totalBytes], [blobs.copiedBytes, blobs.copiedBytes]);
  });

  test('an archive of a layout is a source', async () => {
    const { spawnSync } = await import('node:child_process');
    const archive = path('source.tar');
    assert.equal(spawnSync('tar', ['-cf', archive, '-C', path('source'), '.']).status, 0);
    const result = await copy(`oci-archive:${archive}:v1`, `oci:${path('unpacked')}`);
    assert.equal(result.attached.length, 4);
    rmSync(archive);
  });

  test('a docker archive is a source: its manifest is made up, and that is told', async () => {
    const { store, image } = await makeImage(path('saved'), { layers: [{ a: '1' }, { b: '2' }] });
    await writeArchive(path('saved.tar'), dockerSaveMembers(store, image, ['app:1']));
    await using registry = await startRegistry();
    const warnings: string[] = [];
    const options = {
      from: `docker-archive:${path('saved.tar')}`,
      to: `${registry.host}/app:v1`,
      access: {},
      referrers: true,
      legacy: true,
      nondistributable: false,
    };
    const { digest, attached } = await copyImageWithAttachments(options, {
      ...quietRuntime(),
      progress: (event) => {
        if (event.kind === 'warning') warnings.push(event.message);
      },
    });
    assert.equal(registry.getManifest('app', 'v1')?.digest, digest);
    assert.deepEqual(attached, []);
    assert.match(warnings.join('\n'), /made up/);
    await using there = await openQuietly(registry.host, 'app');
    const loaded = await loadImage(there, { reference: 'v1', hostPlatform: LINUX_AMD64, signal: calm });
    assert.deepEqual(
      loaded.layers.map(({ diffId }) => diffId),
      image.layers.map(({ diffId }) => diffId),
    );
  });

  test('a manifest of another digest than the index says is refused', async () => {
    const layout = path('tampered');
    const { index, platforms } = await makeIndex(layout);
    const [first] = platforms;
    assert.ok(first);
    const file = join(layout, 'blobs/sha256', digestHex(first.digest));
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"schemaVersion":2', '"schemaVersion":3'));
    await assert.rejects(
      copy(`oci:${layout}:v1`, `oci:${path('tampered-copy')}`),
      failsWith('MANIFEST_DIGEST_MISMATCH'),
    );
    await createOciLayout(path('tampered-copy'));
    const raw: RawManifest = index;
    assert.equal(existsSync(join(path('tampered-copy'), 'blobs/sha256', digestHex(raw.digest))), false);
  });
});
