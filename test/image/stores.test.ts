import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestHex, sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import {
  loadImage,
  openLocalStore,
  parseImageReference,
  readBlobBytes,
  type Image,
  type LocalReference,
  type LocalStore,
} from '../../src/image/index.ts';
import { dockerSaveMembers, layoutMembers, writeArchive } from '../support/image-archives.ts';
import { LINUX_AMD64, makeImage, type MadeImage } from '../support/images.ts';

const signal = new AbortController().signal;

let temporary: TemporaryDirectory;
let made: MadeImage;

before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
  made = await makeImage(join(temporary.path, 'layout'), {
    layers: [{ 'etc/os-release': 'ID=test\n' }, { app: 'x'.repeat(5000) }, { 'etc/os-release': 'ID=test\n' }],
    config: { cmd: ['/app'], labels: { a: 'b' }, created: '2026-01-02T03:04:05Z' },
    tag: 'v1',
  });
});

after(async () => {
  await temporary[Symbol.asyncDispose]();
});

function local(text: string): LocalReference {
  const reference = parseImageReference(text);
  assert.ok(reference.transport !== 'registry' && reference.transport !== 'docker-daemon');
  return reference;
}

async function open(text: string): Promise<LocalStore> {
  return openLocalStore(local(text), { signal });
}

async function load(store: LocalStore, reference = ''): Promise<Image> {
  return loadImage(store, { reference, hostPlatform: LINUX_AMD64, signal });
}

const path = (name: string): string => join(temporary.path, name);

/** Every kind of store, made from the same image. */
const KINDS: Readonly<Record<string, () => Promise<string>>> = {
  oci: async () => `oci:${path('layout')}`,
  'oci-archive': () => archive('oci-archive', 'a.tar', layoutMembers(made.store)),
  'oci-archive, gzip': () => archive('oci-archive', 'a.tar.gz', layoutMembers(made.store)),
  'docker-archive, old form': () =>
    archive('docker-archive', 'd.tar', dockerSaveMembers(made.store, made.image, ['app:v1'])),
  'docker-archive, old form, gzip': () =>
    archive('docker-archive', 'd.tar.gz', dockerSaveMembers(made.store, made.image, ['app:v1'])),
  'docker-archive, OCI form': () =>
    archive('docker-archive', 'o.tar', [...layoutMembers(made.store), ['manifest.json', '[]']]),
};

async function archive(transport: string, name: string, members: Parameters<typeof writeArchive>[1]): Promise<string> {
  await writeArchive(path(name), members);
  return `${transport}:${path(name)}`;
}

for (const [kind, prepare] of Object.entries(KINDS)) {
  describe(`store contract: ${kind}`, () => {
    test('gives the image, its config and its layers', async () => {
      await using store = await open(await prepare());
      const image = await load(store);
      const isSynthetic = kind.includes('old form');
      assert.equal(image.syntheticManifest ?? false, isSynthetic);
      assert.equal(image.configDigest, made.image.configDigest);
      assert.deepEqual(image.config, made.image.config);
      if (!isSynthetic) assert.equal(image.digest, made.digest);
      assert.deepEqual(
        image.layers.map((layer) => layer.diffId),
        made.image.layers.map((layer) => layer.diffId),
      );
      for (const { descriptor, diffId } of image.layers) {
        const bytes = await readBlobBytes(store, descriptor, { maxBytes: 1e6, what: 'layer', signal });
        assert.equal(sha256Digest(descriptor.digest === diffId ? bytes : gunzipSync(bytes)), diffId);
      }
    });

    test('finds it by digest and by tag, and says what it has not', async () => {
      await using store = await open(await prepare());
      const { digest } = await load(store);
      assert.equal((await load(store, digest)).digest, digest);
      assert.equal((await load(store, kind.includes('old form') ? 'docker.io/library/app:v1' : 'v1')).digest, digest);
      await assert.rejects(load(store, 'nothing'), { code: 'MANIFEST_NOT_FOUND' });
      const missing = sha256Digest('missing');
      await assert.rejects(load(store, missing), { code: 'MANIFEST_NOT_FOUND' });
      await assert.rejects(store.openBlob({ mediaType: 'a/b', digest: missing, sizeBytes: 1 }, signal), {
        code: 'BLOB_NOT_FOUND',
      });
    });
  });
}

describe('layout directories', () => {
  test('links out of the layout and blobs of other size or content are refused', async () => {
    const { store, image } = await makeImage(path('hostile'), { layers: [{ a: 'a' }] });
    const blob = join(path('hostile'), 'blobs/sha256', digestHex(image.configDigest));
    truncateSync(blob, 3);
    await assert.rejects(load(store, image.digest), { code: 'SIZE_MISMATCH' });
    writeFileSync(blob, 'x'.repeat(image.configBytes.byteLength));
    await assert.rejects(load(store, image.digest), { code: 'DIGEST_MISMATCH' });
    writeFileSync(path('outside'), image.configBytes);
    rmSync(blob);
    symlinkSync(path('outside'), blob);
    await assert.rejects(load(store, image.digest), { code: 'LINK_ESCAPE' });
    rmSync(blob);
    mkdirSync(blob);
    await assert.rejects(load(store, image.digest), { code: 'STORE_UNREADABLE' });
    writeFileSync(
      join(path('hostile'), 'blobs/sha256', digestHex(image.digest)),
      'x'.repeat(image.manifest.bytes.byteLength),
    );
    await assert.rejects(load(store, image.digest), { code: 'MANIFEST_DIGEST_MISMATCH' });
  });

  test('what is no layout is named', async () => {
    mkdirSync(path('empty'));
    await assert.rejects(open(`oci:${path('nothing')}`), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(open(`oci:${path('empty')}`), { code: 'LAYOUT_INVALID' });
    await assert.rejects(open(`dir:${path('empty')}`), { code: 'USAGE' });
    await assert.rejects(open(`oci-archive:${path('empty')}`), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(open(`docker-archive:${path('nothing')}`), { code: 'STORE_NOT_FOUND' });
  });

  test('several images need a tag', async () => {
    const directory = path('several');
    await makeImage(directory, { layers: [{ a: 'a' }], tag: 'one' });
    const { store } = await makeImage(directory, { layers: [{ a: 'b' }], tag: 'two' });
    await assert.rejects(load(store), (error: Error & { hint?: string; code?: string }) => {
      assert.equal(error.code, 'TAG_REQUIRED');
      assert.match(error.hint ?? '', /one, two/);
      return true;
    });
  });
});

describe('archives', () => {
  const hostile: readonly (readonly [string, string, Parameters<typeof writeArchive>[1]])[] = [
    ['without any manifest', 'ARCHIVE_INVALID', [['x', 'x']]],
    [
      'with a name twice',
      'ARCHIVE_INVALID',
      [
        ['manifest.json', '[]'],
        ['manifest.json', '[]'],
      ],
    ],
    ['with a link out of it', 'LINK_ESCAPE', [['manifest.json', { linkTarget: '../../etc/passwd' }]]],
    ['with an absolute link', 'LINK_ESCAPE', [['manifest.json', { linkTarget: '/etc/passwd' }]]],
    [
      'with links in a circle',
      'ARCHIVE_INVALID',
      [
        ['manifest.json', { linkTarget: 'b' }],
        ['b', { linkTarget: 'manifest.json' }],
      ],
    ],
    ['with a manifest.json that is no list', 'ARCHIVE_INVALID', [['manifest.json', '{}']]],
    ['with an image without Config', 'ARCHIVE_INVALID', [['manifest.json', '[{}]']]],
  ];
  for (const [what, code, members] of hostile) {
    test(`${what} are refused: ${code}`, async () => {
      const reference = await archive('docker-archive', 'hostile.tar', members);
      await assert.rejects(open(reference), { code });
    });
  }

  test('that unpack to more than allowed are refused, and nothing is left behind', async () => {
    const reference = await archive('oci-archive', 'bomb.tar.gz', [['zeros', new Uint8Array(2_000_000)]]);
    await assert.rejects(openLocalStore(local(reference), { signal, maxBytes: 1_000_000 }), { code: 'LIMIT_EXCEEDED' });
  });

  test('that are cut off are refused', async () => {
    const gzip = await archive('oci-archive', 'cut.tar.gz', layoutMembers(made.store));
    truncateSync(path('cut.tar.gz'), 300);
    await assert.rejects(open(gzip), { code: 'ARCHIVE_INVALID' });
    const plain = await archive('oci-archive', 'cut.tar', layoutMembers(made.store));
    truncateSync(path('cut.tar'), 530);
    await assert.rejects(open(plain), { code: 'TAR_TRUNCATED', message: /cut\.tar: / });
  });

  test('old docker archives with another number of diffIDs are refused', async () => {
    const [first, ...rest] = dockerSaveMembers(made.store, made.image, []);
    assert.ok(first);
    const members = rest.map(
      ([name, member]) =>
        [
          name,
          name === 'manifest.json' && typeof member === 'string'
            ? member.replace(/"Layers":\["[^"]*",/, '"Layers":[')
            : member,
        ] as const,
    );
    const reference = await archive('docker-archive', 'count.tar', [first, ...members]);
    await using store = await open(reference);
    await assert.rejects(load(store), { code: 'DIFF_ID_COUNT' });
  });

  test('an aborted signal stops unpacking', async () => {
    const reference = await archive('oci-archive', 'abort.tar.gz', layoutMembers(made.store));
    await assert.rejects(openLocalStore(local(reference), { signal: AbortSignal.abort() }), { code: 'INTERRUPTED' });
  });
});

const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;

describe('skopeo as judge', { skip: hasSkopeo ? false : 'skopeo is not installed' }, () => {
  for (const [transport, synthetic] of [
    ['oci-archive', false],
    ['docker-archive', true],
  ] as const) {
    test(`its ${transport} of a layout written here is the same image`, async () => {
      const target = `${transport}:${path(`skopeo-${transport}.tar`)}`;
      const named = synthetic ? `${target}:example.com/app:1` : target;
      const run = spawnSync('skopeo', ['copy', '--insecure-policy', `oci:${path('layout')}:v1`, named], {
        encoding: 'utf8',
      });
      assert.equal(run.status, 0, run.stderr);
      await using store = await open(target);
      const image = await load(store);
      assert.deepEqual(image.config.diffIds, made.image.config.diffIds);
      if (synthetic) assert.equal((await load(store, 'example.com/app:1')).syntheticManifest, true);
      else assert.equal(image.digest, made.digest);
    });
  }

  test('it finds the digest that was written here', () => {
    const run = spawnSync('skopeo', ['inspect', '--format', '{{.Digest}}', `oci:${path('layout')}:v1`], {
      encoding: 'utf8',
    });
    assert.equal(run.stdout.trim(), made.digest, run.stderr);
  });
});
