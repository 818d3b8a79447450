import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineErrors, ExitCode, sha256Digest, type Digest } from '../../src/core/index.ts';
import {
  collectEvidence,
  openEvidence,
  type EvidenceDocument,
  type EvidenceNeeds,
  type ImageView,
} from '../../src/evidence/index.ts';
import { MANIFEST_TYPE, NO_NEEDS, openedImage, portsOf } from '../support/evidence-ports.ts';
import {
  attestationEntry,
  buildImage,
  buildIndex,
  buildKitAttestation,
  evidenceDocument,
  fakeDigest,
  type BuiltAttestation,
} from '../support/gate-world.ts';
import { buildKitV02, buildKitV1, PROVENANCE_V02, PROVENANCE_V1 } from '../support/slsa-fixtures.ts';

const remoteError = defineErrors({ REGISTRY_RATE_LIMITED: ExitCode.Remote });

const image = buildImage({ diffIds: [fakeDigest('base'), fakeDigest('app')] });
const arm = buildImage({ diffIds: [fakeDigest('arm')], architecture: 'arm64' });
const stored = [fakeDigest('base'), fakeDigest('app')].map((diffId) => sha256Digest(`compressed ${diffId}`));
const debian = { name: 'debian', tag: '12', digest: fakeDigest('debian'), layers: stored.slice(0, 1) };
const predicate = buildKitV1({ images: [debian] });

const NEEDS: EvidenceNeeds = { ...NO_NEEDS, build: true };

function attested(more: readonly BuiltAttestation[] = []): {
  readonly index: ReturnType<typeof buildIndex>;
  readonly build: readonly BuiltAttestation[];
} {
  const build = [
    buildKitAttestation(image.digest, [
      { type: 'https://spdx.dev/Document', predicate: { spdxVersion: 'SPDX-2.3' } },
      { type: PROVENANCE_V1, predicate },
    ]),
    ...more,
  ];
  const index = buildIndex([
    { image, architecture: 'amd64' },
    { image: arm, architecture: 'arm64' },
    ...build.map(attestationEntry),
  ]);
  return { index, build };
}

interface Collecting {
  readonly needs?: EvidenceNeeds;
  readonly fail?: (digest: Digest) => Error | undefined;
}

async function collect(
  { index, build }: ReturnType<typeof attested>,
  { needs = NEEDS, fail }: Collecting = {},
): Promise<{ readonly document: EvidenceDocument; readonly read: readonly Digest[] }> {
  const read: Digest[] = [];
  const manifests = new Map([image, arm, ...build].map((item) => [item.digest, item.bytes]));
  const blobs = new Map(
    build.flatMap(({ statements }) => statements.map((bytes) => [sha256Digest(bytes), bytes] as const)),
  );
  const opened = openedImage(index, [image, arm], {
    readManifest: async (digest) => {
      const error = fail?.(digest);
      if (error !== undefined) throw error;
      read.push(digest);
      return { bytes: manifests.get(digest)!, digest, mediaType: MANIFEST_TYPE };
    },
    readStatement: async ({ digest }) => {
      read.push(digest);
      return blobs.get(digest)!;
    },
  });
  const document = await collectEvidence(['registry.example.com/shop/web:v1'], {
    ports: portsOf(opened),
    collectedAt: new Date('2026-11-24T12:00:00Z'),
    needs: () => needs,
    signal: new AbortController().signal,
    deadlineMs: 10_000,
  });
  return { document, read };
}

function open(document: EvidenceDocument): ImageView {
  return openEvidence(Buffer.from(JSON.stringify(document))).images[0]!;
}

describe('collecting BuildKit attestations', () => {
  test('provenance of the platforms is kept, SBOMs and other attestation manifests are not read', async () => {
    const stray = buildKitAttestation(fakeDigest('elsewhere'), [{ type: PROVENANCE_V1, predicate }]);
    const world = attested([stray]);
    const { document, read } = await collect(world);
    assert.equal(document.images[0]?.buildAttestations?.length, 1);
    assert.equal(document.images[0]?.buildAttestations?.[0]?.statements.length, 1);
    assert.ok(!read.includes(stray.digest));
    const [first] = world.build;
    assert.ok(!read.includes(sha256Digest(first!.statements[0]!)), 'the SBOM is not read');
    const view = open(document);
    assert.equal(view.platforms[0]?.build?.statements[0]?.provenance.system, 'buildkit');
    assert.deepEqual(view.platforms[1]?.build, { statements: [], findings: [] });
    assert.deepEqual(
      view.strayAttestations.map(({ code, subject }) => [code, subject]),
      [['BUILD_ATTESTATION_STRAY', stray.digest]],
    );
  });

  test('what was not asked for is not there, and that is not the same as none', async () => {
    const { document, read } = await collect(attested(), { needs: { ...NEEDS, build: false } });
    assert.equal(document.images[0]?.buildAttestations, undefined);
    assert.equal(read.length, 2);
    const view = open(document);
    assert.equal(view.platforms[0]?.build, undefined);
    assert.deepEqual(view.platforms[1]?.build, { statements: [], findings: [] }, 'the index lists none for arm64');
  });

  test('a failure is an error of that platform', async () => {
    const world = attested();
    const { document } = await collect(world, {
      fail: (digest) =>
        digest === world.build[0]!.digest ? remoteError('REGISTRY_RATE_LIMITED', 'slow down') : undefined,
    });
    assert.deepEqual(document.images[0]?.errors, [
      {
        what: 'build-attestations',
        subject: image.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: 'slow down',
        exitCode: ExitCode.Remote,
      },
    ]);
    assert.equal(open(document).platforms[0]?.build, undefined);
  });

  test('more statements, or larger ones, than the caps: an error and nothing kept', async () => {
    const many = buildKitAttestation(
      arm.digest,
      Array.from({ length: 17 }, (_, n) => ({ type: PROVENANCE_V1, predicate: { n } })),
    );
    const { document } = await collect(attested([many]));
    assert.deepEqual(
      document.images[0]?.errors.map(({ code, subject }) => [code, subject]),
      [['LIMIT_EXCEEDED', arm.digest]],
    );
    const large = buildKitAttestation(arm.digest, [{ type: PROVENANCE_V1, predicate: {} }]);
    const bytes = Buffer.from(
      Buffer.from(large.bytes).toString().replace(`"size":${large.statements[0]!.byteLength}`, '"size":20000000'),
    );
    const lying = { ...large, bytes, digest: sha256Digest(bytes) };
    const { document: second, read } = await collect(attested([lying]));
    assert.equal(second.images[0]?.errors[0]?.code, 'LIMIT_EXCEEDED');
    assert.ok(!read.includes(sha256Digest(large.statements[0]!)));
  });
});

describe('opening BuildKit attestations', () => {
  const opened = (build: readonly BuiltAttestation[], listed: readonly BuiltAttestation[] = build): ImageView =>
    open(
      evidenceDocument({
        images: [image],
        index: buildIndex([{ image, architecture: 'amd64' }, ...listed.map(attestationEntry)]),
        build,
      }),
    );

  test('both versions of provenance give the claim that the layer map tells, covered by the index alone', () => {
    for (const [type, write] of [
      [PROVENANCE_V1, buildKitV1],
      [PROVENANCE_V02, buildKitV02],
    ] as const) {
      const view = opened([buildKitAttestation(image.digest, [{ type, predicate: write({ images: [debian] }) }])]);
      const claim = {
        source: 'provenance',
        name: 'docker.io/library/debian:12',
        digest: debian.digest,
        layerCount: 1,
      };
      assert.deepEqual(view.platforms[0]?.claims, [claim]);
      assert.deepEqual(view.platforms[0]?.indexClaims, [claim]);
    }
  });

  test('without a layer map nothing is claimed', () => {
    const min = buildKitV1({ images: [debian], mode: 'min' });
    const view = opened([buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: min }])]);
    assert.deepEqual(view.platforms[0]?.claims, []);
    assert.equal(view.platforms[0]?.build?.statements.length, 1);
  });

  test('a statement about another digest is a finding and no claim', () => {
    const view = opened([
      buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate, about: fakeDigest('other') }]),
    ]);
    assert.deepEqual(view.platforms[0]?.claims, []);
    assert.deepEqual(
      view.platforms[0]?.build?.findings.map(({ code }) => code),
      ['BUILD_ATTESTATION_SUBJECT'],
    );
  });

  test('a statement that cannot be read is a finding', () => {
    const view = opened([buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: { hello: 1 } }])]);
    assert.deepEqual(
      view.platforms[0]?.build?.findings.map(({ code }) => code),
      ['BUILD_ATTESTATION_UNREADABLE'],
    );
    const good = buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate }]);
    const junk = Buffer.from('{');
    const bytes = Buffer.from(
      Buffer.from(good.bytes).toString().replace(sha256Digest(good.statements[0]!), sha256Digest(junk)),
    );
    const broken = { ...good, bytes, digest: sha256Digest(bytes), statements: [junk] };
    assert.deepEqual(
      opened([broken]).platforms[0]?.build?.findings.map(({ code }) => code),
      ['BUILD_ATTESTATION_UNREADABLE'],
    );
  });

  test('evidence that holds attestations which are not the index’s, or half of one, is contradicted', () => {
    const own = buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate }]);
    assert.throws(() => opened([own], []), { code: 'EVIDENCE_CONTRADICTION' });
    assert.throws(() => opened([{ ...own, subject: fakeDigest('other') }], [own]), { code: 'EVIDENCE_CONTRADICTION' });
    assert.throws(() => opened([{ ...own, statements: [] }], [own]), { code: 'EVIDENCE_CONTRADICTION' });
    assert.throws(() => open(evidenceDocument({ images: [image], build: [] })), { code: 'EVIDENCE_CONTRADICTION' });
  });

  test('annotations of the platform’s descriptor are a claim that the index makes', () => {
    const annotations = { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' };
    const index = buildIndex([{ image, architecture: 'amd64', annotations }]);
    const view = open(evidenceDocument({ images: [image], index }));
    assert.deepEqual(view.platforms[0]?.claims, [{ source: 'annotation', name: 'docker.io/library/debian:12' }]);
    assert.equal(view.platforms[0]?.indexClaims.length, 1);
  });
});
