import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sha256Digest, type Digest, type JsonValue } from '../../../src/core/index.ts';
import {
  findBuildBases,
  plainRepository,
  readProvenance,
  type BuildProvenance,
} from '../../../src/provenance/index.ts';
import {
  BUILDER,
  buildKitV02,
  buildKitV1,
  cloudBuildV1,
  gitHubV1,
  PROVENANCE_V02,
  PROVENANCE_V1,
  tektonV1,
  type BuildKitSpec,
  type FixtureImage,
} from '../../support/slsa-fixtures.ts';

const digest = (word: string): Digest => sha256Digest(word);
const l1 = digest('layer 1');
const l2 = digest('layer 2');
const l3 = digest('layer 3');

const debian: FixtureImage = { name: 'debian', tag: '12', digest: digest('debian'), layers: [l1, l2] };
const golang: FixtureImage = { name: 'golang', tag: '1.25', digest: digest('golang'), layers: [l1, l3] };
const frontend: FixtureImage = { name: 'docker/dockerfile', tag: '1.7', digest: digest('frontend') };

const VERSIONS = [
  ['v1', PROVENANCE_V1, buildKitV1],
  ['v0.2', PROVENANCE_V02, buildKitV02],
] as const;

function read(predicate: unknown, type = PROVENANCE_V1): BuildProvenance {
  const found = readProvenance(predicate as JsonValue, type);
  assert.ok(found !== undefined, 'not read');
  return found;
}

describe('readProvenance: BuildKit', () => {
  for (const [version, type, write] of VERSIONS) {
    const readSpec = (spec: BuildKitSpec): BuildProvenance => read(write(spec), type);

    test(`${version}: builder, source and inputs; what the client said of version control is no source`, () => {
      const found = readSpec({ images: [debian, golang, frontend], mode: 'min' });
      assert.equal(found.version, version);
      assert.equal(found.builder, BUILDER);
      assert.equal(found.system, 'buildkit');
      assert.equal(found.source, 'https://github.com/acme/shop');
      assert.deepEqual(
        found.inputs.map(({ kind, repository, tag }) => [kind, repository, tag]),
        [
          ['image', 'docker.io/library/debian', '12'],
          ['image', 'docker.io/library/golang', '1.25'],
          ['image', 'docker.io/docker/dockerfile', '1.7'],
          ['source', undefined, undefined],
        ],
      );
      assert.equal(found.inputs[0]?.digest, debian.digest);
      assert.equal(found.inputs[2]?.role, 'frontend');
      assert.equal(found.layerMap, undefined);
      assert.equal(found.mode, 'min');
      assert.equal(readSpec({ images: [debian] }).mode, 'max');
    });

    test(`${version}: only "true" says that every input is listed`, () => {
      assert.equal(readSpec({ images: [debian] }).complete, true);
      assert.equal(readSpec({ images: [debian], complete: false }).complete, false);
      const text = JSON.stringify(write({ images: [debian] })).replace(
        /"(resolvedDependencies|materials)":true/,
        '"$1":"true"',
      );
      assert.equal(read(JSON.parse(text), type).complete, false);
    });

    test(`${version}: the base is the source whose layers are the image's bottom, others are stages`, () => {
      const found = readSpec({ images: [golang, debian, frontend] });
      const bases = findBuildBases(found, [l1, l2, digest('app')]);
      assert.deepEqual(
        bases.map(({ input, layerCount }) => [input.repository, input.digest, layerCount]),
        [['docker.io/library/debian', debian.digest, 2]],
      );
      assert.equal(found.inputs.find((input) => input.repository === 'docker.io/library/golang')?.role, 'stage');
    });

    test(`${version}: the longest bottom wins: a base's base that is used as well is a stage`, () => {
      const root: FixtureImage = { name: 'debian', tag: '12', digest: digest('root'), layers: [l1] };
      const python: FixtureImage = {
        name: 'registry.evil.example/python',
        tag: '3',
        digest: digest('p'),
        layers: [l1, l2],
      };
      const found = readSpec({ images: [root, python] });
      const bases = findBuildBases(found, [l1, l2, l3]);
      assert.deepEqual(
        bases.map(({ input }) => input.repository),
        ['registry.evil.example/python'],
      );
    });

    test(`${version}: without a map, or with one of other layers, nobody knows the base`, () => {
      assert.deepEqual(findBuildBases(readSpec({ images: [debian], mode: 'min' }), [l1, l2]), []);
      assert.deepEqual(findBuildBases(readSpec({ images: [debian] }), [l3, l1, l2]), []);
      assert.deepEqual(findBuildBases(readSpec({ images: [debian] }), [l1]), []);
      assert.deepEqual(findBuildBases(readSpec({ images: [{ ...debian, layers: [] }] }), [l1]), []);
    });

    test(`${version}: a base that the steps start from counts although the inputs do not list it`, () => {
      const predicate = JSON.parse(JSON.stringify(write({ images: [debian] }))) as {
        buildDefinition?: { resolvedDependencies: unknown };
        materials?: unknown;
      };
      if (predicate.buildDefinition === undefined) predicate.materials = [];
      else predicate.buildDefinition.resolvedDependencies = [];
      assert.equal(read(predicate, type).inputs.length, 1);
      const [base] = findBuildBases(read(predicate, type), [l1, l2]);
      assert.equal(base?.input.digest, debian.digest);
      assert.equal(base?.input.repository, 'docker.io/library/debian');
    });

    test(`${version}: a map over a cap or with digests that are none is no map`, () => {
      const many = { ...debian, layers: Array.from({ length: 513 }, () => l1) };
      assert.equal(readSpec({ images: [many] }).layerMap, undefined);
      const odd = { ...debian, layers: ['sha256:nothing' as Digest] };
      assert.equal(readSpec({ images: [odd] }).layerMap, undefined);
    });

    test(`${version}: a named context is told from the arguments`, () => {
      const args = { 'context:base': `docker-image://golang:1.25`, target: 'release' };
      const found = readSpec({ images: [debian, golang], args });
      assert.deepEqual(
        found.inputs.map(({ role }) => role),
        ['stage', 'context', undefined],
      );
    });
  }

  test('the kinds of input, by URI', () => {
    const hex = 'a'.repeat(64);
    const at = `sha256:${hex}`;
    const cases: readonly (readonly [string, string, (string | undefined)?])[] = [
      ['pkg:docker/debian@12?platform=linux%2Famd64', 'image', 'docker.io/library/debian'],
      ['pkg:docker/ghcr.io/acme/tool@v1?platform=linux%2Farm%2Fv7', 'image', 'ghcr.io/acme/tool'],
      [`pkg:docker/debian@12?digest=${encodeURIComponent(at)}`, 'image', 'docker.io/library/debian'],
      ['pkg:docker/acme/tool@1?repository_url=registry.example.com', 'image', 'registry.example.com/acme/tool'],
      [`pkg:oci/debian@sha256%3A${hex}?repository_url=docker.io/library/debian`, 'image', 'docker.io/library/debian'],
      [`pkg:oci/debian@sha256%3A${hex}`, 'image', undefined],
      [`pkg:oci/debian@sha256%3A${hex}?repository_url=registry.evil.example/other`, 'image', undefined],
      ['docker-image://docker.io/library/alpine:3', 'image', 'docker.io/library/alpine'],
      ['oci://gcr.io/test/image', 'image', 'gcr.io/test/image'],
      ['oci-layout://local@sha256:x', 'image', undefined],
      [`gcr.io/cloud-builders/docker@${at}`, 'image', 'gcr.io/cloud-builders/docker'],
      ['pkg:docker/%', 'image', undefined],
      ['pkg:docker/a@1?x=1&x=2', 'image', undefined],
      ['git+https://github.com/acme/shop@refs/heads/main', 'source'],
      ['https://github.com/acme/shop.git#main', 'source'],
      ['https://example.com/file.tar.gz', 'other'],
      ['pkg:npm/express@4', 'other'],
      [`https://registry.example.com/image@${at}`, 'unknown'],
      ['pkg:', 'unknown'],
      ['weird:thing', 'unknown'],
      ['debian', 'unknown'],
    ];
    for (const [uri, kind, repository] of cases) {
      const found = read(buildKitV1({ images: [], more: [{ uri, digest: { sha256: hex } }] })).inputs[1];
      assert.equal(found?.kind, kind, uri);
      assert.equal(found.repository, repository, uri);
    }
  });

  test('an image with two digests has none; an input without a URI is unknown', () => {
    const hex = 'a'.repeat(64);
    const uri = `docker-image://docker.io/library/alpine@sha256:${'b'.repeat(64)}`;
    const more = [{ uri, digest: { sha256: hex } }, { name: 'only a name' }, { digest: { sha256: hex } }, 7];
    const [, first, ...rest] = read(buildKitV1({ images: [], more })).inputs;
    assert.equal(first?.kind, 'image');
    assert.equal(first.digest, undefined);
    assert.deepEqual(
      rest.map(({ kind }) => kind),
      ['unknown', 'unknown', 'unknown'],
    );
  });

  test('more inputs than the cap: the list is cut, and not complete', () => {
    const more = Array.from({ length: 10_001 }, () => ({ uri: 'pkg:docker/debian@12' }));
    const found = read(buildKitV1({ images: [], more }));
    assert.equal(found.inputs.length, 10_000);
    assert.equal(found.complete, false);
  });
});

describe('readProvenance: other builders', () => {
  test('GitHub lists the source and no image', () => {
    const found = read(gitHubV1());
    assert.equal(found.system, 'github');
    assert.equal(found.runner, 'https://github.com/actions/runner/github-hosted');
    assert.equal(found.source, 'https://github.com/acme/shop');
    assert.deepEqual(
      found.inputs.map(({ kind }) => kind),
      ['source'],
    );
    assert.equal(found.complete, false);
    assert.equal(found.mode, undefined);
  });

  test('Cloud Build and Tekton: source by their own tables, images of steps are inputs, completeness is not said', () => {
    const cloud = read(cloudBuildV1(debian.digest));
    assert.equal(cloud.source, 'https://github.com/acme/shop');
    assert.equal(cloud.inputs[1]?.repository, 'gcr.io/cloud-builders/docker');
    const tekton = read(tektonV1(debian.digest));
    assert.equal(tekton.source, 'https://github.com/acme/shop');
    assert.equal(tekton.inputs[1]?.digest, debian.digest);
    assert.deepEqual([cloud.complete, tekton.complete], [false, false]);
  });

  test('an unknown build type has builder and inputs, and no source', () => {
    const predicate = {
      builder: { id: 'https://builder.example.com' },
      buildType: 'constructor',
      invocation: { configSource: { uri: 'https://github.com/acme/shop' } },
      materials: [{ uri: 'pkg:docker/debian@12', digest: { sha256: 'a'.repeat(64) } }],
      metadata: { completeness: { materials: true } },
    };
    const found = read(predicate, PROVENANCE_V02);
    assert.deepEqual(
      [found.system, found.source, found.complete, found.inputs.length],
      ['unknown', undefined, true, 1],
    );
  });

  test('the predicate type decides where things are read, and other types are not read', () => {
    const both = { ...(buildKitV1({ images: [debian] }) as object), ...(buildKitV02({ images: [golang] }) as object) };
    assert.equal(read(both, PROVENANCE_V1).inputs[0]?.digest, debian.digest);
    assert.equal(read(both, PROVENANCE_V02).inputs[0]?.digest, golang.digest);
    for (const type of ['https://slsa.dev/provenance/v0.1', 'https://slsa.dev/provenance/v1/', 'constructor', '']) {
      assert.equal(readProvenance(both as JsonValue, type), undefined);
    }
    for (const predicate of [null, [], 'x', {}, { builder: { id: 1 }, buildType: 'x' }, { buildType: 'x' }]) {
      assert.equal(readProvenance(predicate as JsonValue, PROVENANCE_V02), undefined);
    }
  });

  test('plainRepository takes off what tools put around a repository, and nothing else', () => {
    for (const written of [
      'https://github.com/acme/shop',
      'https://github.com/acme/shop/',
      'https://github.com/acme/shop.git',
      'git+https://github.com/acme/shop@refs/heads/main',
      'git+https://github.com/acme/shop.git@4b220de5058abfd01ff619c9d2ff6b09a049bea0',
      'https://github.com/acme/shop.git#refs/heads/main:folder',
    ]) {
      assert.equal(plainRepository(written), 'https://github.com/acme/shop', written);
    }
    for (const other of ['https://github.com@evil.example/acme/shop', 'https://github.com/acme/shop@evil']) {
      assert.equal(plainRepository(other), other);
    }
  });
});

describe('readProvenance: whatever comes', () => {
  test('any JSON is read without a throw, and gives texts and digests of bounded size', () => {
    const json = fc.jsonValue({ maxDepth: 6 });
    const predicate = fc.record({
      buildDefinition: fc.oneof(
        json,
        fc.record({ buildType: fc.string(), resolvedDependencies: json, externalParameters: json }),
      ),
      runDetails: fc.oneof(json, fc.record({ builder: fc.record({ id: fc.string() }), metadata: json })),
    });
    fc.assert(
      fc.property(fc.oneof(json, predicate), fc.constantFrom(PROVENANCE_V1, PROVENANCE_V02), (value, type) => {
        const found = readProvenance(value, type);
        for (const input of found?.inputs ?? []) assert.ok(input.uri.length <= 500);
      }),
    );
  });

  test('any URI is an input of some kind; only images have a repository', () => {
    const uri = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('pkg:docker/', 'pkg:oci/', 'docker-image://', 'git+https://'), fc.string())
        .map((t) => t.join('')),
    );
    fc.assert(
      fc.property(uri, (text) => {
        const found = read(buildKitV1({ images: [], more: [{ uri: text }] })).inputs[1];
        assert.ok(found !== undefined);
        assert.ok(found.kind === 'image' || found.repository === undefined);
      }),
    );
  });

  test('the base found is always a bottom of the image', () => {
    const layer = fc.integer({ min: 0, max: 3 }).map((n) => digest(`layer ${n}`));
    const chain = fc.array(layer, { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(chain, { maxLength: 4 }), chain, (chains, layers) => {
        const images = chains.map((one, index) => ({
          name: `image${index}`,
          tag: '1',
          digest: digest(`image ${index}`),
          layers: one,
        }));
        for (const { layerCount } of findBuildBases(read(buildKitV1({ images })), layers)) {
          const bottoms = chains.filter((one) => one.length > 0 && one.every((item, at) => item === layers[at]));
          assert.equal(layerCount, Math.max(...bottoms.map((one) => one.length)));
        }
      }),
    );
  });

  test('a source is listed, or is added to the inputs, exactly once', () => {
    const named = fc.record({
      name: fc.constantFrom('debian', 'golang', 'ghcr.io/acme/tool'),
      tag: fc.constantFrom('1', '2'),
      digest: fc.constantFrom('x', 'y').map(digest),
      layers: fc.constant([l1]),
    });
    fc.assert(
      fc.property(fc.array(named, { maxLength: 5 }), fc.array(fc.boolean(), { maxLength: 5 }), (images, drop) => {
        const predicate = JSON.parse(JSON.stringify(buildKitV1({ images }))) as {
          buildDefinition: { resolvedDependencies: unknown[] };
        };
        const { buildDefinition } = predicate;
        const listed = buildDefinition.resolvedDependencies.filter((_, index) => drop[index] !== true);
        buildDefinition.resolvedDependencies = listed;
        const found = read(predicate).inputs.filter(({ kind }) => kind === 'image');
        for (const image of images) assert.ok(found.some((input) => input.digest === image.digest));
        assert.ok(found.length <= images.length);
      }),
    );
  });
});
