import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import type { RawManifest } from '../../src/image/index.ts';
import { complaints, GATE_NAME, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { BASE_LAYER, npmLayer } from '../support/cli/sample-images.ts';
import type { MadeImage } from '../support/images.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const EMPTY = 'application/vnd.oci.empty.v1+json';
const { signal } = new AbortController();

/** Attaches anything at all to an image, as whoever may push can. */
async function attachJunk(
  image: MadeImage,
  options: { readonly content: Uint8Array; readonly change?: (manifest: Record<string, unknown>) => void },
): Promise<void> {
  const { store } = image;
  const empty = Buffer.from('{}');
  await store.writeBlob(empty, sha256Digest(empty), signal);
  await store.writeBlob(options.content, sha256Digest(options.content), signal);
  const manifest: Record<string, unknown> = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: BUNDLE,
    config: { mediaType: EMPTY, digest: sha256Digest(empty), size: 2 },
    layers: [{ mediaType: BUNDLE, digest: sha256Digest(options.content), size: options.content.byteLength }],
    subject: { mediaType: MANIFEST, digest: image.digest, size: image.image.manifest.bytes.byteLength },
  };
  options.change?.(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  const raw: RawManifest = { bytes, mediaType: MANIFEST, digest: sha256Digest(bytes) };
  const descriptor = { mediaType: MANIFEST, digest: raw.digest, sizeBytes: bytes.byteLength, artifactType: BUNDLE };
  await store.writeManifest(raw, { referrer: { subject: image.digest, descriptor } }, signal);
}

describe('the gate under attack', () => {
  let bench: GateBench;
  let base: MadeImage;
  before(async () => {
    bench = await openGateBench();
    base = await bench.image('base', [BASE_LAYER]);
    await bench.lock();
    await bench.image('app', [npmLayer('left-pad', '1.3.0')], base);
    await bench.release('app');
  });
  after(() => bench[Symbol.asyncDispose]());

  test('the honest image is allowed', async () => {
    const decision = await bench.check('app');
    assert.deepEqual([decision.verdict, complaints(decision)], ['allow', []]);
  });

  describe('--as', () => {
    for (const as of [
      `${GATE_NAME}:1.2`,
      `${GATE_NAME}@sha256:${'a'.repeat(64)}`,
      'oci:images:app',
      'registry.example.com/shop/../app',
      'registry.example.com/Shop/app',
      '',
    ]) {
      test(`${JSON.stringify(as)} is refused: rules know canonical names only`, async () => {
        await assert.rejects(bench.check('app', { as }), { code: 'AS_INVALID' });
      });
    }

    test('is made canonical', async () => {
      const decision = await bench.check('app', { as: 'Registry.Example.COM:443/shop/app' });
      assert.deepEqual([decision.verdict, decision.images[0]?.name], ['allow', GATE_NAME]);
    });

    test('gives no other name to an image of a registry', async () => {
      await assert.rejects(bench.check('app', { images: ['registry.example.com/other:1'], as: GATE_NAME }), {
        code: 'AS_INVALID',
      });
    });
  });

  describe('outputs', () => {
    for (const name of ['policy.yaml', 'bases.lock.jsonl', 'ours.pub']) {
      test(`never overwrite ${name}`, async () => {
        const before = readFileSync(bench.file(name), 'utf8');
        await assert.rejects(bench.report('app', { evidenceFile: bench.file(name) }), { code: 'OUTPUT_CONFLICT' });
        assert.equal(readFileSync(bench.file(name), 'utf8'), before);
      });
    }

    test('never overwrite an input through a link', async () => {
      symlinkSync('policy.yaml', bench.file('linked.yaml'));
      await assert.rejects(bench.report('app', { decisionFile: bench.file('linked.yaml') }), {
        code: 'OUTPUT_CONFLICT',
      });
    });

    test('are two files', async () => {
      const file = bench.file('both.json');
      await assert.rejects(bench.report('app', { evidenceFile: file, decisionFile: file }), {
        code: 'OUTPUT_CONFLICT',
      });
    });
  });

  describe('what an outsider attaches to an honest image changes nothing', () => {
    const target = async (tag: string): Promise<MadeImage> => {
      const image = await bench.image(tag, [npmLayer(tag)], base);
      await bench.release(tag);
      return image;
    };
    const isAllowed = async (tag: string): Promise<void> => {
      const decision = await bench.check(tag);
      assert.deepEqual([decision.verdict, complaints(decision)], ['allow', []]);
    };

    test('bundles of an odd shape', async () => {
      const image = await target('odd');
      const text = (value: string): Uint8Array => Buffer.from(value);
      for (const content of ['', '{', '[]', 'null', `{"mediaType":"${BUNDLE}"}`, '\u0000'])
        await attachJunk(image, { content: text(content) });
      await attachJunk(image, { content: text('1'), change: (manifest) => (manifest['layers'] = []) });
      await attachJunk(image, { content: text('2'), change: (manifest) => (manifest['artifactType'] = `${BUNDLE}x`) });
      await isAllowed('odd');
    });

    test('bundles whose blob is missing, or not what its digest says', async () => {
      const image = await target('missing');
      await attachJunk(image, {
        content: Buffer.from('3'),
        change: (manifest) => {
          manifest['layers'] = [{ mediaType: BUNDLE, digest: `sha256:${'1'.repeat(64)}`, size: 5 }];
        },
      });
      await attachJunk(image, {
        content: Buffer.from('4'),
        change: (manifest) => {
          manifest['layers'] = [{ mediaType: BUNDLE, digest: sha256Digest('4'), size: 5_000_000_000 }];
        },
      });
      await isAllowed('missing');
    });

    test('very large bundles', async () => {
      const image = await target('large');
      for (let index = 0; index < 8; index += 1)
        await attachJunk(image, { content: Buffer.alloc(15 * 1024 * 1024, `${index} `) });
      const before = process.memoryUsage().rss;
      await isAllowed('large');
      const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
      assert.ok(grownMiB < 500, `grew by ${grownMiB} MiB`);
    });
  });

  test('a malformed image leaves the decision about another one alone', async () => {
    const images = ['app', 'nope'].map((tag) => `oci:${bench.file('images')}:${tag}`);
    const decision = await bench.check('app', { images });
    assert.equal(decision.verdict, 'deny');
    assert.equal(decision.images.length, 2);
  });
});
