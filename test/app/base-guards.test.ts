import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { detectBase } from '../../src/app/index.ts';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import { buildIndex, checkRawManifest, type LayerEntry } from '../../src/image/index.ts';
import { parseLock } from '../../src/provenance/index.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { makeImage, type LayerSpec, type MadeImage } from '../support/images.ts';

const { signal } = new AbortController();

function policy(entry = '', base = ''): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"]${entry} }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [tiny]${base} } }
`;
}

/** A base of enough files to be looked for file by file. */
const FILES: LayerSpec = Object.fromEntries([
  ['bin/sh', '#!the shell\n'],
  ...Array.from({ length: 60 }, (_, index) => [`usr/share/tiny/file${index}`, `content ${index}\n`]),
]);
const TOP: LayerSpec = { 'app/run': 'run\n' };
const ARM = { os: 'linux', architecture: 'arm64' } as const;

async function image(
  bench: GateBench,
  tag: string,
  options: Omit<Parameters<typeof makeImage>[1], 'tag'>,
): Promise<MadeImage> {
  return makeImage(bench.file('images'), { ...options, tag });
}

function on({ image: base, store }: MadeImage): { readonly base: Parameters<typeof makeImage>[1]['base'] & object } {
  return { base: { image: base, store } };
}

async function indexOf(images: readonly MadeImage[], tag: string): Promise<Digest> {
  const manifests = images.map(({ image: { manifest, platform } }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    sizeBytes: manifest.bytes.byteLength,
    platform,
  }));
  return (await buildIndex(images[0]!.store, { manifests, tag, signal })).digest;
}

/** What a check says of the base: `pass BASE_CONTENT`, or what did not pass. */
async function verdict(bench: GateBench, tag: string): Promise<readonly string[]> {
  const decision = await bench.check(tag);
  const found = decision.images[0]?.platforms.map((platform) => {
    const allow = platform.rules.flatMap(({ checks }) => checks).find((check) => check.item === 'allow');
    return allow === undefined ? undefined : `${allow.outcome} ${allow.code}`;
  });
  return found === undefined || found.length === 0 || found.includes(undefined)
    ? complaints(decision)
    : found.map((text) => text ?? '');
}

/** Tags a changed copy of an image's manifest. */
async function retag(made: MadeImage, tag: string, change: (manifest: Record<string, unknown>) => void): Promise<void> {
  const manifest = JSON.parse(Buffer.from(made.image.manifest.bytes).toString()) as Record<string, unknown>;
  change(manifest);
  const raw = checkRawManifest(Buffer.from(JSON.stringify(manifest)), {});
  await made.store.writeManifest(raw, { tag }, signal);
}

/** Tags a manifest whose configuration is another. */
async function withConfig(
  made: MadeImage,
  tag: string,
  change: (config: Record<string, unknown>) => void,
): Promise<void> {
  const config = JSON.parse(Buffer.from(made.image.configBytes).toString()) as Record<string, unknown>;
  change(config);
  const bytes = Buffer.from(JSON.stringify(config));
  await made.store.writeBlob(bytes, sha256Digest(bytes), signal);
  await retag(made, tag, (manifest) => {
    manifest['config'] = { ...(manifest['config'] as object), digest: sha256Digest(bytes), size: bytes.byteLength };
  });
}

describe('guards of matching by layers, on images', () => {
  test('empty base: the bottom of everything proves nothing', async () => {
    await using bench = await openGateBench(policy());
    await image(bench, 'base', { layers: [] });
    await bench.lock();
    await image(bench, 'app', { layers: [FILES, TOP] });
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED']);
  });

  test('trivial base: folders and whiteouts only prove nothing', async () => {
    await using bench = await openGateBench(policy());
    const base = await image(bench, 'base', { layers: [[{ path: 'opt/' }], { 'opt/.wh.nothing': '' }] });
    await bench.lock();
    await image(bench, 'app', { layers: [TOP], ...on(base) });
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED']);
  });

  test('platform mismatch: layers of the amd64 base prove nothing of an arm64 image', async () => {
    await using bench = await openGateBench(policy());
    const base = await image(bench, 'base', { layers: [FILES] });
    await bench.lock();
    await image(bench, 'app', { layers: [TOP], ...on(base), config: { platform: ARM } });
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED']);
  });

  test('index digest: a tag that leads to an index is locked per platform, and each platform stands by itself', async () => {
    await using bench = await openGateBench(policy());
    const amd = await image(bench, 'a', { layers: [FILES] });
    const arm = await image(bench, 'b', { layers: [{ ...FILES, 'bin/sh': 'arm shell' }], config: { platform: ARM } });
    const digest = await indexOf([amd, arm], 'base');
    await bench.lock();
    const [record] = parseLock(readFileSync(bench.file('bases.lock.jsonl'))).records;
    assert.deepEqual(
      [record?.digest, record?.platforms.map(({ manifest }) => manifest)],
      [digest, [amd.digest, arm.digest]],
    );
    const good = await image(bench, 'good', { layers: [TOP], ...on(arm) });
    const crossed = await image(bench, 'crossed', {
      layers: [TOP],
      ...on(arm),
      config: { platform: { os: 'linux', architecture: 'amd64' } },
    });
    await indexOf([crossed, good], 'app');
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED', 'pass BASE_CONTENT']);
  });

  test('lost platform: the tag has it no more, what was locked of it still counts', async () => {
    await using bench = await openGateBench(policy());
    const amd = await image(bench, 'a', { layers: [FILES] });
    const arm = await image(bench, 'b', { layers: [{ ...FILES, 'bin/sh': 'arm shell' }], config: { platform: ARM } });
    await indexOf([amd, arm], 'base');
    await bench.lock();
    await indexOf([amd], 'base');
    await bench.lock();
    await image(bench, 'app', { layers: [TOP], ...on(arm) });
    assert.deepEqual(await verdict(bench, 'app'), ['pass BASE_CONTENT']);
  });

  test('duplicates: the same layer twice is not the same layer once', async () => {
    await using bench = await openGateBench(policy());
    const base = await image(bench, 'base', { layers: [FILES, FILES] });
    await bench.lock();
    await image(bench, 'once', { layers: [FILES, TOP] });
    assert.deepEqual(await verdict(bench, 'once'), ['fail BASE_NOT_ALLOWED']);
    await image(bench, 'thrice', { layers: [FILES, TOP], ...on(base) });
    assert.deepEqual(await verdict(bench, 'thrice'), ['pass BASE_CONTENT']);
  });

  test('equal length: the image is the base itself', async () => {
    await using bench = await openGateBench(policy());
    await image(bench, 'base', { layers: [FILES] });
    await bench.lock();
    assert.deepEqual(await verdict(bench, 'base'), ['pass BASE_CONTENT']);
  });

  test('a base that is not the whole bottom: its first layer alone is not the base', async () => {
    await using bench = await openGateBench(policy());
    await image(bench, 'base', { layers: [FILES, { 'etc/second': '2' }] });
    await bench.lock();
    await image(bench, 'app', { layers: [FILES, TOP] });
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED']);
  });

  for (const [what, code, spoil] of [
    [
      'count mismatch: more diffIDs than layers',
      'DIFF_ID_COUNT',
      (made: MadeImage) =>
        withConfig(made, 'app', (config) => {
          const rootfs = config['rootfs'] as { diff_ids: string[] };
          rootfs.diff_ids.push(`sha256:${'a'.repeat(64)}`);
        }),
    ],
    [
      'a claimed diffID that the layer does not unpack to',
      'LAYER_DIFF_ID_MISMATCH',
      (made: MadeImage) =>
        withConfig(made, 'app', (config) => {
          const rootfs = config['rootfs'] as { diff_ids: string[] };
          rootfs.diff_ids[rootfs.diff_ids.length - 1] = `sha256:${'a'.repeat(64)}`;
        }),
    ],
    [
      'config digest mismatch',
      'DIGEST_MISMATCH',
      async (made: MadeImage, bench: GateBench) => {
        const hex = made.image.configDigest.slice(7);
        const size = made.image.configBytes.byteLength;
        writeFileSync(bench.file(`images/blobs/sha256/${hex}`), Buffer.alloc(size, 'x'));
      },
    ],
    [
      'foreign layers, whose bytes nobody has',
      'UNSUPPORTED_LAYER',
      (made: MadeImage) =>
        retag(made, 'app', (manifest) => {
          const [first, ...rest] = manifest['layers'] as object[];
          const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
          manifest['layers'] = [{ ...first, mediaType }, ...rest];
        }),
    ],
  ] as const) {
    test(`${what}: an error, for the image and for the lock`, async () => {
      await using bench = await openGateBench(policy());
      const base = await image(bench, 'base', { layers: [FILES] });
      await bench.lock();
      const app = await image(bench, 'app', { layers: [TOP], ...on(base) });
      await spoil(app, bench);
      const decision = await bench.check('app');
      assert.equal(decision.verdict, 'deny');
      assert.ok(complaints(decision).includes(`error ${code}`), complaints(decision).join());
      const before = readFileSync(bench.file('bases.lock.jsonl'));
      await assert.rejects(bench.lock('policy.yaml', 'app'), { code });
      assert.deepEqual(readFileSync(bench.file('bases.lock.jsonl')), before);
    });
  }

  test('schema1: refused by name, and nothing is locked', async () => {
    await using bench = await openGateBench(policy());
    const made = await image(bench, 'base', { layers: [FILES] });
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [], history: [] }));
    const digest = sha256Digest(bytes);
    await made.store.writeBlob(bytes, digest, signal);
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+json';
    const annotations = { 'org.opencontainers.image.ref.name': 'base' };
    const manifests = [{ mediaType, digest, size: bytes.byteLength, annotations }];
    writeFileSync(bench.file('images/index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    await assert.rejects(bench.lock(), { code: 'UNSUPPORTED_SCHEMA' });
    assert.equal(existsSync(bench.file('bases.lock.jsonl')), false);
    assert.deepEqual(complaints(await bench.check('base')).includes('error UNSUPPORTED_SCHEMA'), true);
  });

  test('zstd: a recompressed base is the same base', async () => {
    await using bench = await openGateBench(policy());
    const base = await image(bench, 'base', { layers: [FILES] });
    await bench.lock();
    const zstd = await image(bench, 'zstd', { layers: [FILES, TOP], compression: 'zstd' });
    assert.notEqual(zstd.image.layers[0]?.descriptor.digest, base.image.layers[0]?.descriptor.digest);
    assert.deepEqual(await verdict(bench, 'zstd'), ['pass BASE_CONTENT']);
  });

  test('eStargz: another tar does not match, and is contained file for file', async () => {
    await using bench = await openGateBench(policy(', squashed: allow'));
    await image(bench, 'base', { layers: [FILES] });
    await bench.lock();
    const toc = { 'stargz.index.json': '{}', '.no.prefetch.landmark': '\u000f' };
    await image(bench, 'app', { layers: [{ ...FILES, ...toc }, TOP] });
    assert.deepEqual(await verdict(bench, 'app'), ['pass BASE_CONTAINED']);
    const detected = await detectBase(
      { image: `oci:${bench.file('images')}:app`, access: {}, lockFile: bench.file('bases.lock.jsonl') },
      bench.runtime,
    );
    assert.deepEqual(
      detected.contained.map(({ entry, total, matched, differs, extra }) => [entry, total, matched, differs, extra]),
      [['tiny', 61, 61, [], 3]],
    );
    assert.equal(detected.level, 'none');
    writeFileSync(bench.file('policy.yaml'), policy());
    assert.deepEqual(await verdict(bench, 'app'), ['fail BASE_NOT_ALLOWED']);
    assert.ok(complaints(await bench.check('app')).includes('warn BASE_CONTAINS'));
  });

  test('hard links: which of two names is the file and which the link is no difference; two files of their own are none either', async () => {
    await using bench = await openGateBench(policy(', squashed: allow'));
    const rest = Object.entries(FILES as Record<string, string>).map(([path, content]) => ({ path, content }));
    const box = { content: 'busybox', mode: 0o755 };
    await image(bench, 'base', {
      layers: [[...rest, { path: 'bin/a', ...box }, { path: 'bin/b', hardLinkTo: 'bin/a', mode: 0o755 }]],
    });
    await bench.lock();
    const flat = async (tag: string, ...links: readonly LayerEntry[]): Promise<readonly string[]> => {
      await image(bench, tag, { layers: [[...rest, ...links, { path: 'app/run', content: 'x' }]] });
      return verdict(bench, tag);
    };
    const reversed = await flat(
      'reversed',
      { path: 'bin/b', ...box },
      { path: 'bin/a', hardLinkTo: 'bin/b', mode: 0o755 },
    );
    const copied = await flat('copied', { path: 'bin/b', ...box }, { path: 'bin/a', ...box });
    assert.deepEqual([reversed, copied], [['pass BASE_CONTAINED'], ['pass BASE_CONTAINED']]);
    const evil = await flat('evil', { path: 'bin/a', ...box }, { path: 'bin/b', content: 'busybex', mode: 0o755 });
    assert.deepEqual(evil, ['fail BASE_NOT_ALLOWED']);
  });

  test('reproducible rebuild: the same layers under another digest are the same base', async () => {
    await using bench = await openGateBench(policy());
    const base = await image(bench, 'base', { layers: [FILES] });
    await bench.lock();
    const rebuilt = await image(bench, 'rebuilt', { layers: [FILES], annotations: { built: 'again' } });
    assert.notEqual(rebuilt.digest, base.digest);
    await image(bench, 'app', { layers: [TOP], ...on(rebuilt) });
    assert.deepEqual(await verdict(bench, 'app'), ['pass BASE_CONTENT']);
  });

  test('squash: all in one layer is contained; one file altered is not', async () => {
    await using bench = await openGateBench(policy(', squashed: allow', ', tamper: deny'));
    await image(bench, 'base', { layers: [{ 'bin/sh': '#!the shell\n' }, FILES] });
    await bench.lock();
    await image(bench, 'app', { layers: [{ ...FILES, ...TOP }] });
    const decision = await bench.check('app');
    assert.deepEqual([decision.verdict, complaints(decision)], ['allow', []]);
    await image(bench, 'evil', { layers: [{ ...FILES, ...TOP, 'bin/sh': '#!evil\n' }] });
    assert.deepEqual(complaints(await bench.check('evil')).toSorted(), ['fail BASE_NOT_ALLOWED', 'warn BASE_CONTAINS']);
    await image(bench, 'preloaded', { layers: [{ ...FILES, ...TOP, 'etc/ld.so.preload': '/app/x.so\n' }] });
    assert.deepEqual(complaints(await bench.check('preloaded')), ['fail BASE_TAMPERED']);
  });
});
