import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExitCode, type Digest } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import type { Decision } from '../../src/policy/index.ts';
import {
  attestation,
  buildImage,
  buildKitAttestation,
  fakeDigest,
  type BuiltAttestation,
  type BuiltImage,
} from '../support/gate-world.ts';
import {
  app,
  between,
  d1,
  d2,
  debian,
  debianImage,
  evil,
  find,
  golang,
  golangImage,
  has,
  image,
  LOCK,
  provenanceWorld,
  results,
  stored,
  TRUSTED,
} from '../support/provenance-world.ts';
import { buildKitV1, PROVENANCE_V1, type BuildKitSpec, type FixtureImage } from '../support/slsa-fixtures.ts';

const { attest, judge, release, stranger } = await provenanceWorld();

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
