import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import { attestation, buildImage, buildKitAttestation, fakeDigest } from '../support/gate-world.ts';
import {
  app,
  ATTESTED,
  between,
  d1,
  d2,
  debian,
  debianImage,
  debianIndex,
  evil,
  find,
  frontend,
  golang,
  golangImage,
  has,
  image,
  provenanceWorld,
  results,
  stored,
  TRUSTED,
  type Setup,
} from '../support/provenance-world.ts';
import {
  BUILDER,
  buildKitV02,
  buildKitV1,
  cloudBuildV1,
  gitHubV1,
  PROVENANCE_V02,
  PROVENANCE_V1,
  type BuildKitSpec,
} from '../support/slsa-fixtures.ts';

const { attest, attested, judge, release, stranger } = await provenanceWorld();

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
