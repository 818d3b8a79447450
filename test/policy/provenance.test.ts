import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ExitCode, sha256Digest, type Digest } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import {
  attestation,
  attestationEntry,
  buildImage,
  buildIndex,
  buildKitAttestation,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type Attached,
  type BuiltAttestation,
  type BuiltImage,
  type ImageFacts,
  type LockSpec,
} from '../support/gate-world.ts';
import {
  BUILDER,
  buildKitV02,
  buildKitV1,
  cloudBuildV1,
  gitHubV1,
  PROVENANCE_V02,
  PROVENANCE_V1,
  type BuildKitSpec,
  type FixtureImage,
} from '../support/slsa-fixtures.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const d1 = fakeDigest('debian layer 1');
const d2 = fakeDigest('debian layer 2');
const between = fakeDigest('what an intermediate image brings');
const app = fakeDigest('application layer');
const image = buildImage({ diffIds: [d1, d2, app] });

const debianImage = buildImage({ diffIds: [d1, d2] });
const golangImage = buildImage({ diffIds: [fakeDigest('golang')] });
const frontendImage = buildImage({ diffIds: [fakeDigest('dockerfile frontend')] });
const debianIndex = buildIndex([{ image: debianImage, architecture: 'amd64' }]);

/** Digests of stored layers, as `buildImage` gives them. */
const stored = (...diffIds: readonly Digest[]): readonly Digest[] =>
  diffIds.map((diffId) => sha256Digest(`compressed ${diffId}`));

const debian: FixtureImage = { name: 'debian', tag: '12', digest: debianIndex.digest, layers: stored(d1, d2) };
const golang: FixtureImage = {
  name: 'golang',
  tag: '1.25',
  digest: golangImage.digest,
  layers: stored(fakeDigest('golang')),
};
const frontend: FixtureImage = { name: 'docker/dockerfile', tag: '1.7', digest: frontendImage.digest };
const evil: FixtureImage = {
  name: 'registry.evil.example/python',
  tag: '3',
  digest: fakeDigest('evil python'),
  layers: stored(d1, d2, between),
};

const LOCK: readonly LockSpec[] = [
  {
    entry: 'debian',
    image: 'docker.io/library/debian',
    tag: '12',
    observedAt: '2026-11-20T00:00:00Z',
    images: [debianImage],
    index: debianIndex,
  },
  {
    entry: 'golang',
    image: 'docker.io/library/golang',
    tag: '1.25',
    observedAt: '2026-11-20T00:00:00Z',
    images: [golangImage],
  },
  {
    entry: 'frontend',
    image: 'docker.io/docker/dockerfile',
    tag: '1.7',
    observedAt: '2026-11-20T00:00:00Z',
    images: [frontendImage],
  },
];

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

interface Setup {
  readonly image?: BuiltImage;
  /** Members of the rule. */
  readonly rule: string;
  readonly attached?: readonly Attached[];
  /** BuildKit's attestations in the index; given, the image has one. */
  readonly build?: readonly BuiltAttestation[];
  /** Attestation manifests that the index lists, where they are others. */
  readonly listed?: readonly BuiltAttestation[];
  readonly signIndex?: KeySigner;
  readonly lock?: readonly LockSpec[];
  readonly golangEntry?: string;
  /** Revoked digests. */
  readonly deny?: string;
  readonly facts?: Partial<ImageFacts>;
}

async function judge(setup: Setup): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
deny: { digests: [${setup.deny ?? ''}] }
identities:
  release: { key: release.pub }
  stranger: { key: stranger.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: debian, image: docker.io/library/debian }
    - { name: golang, image: docker.io/library/golang${setup.golangEntry === undefined ? '' : `, ${setup.golangEntry}`} }
    - { name: frontend, image: docker.io/docker/dockerfile }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    ${setup.rule}
`;
  const loaded = await policyOf(yaml, {
    'release.pub': release.publicKey.pem,
    'stranger.pub': stranger.publicKey.pem,
    'bases.lock.jsonl': lockBytes(setup.lock ?? LOCK),
  });
  const subject = setup.image ?? image;
  const listed = setup.listed ?? setup.build;
  const index =
    listed === undefined
      ? undefined
      : buildIndex([{ image: subject, architecture: 'amd64' }, ...listed.map(attestationEntry)]);
  const signed =
    index === undefined || setup.signIndex === undefined ? [] : [await signature(setup.signIndex, index.digest)];
  const view = evidenceView({
    images: [subject],
    ...(index === undefined ? {} : { index }),
    ...(setup.build === undefined ? {} : { build: setup.build }),
    attached: [...(setup.attached ?? []), ...signed],
    facts: { comparisons: [1, 2, 3, 4].map((count) => noChanges(count)) },
    ...setup.facts,
  });
  return decide(view, loaded, { now: NOW });
}

function results(decision: Decision): readonly CheckResult[] {
  return decision.images.flatMap(allResults);
}

function find(decision: Decision, check: string, item?: string): CheckResult {
  const found = results(decision).filter((result) => result.check === check && result.item === item);
  assert.equal(found.length, 1, JSON.stringify(results(decision), null, 1));
  return found[0]!;
}

function has(decision: Decision, check: string, item: string): boolean {
  return results(decision).some((result) => result.check === check && result.item === item);
}

const TRUSTED = 'attestations: [{ type: slsaprovenance1, by: [release] }]';
const ATTESTED = `${TRUSTED}
    base: { allow: [debian], require: [attested] }
    buildInputs: { allow: [golang, frontend] }`;

async function attest(
  predicate: unknown,
  more: { by?: KeySigner; type?: string; at?: Digest } = {},
): Promise<Attached> {
  const { by = release, type = PROVENANCE_V1, at } = more;
  return attestation(by, image.digest, { type, predicate, ...(at === undefined ? {} : { at }) });
}

async function attested(spec: BuildKitSpec, rule = ATTESTED): Promise<Decision> {
  return judge({ rule, attached: [await attest(buildKitV1(spec))] });
}

describe('the flag attested', () => {
  test('trusted provenance names the matched base, nothing foreign, and lists everything', async () => {
    const decision = await attested({ images: [debian, golang, frontend] });
    assert.equal(decision.verdict, 'allow', JSON.stringify(results(decision), null, 1));
    const flag = find(decision, 'base', 'attested');
    assert.equal(flag.code, 'BASE_ATTESTED');
    assert.ok(flag.basis.identities?.includes('release'));
    assert.ok(flag.basis.digests?.includes(debianIndex.digest));
    assert.equal(find(decision, 'base', 'unexplained').code, 'BASE_LAYERS_EXPLAINED');
    assert.equal(find(decision, 'buildInputs').code, 'BUILD_INPUTS_ALLOWED');
  });

  test('a platform manifest of the record names the base as well as its index does; a layer map is not needed', async () => {
    const byManifest = { ...debian, digest: debianImage.digest };
    assert.equal(find(await attested({ images: [byManifest] }), 'base', 'attested').code, 'BASE_ATTESTED');
    const min = await attested({ images: [debian, golang], mode: 'min' });
    assert.equal(find(min, 'base', 'attested').code, 'BASE_ATTESTED');
    assert.ok(!has(min, 'base', 'unexplained'), 'without a map nothing tells where the base ends');
  });

  test('v0.2 counts for a rule that asks for it', async () => {
    const rule = ATTESTED.replace('slsaprovenance1', 'slsaprovenance02');
    const attached = [await attest(buildKitV02({ images: [debian] }), { type: PROVENANCE_V02 })];
    assert.equal(find(await judge({ rule, attached }), 'base', 'attested').code, 'BASE_ATTESTED');
  });

  test('nobody named, nothing found, a stranger’s, another subject’s: BASE_NOT_ATTESTED', async () => {
    const good = buildKitV1({ images: [debian] });
    const bare = 'base: { allow: [debian], require: [attested] }';
    const cases: readonly Setup[] = [
      { rule: bare, attached: [await attest(good)] },
      { rule: ATTESTED },
      { rule: ATTESTED, attached: [await attest(good, { by: stranger })] },
      {
        rule: ATTESTED,
        attached: [
          await attestation(release, fakeDigest('another image'), {
            type: PROVENANCE_V1,
            predicate: good,
            at: image.digest,
          }),
        ],
      },
    ];
    for (const setup of cases) {
      const decision = await judge(setup);
      assert.equal(find(decision, 'base', 'attested').code, 'BASE_NOT_ATTESTED');
      assert.equal(decision.verdict, 'deny');
    }
  });

  test('another builder than the rule wants does not count', async () => {
    const rule = ATTESTED.replace('by: [release]', `by: [release], builder: "${BUILDER}"`);
    assert.equal(find(await attested({ images: [debian] }, rule), 'base', 'attested').code, 'BASE_ATTESTED');
    for (const builder of ['', 'https://github.com/docker/github-builder', `${BUILDER}x`]) {
      const decision = await attested({ images: [debian], builder }, rule);
      const flag = find(decision, 'base', 'attested');
      assert.equal(flag.code, 'BASE_NOT_ATTESTED');
      assert.match(flag.reason, /the rule wants/);
    }
  });

  test('an unknown build type is an error where the rule asks for builder or source', async () => {
    const predicate = {
      builder: { id: BUILDER },
      buildType: 'https://example.com/my-builder',
      materials: [{ uri: 'pkg:docker/debian@12', digest: { sha256: debianIndex.digest.slice(7) } }],
      metadata: { completeness: { materials: true } },
    };
    const attached = [await attest(predicate, { type: PROVENANCE_V02 })];
    const rule = ATTESTED.replace('slsaprovenance1', 'slsaprovenance02');
    assert.equal(find(await judge({ rule, attached }), 'base', 'attested').code, 'BASE_ATTESTED');
    const asking = rule.replace('by: [release]', `by: [release], builder: "${BUILDER}"`);
    const decision = await judge({ rule: asking, attached });
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_BUILD_TYPE_UNKNOWN');
    assert.equal(find(decision, 'buildInputs').code, 'PROVENANCE_BUILD_TYPE_UNKNOWN');
    assert.equal(find(decision, 'buildInputs').exitCode, ExitCode.Input);
  });

  test('GitHub’s provenance is about the source: never base evidence', async () => {
    const decision = await judge({ rule: ATTESTED, attached: [await attest(gitHubV1())] });
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_SOURCE_ONLY');
    assert.equal(find(decision, 'buildInputs').code, 'PROVENANCE_SOURCE_ONLY');
    const both = [await attest(gitHubV1()), await attest(buildKitV1({ images: [debian] }))];
    assert.equal(find(await judge({ rule: ATTESTED, attached: both }), 'base', 'attested').code, 'BASE_ATTESTED');
  });

  test('GitHub’s build type with images in its list is still not base evidence', async () => {
    const predicate = structuredClone(gitHubV1()) as {
      buildDefinition: { resolvedDependencies: unknown[] };
      runDetails: { metadata: object };
    };
    predicate.buildDefinition.resolvedDependencies.push({
      uri: 'pkg:docker/debian@12',
      digest: { sha256: debianIndex.digest.slice(7) },
    });
    predicate.runDetails.metadata = { buildkit_completeness: { resolvedDependencies: true } };
    const decision = await judge({ rule: ATTESTED, attached: [await attest(predicate)] });
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_SOURCE_ONLY');
  });

  test('Cloud Build lists the images of its steps and no base', async () => {
    const decision = await judge({ rule: ATTESTED, attached: [await attest(cloudBuildV1(golangImage.digest))] });
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_INPUT_NOT_ALLOWED');
  });

  test('a list that does not say it is whole proves nothing about what is not on it', async () => {
    const decision = await attested({ images: [debian], complete: false });
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_INCOMPLETE');
    assert.equal(find(decision, 'buildInputs').code, 'PROVENANCE_INCOMPLETE');
  });

  test('an intermediate image on an allowed root is foreign, and its layers are unexplained', async () => {
    const subject = buildImage({ diffIds: [d1, d2, between, app] });
    const predicate = buildKitV1({ images: [evil] });
    const attached = [await attestation(release, subject.digest, { type: PROVENANCE_V1, predicate })];
    const decision = await judge({ image: subject, rule: ATTESTED, attached });
    assert.equal(find(decision, 'base', 'allow').code, 'BASE_CONTENT');
    assert.equal(find(decision, 'base', 'attested').code, 'PROVENANCE_INPUT_NOT_ALLOWED');
    assert.match(find(decision, 'base', 'attested').reason, /registry\.evil\.example\/python/);
    const unexplained = find(decision, 'base', 'unexplained');
    assert.equal(unexplained.code, 'BASE_UNEXPLAINED_LAYERS');
    assert.deepEqual(unexplained.basis.layers, [2]);
    assert.equal(find(decision, 'buildInputs').code, 'PROVENANCE_INPUT_NOT_ALLOWED');
  });

  test('a builder stage, an image that cannot be told, one without a digest: foreign', async () => {
    const rule = `${TRUSTED}
    base: { allow: [debian], require: [attested] }`;
    const cases: readonly BuildKitSpec[] = [
      { images: [debian, golang] },
      { images: [debian], more: [{ uri: 'weird:thing', digest: { sha256: 'a'.repeat(64) } }] },
      { images: [debian], more: [{ uri: 'pkg:docker/debian@12' }] },
      { images: [debian, { ...debian, name: 'registry.evil.example/debian', digest: golangImage.digest }] },
      { images: [debian, { ...golang, digest: fakeDigest('another golang') }] },
    ];
    for (const spec of cases) {
      const flag = find(await attested(spec, rule), 'base', 'attested');
      assert.equal(flag.code, 'PROVENANCE_INPUT_NOT_ALLOWED', JSON.stringify(spec));
      assert.ok((flag.basis.notes?.length ?? 0) > 0);
    }
  });

  test('downloads, packages and sources are no images', async () => {
    const more = [
      { uri: 'https://example.com/file.tar.gz', digest: { sha256: 'a'.repeat(64) } },
      { uri: 'pkg:npm/x@1' },
    ];
    assert.equal(find(await attested({ images: [debian], more }), 'base', 'attested').code, 'BASE_ATTESTED');
  });

  test('an allowed image that is not the matched base: names another base', async () => {
    const rule = ATTESTED.replace('allow: [debian]', 'allow: [debian, golang]');
    for (const mode of ['min', 'max'] as const) {
      const flag = find(await attested({ images: [golang], mode }, rule), 'base', 'attested');
      assert.equal(flag.code, 'PROVENANCE_OTHER_BASE');
    }
    assert.equal(find(await attested({ images: [] }), 'base', 'attested').code, 'PROVENANCE_OTHER_BASE');
  });

  test('with a layer map the base must be the base, not just some input', async () => {
    const posing = { ...golang, layers: stored(d1, d2) };
    const beside = { ...debian, layers: stored(fakeDigest('elsewhere')) };
    const flag = find(await attested({ images: [beside, posing] }), 'base', 'attested');
    assert.equal(flag.code, 'PROVENANCE_OTHER_BASE');
    assert.match(flag.reason, /as the base/);
  });

  test('one foreign image in any trusted provenance denies, whatever another one says', async () => {
    const attached = [
      await attest(buildKitV1({ images: [debian] })),
      await attest(buildKitV1({ images: [debian, { ...evil, layers: [] }] })),
    ];
    const flag = find(await judge({ rule: ATTESTED, attached }), 'base', 'attested');
    assert.equal(flag.code, 'PROVENANCE_INPUT_NOT_ALLOWED');
  });

  test('a threshold counts signers of provenance that attests', async () => {
    const rule = ATTESTED.replace('by: [release]', 'by: [release, stranger], threshold: 2');
    const predicate = buildKitV1({ images: [debian] });
    const one = [await attest(predicate)];
    assert.equal(find(await judge({ rule, attached: one }), 'base', 'attested').code, 'BASE_NOT_ATTESTED');
    const two = [...one, await attest(predicate, { by: stranger })];
    assert.equal(find(await judge({ rule, attached: two }), 'base', 'attested').code, 'BASE_ATTESTED');
    const half = [...one, await attest(gitHubV1(), { by: stranger })];
    assert.equal(find(await judge({ rule, attached: half }), 'base', 'attested').outcome, 'fail');
  });

  test('BuildKit’s own provenance is unsigned by its builder: never attested, not even in a signed index', async () => {
    const build = [
      buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: buildKitV1({ images: [debian] }) }]),
    ];
    const rule = `signatures: { by: [release] }
    ${TRUSTED}
    base: { allow: [debian], require: [attested] }`;
    const decision = await judge({ rule, build, signIndex: release });
    assert.equal(find(decision, 'signatures').code, 'SIGNED');
    assert.equal(find(decision, 'base', 'attested').code, 'BASE_NOT_ATTESTED');
  });

  test('a listing that broke off is an error, not "not attested"', async () => {
    const errors = [
      {
        what: 'referrers',
        subject: image.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: 'slow down',
        exitCode: ExitCode.Remote,
      },
    ] as const;
    const decision = await judge({ rule: ATTESTED, facts: { errors } });
    for (const result of [find(decision, 'base', 'attested'), find(decision, 'buildInputs')]) {
      assert.equal(result.code, 'REGISTRY_RATE_LIMITED');
      assert.equal(result.outcome, 'error');
    }
  });
});

describe('buildInputs', () => {
  const RULE = `${TRUSTED}
    buildInputs: { allow: [golang, frontend] }`;
  const check = async (spec: BuildKitSpec, more: Partial<Setup> = {}): Promise<CheckResult> =>
    find(await judge({ rule: RULE, attached: [await attest(buildKitV1(spec))], ...more }), 'buildInputs');

  test('every image beside the base is allowed', async () => {
    const good = await check({ images: [debian, golang, frontend] });
    assert.equal(good.code, 'BUILD_INPUTS_ALLOWED');
    assert.equal(good.basis.notes?.length, 3);
    assert.equal((await check({ images: [debian] })).code, 'BUILD_INPUTS_ALLOWED');
  });

  test('the frontend is an image like others, and the remedy says so', async () => {
    const rule = RULE.replace(', frontend', '');
    const result = await check({ images: [debian, golang, frontend] }, { rule });
    assert.equal(result.code, 'PROVENANCE_INPUT_NOT_ALLOWED');
    assert.match(result.reason, /\(frontend\)/);
    assert.match(result.remedy ?? '', /syntax=/);
  });

  test('without a layer map and without a check of the base, every image counts', async () => {
    assert.equal((await check({ images: [debian, golang], mode: 'min' })).code, 'PROVENANCE_INPUT_NOT_ALLOWED');
    assert.equal((await check({ images: [golang], mode: 'min' })).code, 'BUILD_INPUTS_ALLOWED');
  });

  test('with a check of the base its digest is known', async () => {
    const rule = `${RULE}
    base: { allow: [debian] }`;
    assert.equal((await check({ images: [debian, golang], mode: 'min' }, { rule })).code, 'BUILD_INPUTS_ALLOWED');
  });

  test('an entry’s history and tags hold for builder stages too', async () => {
    const newer = buildImage({ diffIds: [fakeDigest('newer golang')] });
    const moved: LockSpec = {
      ...LOCK[1]!,
      observedAt: '2026-11-21T00:00:00Z',
      images: [newer],
    };
    const lock = [...LOCK, moved];
    const spec = { images: [debian, golang] };
    assert.equal((await check(spec, { lock })).code, 'BUILD_INPUTS_ALLOWED');
    assert.equal((await check(spec, { lock, golangEntry: 'history: 1d' })).code, 'PROVENANCE_INPUT_NOT_ALLOWED');
    assert.equal((await check(spec, { lock, golangEntry: 'history: 30d' })).code, 'BUILD_INPUTS_ALLOWED');
    assert.equal((await check(spec, { golangEntry: 'tags: ["1.26"]' })).code, 'PROVENANCE_INPUT_NOT_ALLOWED');
  });

  test('without provenance nothing is proved', async () => {
    const decision = await judge({ rule: RULE });
    assert.equal(find(decision, 'buildInputs').code, 'BUILD_INPUTS_UNPROVED');
    assert.equal(decision.verdict, 'deny');
  });

  test('in a rule that names nobody for provenance, BuildKit’s own counts in an index that its signers signed', async () => {
    const rule = `signatures: { by: [release] }
    buildInputs: { allow: [golang, frontend] }`;
    const predicate = buildKitV1({ images: [debian, golang] });
    const build = [buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate }])];
    const signed = find(await judge({ rule, build, signIndex: release }), 'buildInputs');
    assert.equal(signed.code, 'BUILD_INPUTS_ALLOWED');
    assert.match(signed.reason, /index that release signed/);
    for (const signIndex of [undefined, stranger]) {
      const decision = await judge({ rule, build, ...(signIndex === undefined ? {} : { signIndex }) });
      assert.equal(find(decision, 'buildInputs').code, 'BUILD_INPUTS_UNPROVED');
    }
    const foreign = [
      buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: buildKitV1({ images: [debian, evil] }) }]),
    ];
    assert.equal(
      find(await judge({ rule, build: foreign, signIndex: release }), 'buildInputs').code,
      'PROVENANCE_INPUT_NOT_ALLOWED',
    );
    const onManifest = await judge({ rule, build, attached: [await signature(release, image.digest)] });
    assert.equal(find(onManifest, 'buildInputs').code, 'BUILD_INPUTS_UNPROVED', 'a manifest does not cover it');
  });

  test('provenance that the index lists and the evidence does not hold is an error', async () => {
    const rule = `signatures: { by: [release] }
    buildInputs: { allow: [golang] }`;
    const predicate = buildKitV1({ images: [debian] });
    const listed = [buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate }])];
    const result = find(await judge({ rule, listed, signIndex: release }), 'buildInputs');
    assert.equal(result.code, 'BUILD_ATTESTATIONS_NOT_COLLECTED');
    assert.equal(result.outcome, 'error');
  });
});

describe('claims about the base', () => {
  const RULE = `signatures: { by: [release] }
    base: { allow: [debian], evidence: signed-claim }`;
  const other = buildImage({ diffIds: [fakeDigest('squashed')] });
  const squashed: FixtureImage = { ...debian, layers: stored(fakeDigest('squashed')) };
  const claimed = (subject: BuiltImage, spec: BuildKitSpec): readonly BuiltAttestation[] => [
    buildKitAttestation(subject.digest, [{ type: PROVENANCE_V1, predicate: buildKitV1(spec) }]),
  ];

  test('BuildKit’s unsigned provenance is a claim; in a signed index a signed one', async () => {
    // the image is none that the lock knows by its layers, so that only the claim is left
    const lock = LOCK.slice(1);
    const named = { ...golang, layers: stored(fakeDigest('squashed')) };
    const rule = RULE.replace('allow: [debian]', 'allow: [golang]');
    const setup = { image: other, rule, build: claimed(other, { images: [named] }), lock };
    const unsigned = await judge(setup);
    assert.equal(find(unsigned, 'base', 'allow').code, 'BASE_EVIDENCE_TOO_LOW');
    assert.match(find(unsigned, 'base', 'allow').reason, /at the level claimed/);
    const signed = await judge({ ...setup, signIndex: release });
    assert.equal(find(signed, 'base', 'claims').code, 'BASE_CLAIM_CONFLICT', 'golang has other layers in the lock');
    const unknown = { ...named, digest: fakeDigest('golang that nobody locked') };
    const fine = await judge({
      ...setup,
      lock: LOCK.slice(0, 1),
      build: claimed(other, { images: [unknown] }),
      signIndex: release,
    });
    assert.equal(find(fine, 'base', 'allow').code, 'BASE_CLAIMED');
    assert.match(find(fine, 'base', 'allow').reason, /signed-claim: provenance says/);
  });

  test('annotation and provenance that name two bases contradict each other', async () => {
    const annotations = { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' };
    const subject = buildImage({ diffIds: [fakeDigest('squashed')], annotations });
    const named = { ...evil, layers: stored(fakeDigest('squashed')) };
    const decision = await judge({
      image: subject,
      rule: RULE,
      build: claimed(subject, { images: [named] }),
      lock: [],
    });
    const conflict = find(decision, 'base', 'claims');
    assert.equal(conflict.code, 'BASE_CLAIM_CONFLICT');
    assert.equal(conflict.outcome, 'fail');
    assert.match(conflict.basis.notes?.join('\n') ?? '', /annotation says .*, but provenance says/);
  });

  test('beside proved content a contradiction is worth a warning', async () => {
    const annotations = { 'org.opencontainers.image.base.name': 'registry.evil.example/python:3' };
    const subject = buildImage({ diffIds: [d1, d2, app], annotations });
    const decision = await judge({ image: subject, rule: RULE, build: claimed(subject, { images: [debian] }) });
    assert.equal(find(decision, 'base', 'claims').outcome, 'warn');
  });

  test('index and platform digest of one base do not contradict each other', async () => {
    const annotations = {
      'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
      'org.opencontainers.image.base.digest': debianImage.digest,
    };
    const subject = buildImage({ diffIds: [d1, d2, app], annotations });
    const decision = await judge({ image: subject, rule: RULE, build: claimed(subject, { images: [debian] }) });
    assert.ok(!has(decision, 'base', 'claims'));
  });

  test('provenance that the layers contradict is a conflict', async () => {
    const decision = await judge({ image: other, rule: RULE, build: claimed(other, { images: [squashed] }) });
    assert.equal(find(decision, 'base', 'claims').code, 'BASE_CLAIM_CONFLICT');
    assert.equal(find(decision, 'base', 'claims').outcome, 'fail');
  });

  test('buildpacks: the top layer must be one of the image’s', async () => {
    const labels = (topLayer: Digest): Record<string, string> => ({
      'io.buildpacks.lifecycle.metadata': JSON.stringify({
        runImage: { reference: 'docker.io/library/debian:12', topLayer },
      }),
    });
    const base = 'base: { allow: [debian] }';
    const honest = await judge({ image: buildImage({ diffIds: [d1, d2, app], labels: labels(d2) }), rule: base });
    assert.ok(!has(honest, 'base', 'claims'));
    assert.ok(!has(honest, 'base', 'unexplained'));
    const absent = await judge({ image: buildImage({ diffIds: [d1, d2, app], labels: labels(between) }), rule: base });
    assert.equal(find(absent, 'base', 'claims').code, 'BASE_CLAIM_CONFLICT');
    assert.match(find(absent, 'base', 'claims').basis.notes?.join() ?? '', /no layer/);
    const higher = await judge({ image: buildImage({ diffIds: [d1, d2, app], labels: labels(app) }), rule: base });
    assert.equal(find(higher, 'base', 'unexplained').code, 'BASE_UNEXPLAINED_LAYERS');
  });

  test('an SBOM by an accepted signer claims a base; by others it says nothing', async () => {
    const bom = {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: {
        component: {
          type: 'container',
          name: 'web',
          pedigree: {
            ancestors: [
              {
                type: 'container',
                name: 'debian',
                purl: 'pkg:oci/debian?repository_url=docker.io/library/debian&tag=12',
              },
            ],
          },
        },
      },
    };
    const at = async (by: KeySigner): Promise<Decision> =>
      judge({
        image: other,
        rule: RULE,
        lock: [],
        attached: [await attestation(by, other.digest, { type: 'https://cyclonedx.org/bom', predicate: bom })],
      });
    assert.match(
      find(await at(release), 'base', 'allow').reason,
      /signed-claim: sbom says docker\.io\/library\/debian:12/,
    );
    assert.equal(find(await at(stranger), 'base', 'allow').outcome, 'fail');
  });

  test('signed provenance answers for a label that an unlocked base’s base left', async () => {
    const labels = { 'org.opencontainers.image.base.name': 'registry.example.com/build-root:1' };
    const subject = buildImage({ diffIds: [d1, d2, app], labels });
    const rule = `${TRUSTED}
    base: { allow: [debian], unexplained: deny }`;
    const predicate = buildKitV1({ images: [debian] });
    const attached = [await attestation(release, subject.digest, { type: PROVENANCE_V1, predicate })];
    assert.equal(
      find(await judge({ image: subject, rule, attached }), 'base', 'unexplained').code,
      'BASE_LAYERS_EXPLAINED',
    );
    const unsigned = await judge({ image: subject, rule, build: claimed(subject, { images: [debian] }) });
    assert.equal(find(unsigned, 'base', 'unexplained').code, 'BASE_UNEXPLAINED_LAYERS');
  });

  test('odd attestations in the index are said, and prove nothing', async () => {
    const build = [
      buildKitAttestation(image.digest, [
        { type: PROVENANCE_V1, predicate: buildKitV1({ images: [debian] }), about: fakeDigest('other') },
      ]),
    ];
    const stray = buildKitAttestation(fakeDigest('nowhere'), [{ type: PROVENANCE_V1, predicate: {} }]);
    const decision = await judge({ rule: 'base: { allow: [debian] }', build, listed: [...build, stray] });
    const found = results(decision).filter(({ item }) => item === 'build-attestations');
    assert.deepEqual(
      found.map(({ code, outcome }) => [code, outcome]),
      [
        ['BUILD_ATTESTATION_SUBJECT', 'warn'],
        ['BUILD_ATTESTATION_STRAY', 'warn'],
      ],
    );
    assert.ok(!has(decision, 'base', 'unexplained'));
  });

  test('provenance that could not be collected is an error of the base check', async () => {
    const listed = claimed(image, { images: [debian] });
    const errors = [
      {
        what: 'build-attestations',
        subject: image.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: 'slow down',
        exitCode: ExitCode.Remote,
      },
    ] as const;
    const decision = await judge({ rule: 'base: { allow: [debian] }', listed, facts: { errors } });
    assert.equal(find(decision, 'base', 'build-attestations').code, 'REGISTRY_RATE_LIMITED');
    assert.equal(decision.verdict, 'deny');
  });

  test('a revoked image that any provenance names denies', async () => {
    const predicate = buildKitV1({ images: [debian, golang] });
    const build = [buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate }])];
    for (const named of [{ build }, { attached: [await attest(predicate, { by: stranger })] }]) {
      const setup = { rule: 'base: { allow: [debian] }', ...named };
      assert.equal((await judge(setup)).verdict, 'allow');
      const decision = await judge({ ...setup, deny: golangImage.digest });
      const revoked = results(decision).find(({ code }) => code === 'DIGEST_DENIED');
      assert.match(revoked?.reason ?? '', /an image that the build used/);
      assert.equal(decision.verdict, 'deny');
    }
  });
});
