import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import type { Platform } from '../../src/image/index.ts';
import {
  candidateLists,
  EMPTY_LAYER_DIFF_ID,
  matchBases,
  readBaseClaims,
  type Lock,
  type LockRecord,
} from '../../src/provenance/index.ts';

const A = sha256Digest('a');
const B = sha256Digest('b');
const C = sha256Digest('c');
const amd64 = { os: 'linux', architecture: 'amd64' };

function record(
  entry: string,
  diffIds: readonly Digest[],
  overrides: Partial<LockRecord['platforms'][number]> = {},
  sequence = 0,
): LockRecord {
  return {
    sequence,
    previous: null,
    observedAt: '2026-01-01T00:00:00Z',
    entry,
    image: 'docker.io/library/debian',
    tag: '12',
    digest: sha256Digest(entry),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    platforms: [{ platform: amd64, manifest: A, config: B, diffIds, trivialLayers: [], ...overrides }],
    bundles: [],
    blobs: {},
  };
}

const lock = (...records: LockRecord[]): Lock => ({ records, head: null });

describe('matchBases', () => {
  test('finds complete ordered prefixes, longest first, then newest', () => {
    const matches = matchBases(
      lock(record('short', [A]), record('long', [A, B], {}, 1), record('again', [A, B], {}, 2)),
      { platform: amd64, diffIds: [A, B, C] },
    );
    assert.deepEqual(
      matches.map((match) => [match.entry, match.layerCount]),
      [
        ['again', 2],
        ['long', 2],
        ['short', 1],
      ],
    );
  });

  test('an image that is the base itself matches', () => {
    assert.equal(matchBases(lock(record('x', [A, B])), { platform: amd64, diffIds: [A, B] }).length, 1);
  });

  for (const [title, base, image] of [
    ['another order', record('x', [B, A]), { platform: amd64, diffIds: [A, B] }],
    ['a suffix', record('x', [B]), { platform: amd64, diffIds: [A, B] }],
    ['a longer base', record('x', [A, B, C]), { platform: amd64, diffIds: [A, B] }],
    ['an empty base', record('x', []), { platform: amd64, diffIds: [A, B] }],
    [
      'a base of the empty layer',
      record('x', [EMPTY_LAYER_DIFF_ID]),
      { platform: amd64, diffIds: [EMPTY_LAYER_DIFF_ID, A] },
    ],
    ['a base of folders only', record('x', [A], { trivialLayers: [0] }), { platform: amd64, diffIds: [A, B] }],
    ['another architecture', record('x', [A]), { platform: { os: 'linux', architecture: 'arm64' }, diffIds: [A, B] }],
    [
      'another variant',
      record('x', [A], { platform: { os: 'linux', architecture: 'arm', variant: 'v6' } }),
      { platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, diffIds: [A] },
    ],
  ] as const) {
    test(`does not match ${title}`, () => assert.deepEqual(matchBases(lock(base), image), []));
  }

  test('arm64 and arm64/v8 are the same machine', () => {
    const base = record('x', [A], { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
    assert.equal(
      matchBases(lock(base), { platform: { os: 'linux', architecture: 'arm64' }, diffIds: [A, B] }).length,
      1,
    );
  });
});

describe('readBaseClaims', () => {
  test('reads annotation, label, buildpacks and history, strongest first', () => {
    const claims = readBaseClaims({
      annotations: {
        'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
        'org.opencontainers.image.base.digest': A,
      },
      labels: {
        'org.opencontainers.image.base.name': 'docker.io/library/alpine:3',
        'io.buildpacks.lifecycle.metadata': JSON.stringify({ runImage: { reference: `docker.io/paketo/run@${B}` } }),
      },
      history: [
        { createdBy: 'ADD rootfs', emptyLayer: false },
        { createdBy: 'CMD ["bash"]', emptyLayer: true },
        { createdBy: 'RUN apt-get install', emptyLayer: false },
        { createdBy: 'CMD ["app"]', emptyLayer: true },
      ],
      diffIds: [A, B],
    });
    assert.deepEqual(claims, [
      { source: 'annotation', name: 'docker.io/library/debian:12', digest: A },
      { source: 'label', name: 'docker.io/library/alpine:3' },
      { source: 'buildpacks', name: 'docker.io/paketo/run', digest: B },
      { source: 'history', layerCount: 1 },
    ]);
  });

  test('an image that says nothing claims nothing; malformed metadata is nothing', () => {
    assert.deepEqual(
      readBaseClaims({
        annotations: {},
        labels: { 'io.buildpacks.lifecycle.metadata': '{' },
        history: [],
        diffIds: [],
      }),
      [],
    );
    assert.deepEqual(
      readBaseClaims({
        annotations: { 'org.opencontainers.image.base.digest': 'md5:1' },
        labels: {},
        history: [],
        diffIds: [],
      }),
      [],
    );
  });

  test('annotations of manifest, descriptor and index are claims of their own', () => {
    const named = (name: string): Record<string, string> => ({ 'org.opencontainers.image.base.name': name });
    const claims = readBaseClaims({
      annotations: named('a'),
      descriptorAnnotations: named('b'),
      indexAnnotations: named('c'),
      labels: {},
      history: [],
      diffIds: [],
    });
    assert.deepEqual(
      claims.map(({ source, name }) => [source, name]),
      [
        ['annotation', 'a'],
        ['annotation', 'b'],
        ['annotation', 'c'],
      ],
    );
  });

  test('buildpacks: the top layer of the run image is looked for among the image’s', () => {
    const claim = (runImage: unknown): unknown =>
      readBaseClaims({
        annotations: {},
        labels: { 'io.buildpacks.lifecycle.metadata': JSON.stringify({ runImage }) },
        history: [],
        diffIds: [A, B],
      })[0];
    const reference = 'docker.io/paketo/run:1';
    assert.deepEqual(claim({ reference, topLayer: A }), {
      source: 'buildpacks',
      name: reference,
      topLayer: A,
      layerCount: 1,
    });
    const absent = sha256Digest('absent');
    assert.deepEqual(claim({ reference, topLayer: absent }), {
      source: 'buildpacks',
      name: reference,
      topLayer: absent,
    });
    assert.deepEqual(claim({ image: reference, topLayer: 7 }), { source: 'buildpacks', name: reference });
    assert.equal(claim({ topLayer: A }), undefined);
  });
});

describe('candidateLists', () => {
  const digest = (name: string): Digest => sha256Digest(name);
  const listed = (name: string, sequence: number, platform: Platform = amd64): LockRecord => ({
    ...record('x', [digest(`layer of ${name}`)], { platform, fileList: digest(name) }, sequence),
    blobs: { [digest(name)]: Buffer.from(name).toString('base64') },
  });
  const image = { platform: amd64, diffIds: [C] };

  test('each list of the platform once; none where layers match', () => {
    const arm = { os: 'linux', architecture: 'arm64' };
    const known = lock(listed('a', 0), listed('a', 1), listed('b', 2), listed('c', 3, arm));
    const found = candidateLists(known, image).map(({ bytes }) => Buffer.from(bytes).toString());
    assert.deepEqual(found.toSorted(), ['a', 'b']);
    assert.deepEqual(candidateLists(known, { platform: amd64, diffIds: [digest('layer of a'), C] }), []);
  });

  test('of very many the newest 64', () => {
    const records = Array.from({ length: 70 }, (_, index) => listed(`list ${index}`, index));
    const found = candidateLists(lock(...records), image).map(({ bytes }) => Buffer.from(bytes).toString());
    assert.equal(found.length, 64);
    assert.deepEqual([found.includes('list 69'), found.includes('list 5')], [true, false]);
  });
});
