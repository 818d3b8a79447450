import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import {
  loadImage,
  openLocalStore,
  parseImageReference,
  readBlobBytes,
  type Image,
  type LocalReference,
} from '../../src/image/index.ts';
import { dockerSaveMembers, legacyId, legacySaveMembers, writeArchive } from '../support/image-archives.ts';
import { LINUX_AMD64, makeImage, type MadeImage } from '../support/images.ts';

const signal = new AbortController().signal;
const TOP = legacyId(2);

let temporary: TemporaryDirectory;
let made: MadeImage;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
  made = await makeImage(join(temporary.path, 'layout'), {
    layers: [{ 'etc/os-release': 'ID=test\n' }, { app: 'x'.repeat(5000) }, {}],
  });
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

type Members = Parameters<typeof writeArchive>[1];

async function load(members: Members, tag = ''): Promise<Image> {
  const file = join(temporary.path, 'old.tar');
  await writeArchive(file, members);
  const reference = parseImageReference(`docker-archive:${file}${tag === '' ? '' : `:${tag}`}`) as LocalReference;
  await using store = await openLocalStore(reference, { signal });
  return loadImage(store, { reference: reference.tag ?? '', hostPlatform: LINUX_AMD64, signal });
}

function legacy(repositories: Record<string, Record<string, string>> = { app: { v1: TOP } }): Members {
  return legacySaveMembers(made.store, made.image, repositories);
}

/** The members with one record changed. */
function withRecord(index: number, change: Record<string, unknown>): Members {
  const path = `${legacyId(index)}/json`;
  return legacy().map(([name, member]) =>
    name === path && typeof member === 'string'
      ? [name, JSON.stringify({ ...(JSON.parse(member) as object), ...change })]
      : [name, member],
  );
}

describe('docker archives older than 1.10', () => {
  test('load: layers by their parents, a made-up configuration and manifest, the same each time', async () => {
    const image = await load(legacy());
    assert.equal(image.syntheticManifest, true);
    assert.deepEqual(
      image.layers.map((layer) => layer.diffId),
      made.image.layers.map((layer) => layer.diffId),
    );
    assert.deepEqual(
      image.layers.map((layer) => layer.createdBy),
      ['/bin/sh -c step 0', '/bin/sh -c step 1', '/bin/sh -c step 2'],
    );
    assert.deepEqual(image.config.cmd, ['/app']);
    assert.deepEqual(image.config.labels, { step: '2' });
    assert.equal(image.config.created, '2015-01-03T00:00:00Z');
    assert.deepEqual(image.platform, LINUX_AMD64);
    const again = await load(legacy().toReversed());
    assert.equal(again.digest, image.digest);
  });

  test('give the bytes of configuration and layers by digest', async () => {
    const file = join(temporary.path, 'bytes.tar');
    await writeArchive(file, legacy());
    await using store = await openLocalStore({ transport: 'docker-archive', path: file }, { signal });
    const image = await loadImage(store, { reference: 'app:v1', hostPlatform: LINUX_AMD64, signal });
    for (const { descriptor, diffId } of image.layers) {
      const bytes = await readBlobBytes(store, descriptor, { maxBytes: 1e6, what: 'layer', signal });
      assert.equal(sha256Digest(bytes), diffId);
    }
    const found = await loadImage(store, { reference: image.digest, hostPlatform: LINUX_AMD64, signal });
    assert.equal(found.digest, image.digest);
  });

  test('a record that does not say its platform is linux/amd64', async () => {
    const image = await load(withRecord(2, { os: undefined, architecture: undefined }));
    assert.deepEqual(image.platform, LINUX_AMD64);
  });

  test('of several images one is chosen by name or position; the error says what there is', async () => {
    const several = legacy({ app: { v1: TOP, same: TOP }, 'example.com/base': { old: legacyId(0) } });
    assert.equal((await load(several, 'app:same')).layers.length, 3);
    assert.equal((await load(several, 'example.com/base:old')).layers.length, 1);
    assert.equal((await load(several, '@1')).layers.length, 1);
    await assert.rejects(load(several), { code: 'TAG_REQUIRED', hint: /app:v1, app:same, example\.com\/base:old/ });
    await assert.rejects(load(several, '@2'), { code: 'MANIFEST_NOT_FOUND', hint: /example\.com\/base:old/ });
    await assert.rejects(load(several, 'app:v2'), { code: 'MANIFEST_NOT_FOUND' });
  });

  const refused: readonly (readonly [string, { code: string; message?: RegExp }, () => Members])[] = [
    ['no names', { code: 'MANIFEST_NOT_FOUND' }, () => legacy({})],
    ['a name of no id', { code: 'ARCHIVE_INVALID' }, () => legacy({ app: { v1: '../../etc/passwd' } })],
    [
      'a name of an absent image',
      { code: 'ARCHIVE_INVALID', message: /image a+9 is not in/ },
      () => legacy({ a: { b: legacyId(9) } }),
    ],
    [
      'a missing parent',
      { code: 'ARCHIVE_INVALID', message: /its parent a+9 is not in/ },
      () => withRecord(1, { parent: legacyId(9) }),
    ],
    ['a cycle of parents', { code: 'ARCHIVE_INVALID', message: /own ancestor/ }, () => withRecord(0, { parent: TOP })],
    ['a parent that is no id', { code: 'ARCHIVE_INVALID' }, () => withRecord(1, { parent: '../x' })],
    ['a parent that is no text', { code: 'ARCHIVE_INVALID' }, () => withRecord(1, { parent: 7 })],
    ['a command that is no object', { code: 'ARCHIVE_INVALID' }, () => withRecord(1, { container_config: [] })],
    ['a configuration that is no object', { code: 'CONFIG_INVALID' }, () => withRecord(2, { config: 7 })],
    [
      'a missing layer',
      { code: 'ARCHIVE_INVALID', message: /layer\.tar/ },
      () => legacy().filter(([name]) => name !== `${legacyId(1)}/layer.tar`),
    ],
    [
      'a compressed layer',
      { code: 'ARCHIVE_UNSUPPORTED' },
      () =>
        legacy().map(([name, member]) => [name, name.endsWith('layer.tar') ? Buffer.from([0x1f, 0x8b, 8]) : member]),
    ],
    [
      'a number beyond a double',
      { code: 'JSON_INVALID' },
      () =>
        legacy().map(([name, member]) => [
          name,
          typeof member === 'string' ? member.replace('"Labels"', '"Big":1e999,"Labels"') : member,
        ]),
    ],
    [
      'more layers than allowed',
      { code: 'LAYER_COUNT' },
      () => [
        ...Array.from({ length: 600 }, (_, index): Members[number][] => [
          [`${legacyId(index)}/json`, JSON.stringify(index === 0 ? {} : { parent: legacyId(index - 1) })],
          [`${legacyId(index)}/layer.tar`, ''],
        ]).flat(),
        ['repositories', JSON.stringify({ app: { v1: legacyId(599) } })],
      ],
    ],
  ];
  for (const [what, expected, members] of refused) {
    test(`${what}: ${expected.code}`, async () => {
      await assert.rejects(load(members()), expected);
    });
  }
});

describe('docker archives by position', () => {
  test('an image without a name is reached by its position', async () => {
    const members = dockerSaveMembers(made.store, made.image, []).map(([name, member]): Members[number] => [
      name,
      name === 'manifest.json' && typeof member === 'string'
        ? `[${member.slice(1, -1)},${member.slice(1, -1)}]`
        : member,
    ]);
    assert.equal((await load(members, '@1')).configDigest, made.image.configDigest);
    await assert.rejects(load(members), { code: 'TAG_REQUIRED', hint: /@0, @1/ });
    await assert.rejects(load(members, '@2'), { code: 'MANIFEST_NOT_FOUND' });
  });

  test('positions are for docker archives alone', () => {
    assert.equal((parseImageReference('docker-archive:a.tar:@12') as LocalReference).tag, '@12');
    for (const text of ['oci:dir:@1', 'docker-archive:a.tar:@', 'docker-archive:a.tar:@1x', 'docker-archive:a.tar:@-1'])
      assert.throws(() => parseImageReference(text), { code: 'REFERENCE_INVALID' });
  });
});
