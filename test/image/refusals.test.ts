import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError, sha256Digest, type JsonValue } from '../../src/core/index.ts';
import {
  checkRawManifest,
  listPlatformImages,
  loadImage,
  loadIndex,
  MEDIA_TYPES,
  parseConfig,
  parseIndex,
  parseManifest,
  type BlobSource,
  type Descriptor,
  type ImageStore,
  type Platform,
  type RawManifest,
} from '../../src/image/index.ts';

const signal = new AbortController().signal;
const AMD64: Platform = { os: 'linux', architecture: 'amd64' };

type Json = Record<string, JsonValue>;

/** A store that gives what it was told to, checked by nobody. */
class HostileStore implements ImageStore {
  readonly name = 'hostile';
  readonly manifests = new Map<string, RawManifest>();
  readonly blobs = new Map<string, Uint8Array>();

  blob(bytes: Uint8Array, mediaType: string): Json {
    const digest = sha256Digest(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }

  manifest(document: JsonValue, tag: string): Json {
    const bytes = Buffer.from(JSON.stringify(document));
    const mediaType = (document as Json)['mediaType'] as string;
    const raw = { bytes, digest: sha256Digest(bytes), mediaType };
    this.manifests.set(raw.digest, raw).set(tag, raw);
    return { mediaType, digest: raw.digest, size: bytes.byteLength };
  }

  async readManifest(reference: string): Promise<RawManifest> {
    const raw = this.manifests.get(reference);
    assert.ok(raw, reference);
    return raw;
  }

  async openBlob(descriptor: Descriptor): Promise<BlobSource> {
    const bytes = this.blobs.get(descriptor.digest) ?? new Uint8Array();
    return { kind: 'stream', stream: chunks(bytes) };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 7) yield bytes.subarray(offset, offset + 7);
}

const LAYER = { mediaType: MEDIA_TYPES.ociLayer, digest: sha256Digest('layer'), size: 5 };

interface Changes {
  readonly manifest?: Json;
  readonly config?: Json;
  readonly layers?: readonly Json[];
}

/** An image that is sound but for the changes. */
function image(store: HostileStore, changes: Changes = {}, tag = 'it'): Json {
  const config = {
    ...AMD64,
    rootfs: { type: 'layers', diff_ids: [sha256Digest('layer')] },
    config: {},
    ...changes.config,
  };
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: store.blob(Buffer.from(JSON.stringify(config)), MEDIA_TYPES.ociConfig),
    layers: changes.layers ?? [LAYER],
    ...changes.manifest,
  };
  return store.manifest(document, tag);
}

const load = (store: ImageStore, reference = 'it', platform?: Platform) =>
  loadImage(store, { reference, hostPlatform: AMD64, signal, ...(platform === undefined ? {} : { platform }) });

function index(store: HostileStore, manifests: readonly JsonValue[], more: Json = {}): void {
  store.manifest({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...more }, 'it');
}

describe('loadImage', () => {
  test('accepts the sound image', async () => {
    const store = new HostileStore();
    image(store, { config: { history: [{ created_by: 'x', empty_layer: true }, { created_by: 'ADD file' }] } });
    const loaded = await load(store);
    assert.equal(loaded.layers[0]?.createdBy, 'ADD file');
    assert.deepEqual(loaded.platform, AMD64);
  });

  test('gives no createdBy when history and layers do not line up', async () => {
    const store = new HostileStore();
    image(store, { config: { history: [{ created_by: 'a' }, { created_by: 'b' }] } });
    assert.equal((await load(store)).layers[0]?.createdBy, undefined);
  });

  const layerOf = (mediaType: string): readonly Json[] => [{ ...LAYER, mediaType }];
  const cases: readonly (readonly [string, string, Changes])[] = [
    [
      'both layers and manifests (pitfall 9, GHSA-5j5w-g665-5m35)',
      'MANIFEST_AMBIGUOUS',
      { manifest: { manifests: [] } },
    ],
    ['a null member that makes it an index', 'MANIFEST_AMBIGUOUS', { manifest: { manifests: null } }],
    ['members that differ by case', 'MANIFEST_AMBIGUOUS', { manifest: { Layers: [] } }],
    ['members that fold by Unicode', 'MANIFEST_AMBIGUOUS', { manifest: { ['layer\u017f']: [] } }],
    ['schema 1', 'UNSUPPORTED_SCHEMA', { manifest: { schemaVersion: 1 } }],
    ['no schema version', 'MANIFEST_INVALID', { manifest: { schemaVersion: '2' } }],
    ['an index media type on a manifest', 'MEDIA_TYPE_CONFLICT', { manifest: { mediaType: MEDIA_TYPES.ociIndex } }],
    ['a foreign media type', 'MEDIA_TYPE_CONFLICT', { manifest: { mediaType: 'text/html' } }],
    [
      'an artifact',
      'NOT_AN_IMAGE',
      {
        manifest: {
          config: { mediaType: MEDIA_TYPES.ociEmpty, digest: sha256Digest('{}'), size: 2 },
          artifactType: 'x/y',
        },
      },
    ],
    ['an attestation manifest', 'NOT_AN_IMAGE', { layers: layerOf('application/vnd.in-toto+json') }],
    [
      'a nondistributable layer',
      'UNSUPPORTED_LAYER',
      { layers: layerOf('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip') },
    ],
    [
      'a foreign layer',
      'UNSUPPORTED_LAYER',
      { layers: layerOf('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip') },
    ],
    [
      'an encrypted layer',
      'ENCRYPTED_LAYER',
      { layers: layerOf('application/vnd.oci.image.layer.v1.tar+gzip+encrypted') },
    ],
    ['an unknown layer', 'UNKNOWN_LAYER_TYPE', { layers: layerOf('application/x-tar') }],
    ['too many layers', 'LAYER_COUNT', { layers: Array.from({ length: 513 }, () => LAYER) }],
    ['too few diffIDs', 'DIFF_ID_COUNT', { config: { rootfs: { type: 'layers', diff_ids: [] } } }],
    ['a malformed diffID', 'CONFIG_INVALID', { config: { rootfs: { type: 'layers', diff_ids: ['sha256:00'] } } }],
    ['no rootfs', 'CONFIG_INVALID', { config: { rootfs: null } }],
    ['no architecture', 'CONFIG_INVALID', { config: { architecture: '' } }],
    ['environment that is no text', 'CONFIG_INVALID', { config: { config: { Env: [1] } } }],
    ['a layer without digest', 'MANIFEST_INVALID', { layers: [{ mediaType: MEDIA_TYPES.ociLayer, size: 1 }] }],
    ['a negative size', 'MANIFEST_INVALID', { layers: [{ ...LAYER, size: -1 }] }],
    ['a size that is no whole number', 'MANIFEST_INVALID', { layers: [{ ...LAYER, size: 1.5 }] }],
  ];
  for (const [what, code, changes] of cases) {
    test(`refuses ${what}: ${code}`, async () => {
      const store = new HostileStore();
      image(store, changes);
      await assert.rejects(load(store), { code });
    });
  }

  test('refuses a config of other size or content', async () => {
    const bytes = Buffer.from('{}');
    for (const [descriptor, code] of [
      [{ digest: sha256Digest(bytes), size: 3 }, 'SIZE_MISMATCH'],
      [{ digest: sha256Digest(bytes), size: 1 }, 'SIZE_MISMATCH'],
      [{ digest: sha256Digest('other'), size: 2 }, 'DIGEST_MISMATCH'],
    ] as const) {
      const store = new HostileStore();
      image(store, { manifest: { config: { mediaType: MEDIA_TYPES.ociConfig, ...descriptor } } });
      store.blobs.set(descriptor.digest, bytes);
      await assert.rejects(load(store), { code });
    }
  });

  test('refuses a manifest of another digest', async () => {
    const store = new HostileStore();
    const { digest } = image(store);
    image(store, { manifest: { annotations: { other: 'yes' } } }, digest as string);
    await assert.rejects(load(store, digest as string), { code: 'MANIFEST_DIGEST_MISMATCH' });
  });

  test('refuses a single image of another platform than the one asked for', async () => {
    const store = new HostileStore();
    image(store);
    await assert.rejects(load(store, 'it', { os: 'linux', architecture: 'arm64' }), { code: 'PLATFORM_NOT_FOUND' });
  });
});

describe('images of an index', () => {
  test('are chosen by platform; attestation manifests are kept apart', async () => {
    const store = new HostileStore();
    const amd64 = image(store, {}, 'a');
    const arm64 = image(store, { config: { architecture: 'arm64', variant: 'v8' } }, 'b');
    const attestation = {
      ...image(store, { layers: [{ ...LAYER, mediaType: 'application/vnd.in-toto+json' }] }, 'c'),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    index(store, [
      { ...amd64, platform: AMD64 as unknown as Json },
      { ...arm64, platform: { os: 'linux', architecture: 'arm64' } },
      attestation,
    ]);
    assert.equal((await load(store)).digest, amd64['digest']);
    const chosen = await load(store, 'it', { os: 'linux', architecture: 'arm64' });
    assert.equal(chosen.digest, arm64['digest']);
    assert.equal(chosen.index?.attestationManifests.length, 1);
    await assert.rejects(load(store, 'it', { os: 'linux', architecture: 's390x' }), (error) => {
      assert.ok(isAppError(error));
      assert.equal(error.code, 'PLATFORM_NOT_FOUND');
      assert.match(error.message, /linux\/amd64, linux\/arm64/);
      return true;
    });
    const loaded = await loadIndex(store, { reference: 'it', signal });
    assert.deepEqual(
      (await listPlatformImages(store, loaded, signal)).map((one) => one.digest),
      [amd64['digest'], arm64['digest']],
    );
  });

  test('an entry without platform is asked itself', async () => {
    const store = new HostileStore();
    const amd64 = image(store, {}, 'a');
    index(store, [amd64]);
    assert.equal((await load(store)).digest, amd64['digest']);
  });

  const platform = AMD64 as unknown as Json;
  const cases: readonly (readonly [string, string, (store: HostileStore) => void])[] = [
    ['a nested index', 'INDEX_NESTED', (store) => index(store, [{ ...LAYER, mediaType: MEDIA_TYPES.dockerIndex }])],
    ['an entry that is no manifest', 'NOT_AN_IMAGE', (store) => index(store, [LAYER])],
    ['no entries', 'PLATFORM_NOT_FOUND', (store) => index(store, [])],
    ['layers beside manifests', 'MANIFEST_AMBIGUOUS', (store) => index(store, [], { layers: [] })],
    [
      'a platform twice',
      'PLATFORM_DUPLICATE',
      (store) =>
        index(store, [
          { ...image(store, {}, 'a'), platform },
          { ...image(store, { manifest: { annotations: { b: 'b' } } }, 'b'), platform },
        ]),
    ],
    [
      'a platform that the config contradicts',
      'PLATFORM_CONFLICT',
      (store) => index(store, [{ ...image(store, { config: { architecture: 'arm64' } }, 'a'), platform }]),
    ],
    [
      'a size that is wrong',
      'SIZE_MISMATCH',
      (store) => index(store, [{ ...image(store, {}, 'a'), size: 1, platform }]),
    ],
    [
      'another media type than the manifest has',
      'MEDIA_TYPE_CONFLICT',
      (store) => index(store, [{ ...image(store, {}, 'a'), mediaType: MEDIA_TYPES.dockerManifest, platform }]),
    ],
    [
      'too many entries',
      'MANIFEST_INVALID',
      (store) =>
        index(
          store,
          Array.from({ length: 1025 }, () => LAYER),
        ),
    ],
  ];
  for (const [what, code, prepare] of cases) {
    test(`refuse ${what}: ${code}`, async () => {
      const store = new HostileStore();
      prepare(store);
      await assert.rejects(load(store), { code });
    });
  }

  test('two versions of Windows that contradict each other are both named', async () => {
    const store = new HostileStore();
    const built = image(store, { config: { os: 'windows', 'os.version': '10.0.20348.1' } }, 'a');
    index(store, [{ ...built, platform: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.26100.1' } }]);
    const loading = load(store, 'it', { os: 'windows', architecture: 'amd64' });
    await assert.rejects(loading, {
      code: 'PLATFORM_CONFLICT',
      message: /is for windows\/amd64:10\.0\.26100\.1, its configuration says windows\/amd64:10\.0\.20348\.1$/,
    });
  });

  test('an attestation that names a real platform counts as a platform', () => {
    const entry = {
      ...LAYER,
      mediaType: MEDIA_TYPES.ociManifest,
      platform,
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const parsed = parseIndex(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] })));
    assert.equal(parsed.platforms.length, 1);
    assert.equal(parsed.attestationManifests.length, 0);
  });
});

describe('document parsers', () => {
  test('checkRawManifest holds the served type against the stated one', () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }));
    assert.equal(checkRawManifest(bytes, { servedAs: MEDIA_TYPES.ociIndex }).digest, sha256Digest(bytes));
    assert.throws(() => checkRawManifest(bytes, { servedAs: MEDIA_TYPES.ociManifest }), {
      code: 'MEDIA_TYPE_CONFLICT',
    });
    assert.throws(() => checkRawManifest(bytes, { digest: sha256Digest('x') }), { code: 'MANIFEST_DIGEST_MISMATCH' });
  });

  test('throw AppErrors only, whatever they are given', () => {
    const keys = [
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'manifests',
      'annotations',
      'digest',
      'size',
      'platform',
      'rootfs',
      'diff_ids',
      'type',
      'history',
      'os',
      'architecture',
    ];
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.constantFrom<unknown>(null, true, 2, 'layers', 'linux', MEDIA_TYPES.ociManifest, sha256Digest('x')),
        fc.string(),
        fc.double(),
      ),
      node: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('node')),
      ),
    })).node;
    const document = fc.record(
      { schemaVersion: fc.constant(2), config: value, layers: value, rootfs: value, manifests: value, history: value },
      { requiredKeys: ['schemaVersion'] },
    );
    fc.assert(
      fc.property(fc.oneof(document, value), (input) => {
        const bytes = Buffer.from(JSON.stringify(input) ?? '');
        for (const parse of [parseManifest, parseIndex, parseConfig]) {
          try {
            parse(bytes);
          } catch (error) {
            assert.ok(isAppError(error), String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
