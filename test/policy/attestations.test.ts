import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import type { ComparableSbom } from '../../src/evidence/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import { readCycloneDxValue } from '../../src/sbom/index.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  createSigner,
  evidenceView,
  fakeDigest,
  policyOf,
  signature,
  type Attached,
  type ImageFacts,
} from '../support/gate-world.ts';
import {
  BUILDER,
  buildKitV02,
  buildKitV1,
  cloudBuildV1,
  gitHubV1,
  PROVENANCE_V02,
  PROVENANCE_V1,
  tektonV1,
} from '../support/slsa-fixtures.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const CYCLONEDX = 'https://cyclonedx.org/bom';
const image = buildImage({ diffIds: [fakeDigest('layer')] });

const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { component: { type: 'container', name: 'web', 'bom-ref': 'root' } },
  components: [
    { type: 'library', name: 'left-pad', version: '1.3.0', purl: 'pkg:npm/left-pad@1.3.0', 'bom-ref': 'a' },
    { type: 'library', name: 'express', version: '4.19.0', purl: 'pkg:npm/express@4.19.0', 'bom-ref': 'b' },
  ],
  dependencies: [{ ref: 'b', dependsOn: ['a'] }],
};
const scan: ComparableSbom = readCycloneDxValue(bom);

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

async function judge(
  attached: readonly Attached[],
  check = '{ type: cyclonedx, by: [release] }',
  facts: Partial<ImageFacts> = {},
): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: release.pub } }
rules: [{ name: shop, images: ["registry.example.com/**"], attestations: [${check}] }]
`;
  const loaded = await policyOf(yaml, { 'release.pub': release.publicKey.pem });
  return decide(evidenceView({ images: [image], attached, facts: { scan }, ...facts }), loaded, { now: NOW });
}

function only(decision: Decision): CheckResult {
  const found = decision.images.flatMap(allResults);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

const sbom = (predicate: unknown = bom, at = image.digest): Promise<Attached> =>
  attestation(release, image.digest, { type: CYCLONEDX, predicate, at });

describe('attestations', () => {
  test('one of the type, by a named key, about this platform passes', async () => {
    const decision = await judge([await sbom()]);
    assert.equal(only(decision).code, 'ATTESTED');
    assert.equal(only(decision).item, 'cyclonedx');
    assert.equal(decision.verdict, 'allow');
  });

  test('none is ATTESTATION_MISSING; a signature or another type is none', async () => {
    assert.equal(only(await judge([])).code, 'ATTESTATION_MISSING');
    const others = [
      await signature(release, image.digest),
      await attestation(release, image.digest, { type: 'https://spdx.dev/Document', predicate: {} }),
    ];
    assert.equal(only(await judge(others)).code, 'ATTESTATION_MISSING');
  });

  test('an attestation is no signature', async () => {
    const yaml = `{ apiVersion: waybill.dev/v1, kind: Policy, identities: { release: { key: k } }, rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [release] } }] }`;
    const loaded = await policyOf(yaml, { k: release.publicKey.pem });
    const decision = await decide(evidenceView({ images: [image], attached: [await sbom()] }), loaded, { now: NOW });
    assert.equal(only(decision).code, 'UNSIGNED');
  });

  test('about another digest is ATTESTATION_SUBJECT_MISMATCH', async () => {
    const other = await attestation(release, fakeDigest('other image'), {
      type: CYCLONEDX,
      predicate: bom,
      at: image.digest,
    });
    const decision = await judge([other]);
    assert.equal(only(decision).code, 'ATTESTATION_SUBJECT_MISMATCH');
    assert.equal(decision.exitCode, ExitCode.Negative);
  });

  test('by another key is UNTRUSTED_SIGNER', async () => {
    assert.equal(
      only(await judge([await attestation(stranger, image.digest, { type: CYCLONEDX, predicate: bom })])).code,
      'UNTRUSTED_SIGNER',
    );
  });

  test('an SBOM of the index does not speak of its platforms; other types may', async () => {
    const index = buildIndex([{ image, architecture: 'amd64' }]);
    const onIndex = async (type: string): Promise<Attached> =>
      attestation(release, index.digest, { type, predicate: bom });
    assert.equal(
      only(await judge([await onIndex(CYCLONEDX)], undefined, { index })).code,
      'ATTESTATION_SUBJECT_MISMATCH',
    );
    const custom = await judge(
      [await onIndex('https://example.com/t')],
      '{ type: "https://example.com/t", by: [release] }',
      { index },
    );
    assert.equal(only(custom).code, 'ATTESTED');
    const atIndex = await sbom(bom, index.digest);
    assert.equal(only(await judge([atIndex], undefined, { index })).code, 'ATTESTED');
  });

  test('rederive: what the image contains passes, in any order and by any tool', async () => {
    const wanted = '{ type: cyclonedx, by: [release], rederive: true }';
    const shuffled = {
      ...bom,
      components: bom.components.toReversed(),
      serialNumber: 'urn:uuid:00000000-0000-4000-8000-000000000000',
    };
    assert.equal(only(await judge([await sbom(shuffled)], wanted)).code, 'ATTESTED');
  });

  test('rederive: missing, added and altered components and edges are REDERIVE_MISMATCH', async () => {
    const wanted = '{ type: cyclonedx, by: [release], rederive: true }';
    const [first, second] = bom.components;
    for (const changed of [
      { ...bom, components: [first] },
      {
        ...bom,
        components: [
          ...bom.components,
          { type: 'library', name: 'x', version: '1', purl: 'pkg:npm/x@1', 'bom-ref': 'c' },
        ],
      },
      { ...bom, components: [first, { ...second, version: '4.20.0', purl: 'pkg:npm/express@4.20.0' }] },
      { ...bom, dependencies: [] },
    ]) {
      const decision = await judge([await sbom(changed)], wanted);
      assert.equal(only(decision).code, 'REDERIVE_MISMATCH', JSON.stringify(changed));
      assert.ok((only(decision).basis.notes?.length ?? 0) > 0);
      assert.equal(decision.exitCode, ExitCode.Negative);
    }
  });

  test('rederive: a document that is no SBOM, and no scan of our own, are not passes', async () => {
    const wanted = '{ type: cyclonedx, by: [release], rederive: true }';
    assert.equal(only(await judge([await sbom({ hello: 1 })], wanted)).code, 'REDERIVE_UNREADABLE');
    const noScan = await judge([await sbom()], wanted, { facts: { scan: null } });
    assert.equal(only(noScan).code, 'SCAN_MISSING');
    assert.equal(only(noScan).outcome, 'error');
    const errors = [
      { what: 'layers', subject: image.digest, code: 'LAYER_TRUNCATED', reason: 'short', exitCode: ExitCode.Input },
    ] as const;
    const broken = await judge([await sbom()], wanted, { facts: { scan: null, layersVerified: false }, errors });
    assert.equal(only(broken).code, 'LAYER_TRUNCATED');
  });

  test('any good one is enough; a newer bad one by an outsider or by the signer does not spoil it', async () => {
    const wanted = '{ type: cyclonedx, by: [release], rederive: true }';
    const bad = await sbom({ ...bom, components: [] });
    const outsider = await attestation(stranger, image.digest, {
      type: CYCLONEDX,
      predicate: { ...bom, components: [] },
    });
    assert.equal(only(await judge([bad, outsider, await sbom()], wanted)).code, 'ATTESTED');
  });

  test('provenance: builder exactly, source by a table per build type', async () => {
    const type = 'https://slsa.dev/provenance/v1';
    const provenance = (buildType: string, builder = 'https://builder.example.com'): unknown => ({
      buildDefinition: { buildType, externalParameters: { workflow: { repository: 'https://github.com/acme/shop' } } },
      runDetails: { builder: { id: builder } },
    });
    const known = 'https://actions.github.io/buildtypes/workflow/v1';
    const check =
      '{ type: slsaprovenance1, by: [release], builder: "https://builder.example.com", source: "https://github.com/acme/shop" }';
    const at = async (predicate: unknown): Promise<CheckResult> =>
      only(await judge([await attestation(release, image.digest, { type, predicate })], check));
    assert.equal((await at(provenance(known))).code, 'ATTESTED');
    assert.equal((await at(provenance(known, 'https://builder.example.com/evil'))).code, 'PROVENANCE_BUILDER');
    assert.equal((await at(provenance('https://example.com/other'))).code, 'PROVENANCE_BUILD_TYPE_UNKNOWN');
    assert.equal((await at(provenance('https://example.com/other'))).outcome, 'error');
    assert.equal((await at(provenance('constructor'))).code, 'PROVENANCE_BUILD_TYPE_UNKNOWN');
    assert.equal((await at({})).code, 'PROVENANCE_UNREADABLE');
    const other = check.replace('acme/shop', 'acme/other');
    assert.equal(
      only(await judge([await attestation(release, image.digest, { type, predicate: provenance(known) })], other)).code,
      'PROVENANCE_SOURCE',
    );
  });

  test('provenance: builder and source as GitHub, BuildKit and Tekton write them', async () => {
    const at = async (predicate: unknown, words: string, type = 'slsaprovenance1'): Promise<string> => {
      const uri = type === 'slsaprovenance1' ? PROVENANCE_V1 : PROVENANCE_V02;
      const attached = [await attestation(release, image.digest, { type: uri, predicate })];
      return only(await judge(attached, `{ type: ${type}, by: [release], ${words} }`)).code;
    };
    const source = 'source: "https://github.com/acme/shop.git"';
    const runner = 'builder: "https://github.com/actions/runner/github-hosted"';
    assert.equal(await at(gitHubV1(), `${runner}, ${source}`), 'ATTESTED');
    assert.equal(await at(gitHubV1(), `builder: "${BUILDER}"`), 'ATTESTED');
    assert.equal(await at(gitHubV1(), runner.replace('github-hosted', 'self-hosted')), 'PROVENANCE_BUILDER');
    assert.equal(await at(buildKitV1({ images: [] }), source), 'ATTESTED');
    assert.equal(await at(buildKitV02({ images: [] }), source, 'slsaprovenance02'), 'ATTESTED');
    assert.equal(await at(buildKitV1({ images: [] }), runner), 'PROVENANCE_BUILDER');
    const vcs = 'source: "https://github.com/somebody/says"';
    assert.equal(await at(buildKitV1({ images: [] }), vcs), 'PROVENANCE_SOURCE');
    assert.equal(await at(tektonV1(fakeDigest('step')), source), 'ATTESTED');
    assert.equal(await at(cloudBuildV1(fakeDigest('step')), source), 'ATTESTED');
  });

  test('provenance: a build type that waybill knows, which does not say the source, is a failure and no error', async () => {
    const predicate = {
      buildDefinition: { buildType: 'https://tekton.dev/chains/v2/slsa', resolvedDependencies: [] },
      runDetails: { builder: { id: 'https://tekton.dev/chains/v2' } },
    };
    const attached = [await attestation(release, image.digest, { type: PROVENANCE_V1, predicate })];
    const result = only(await judge(attached, '{ type: slsaprovenance1, by: [release], source: "https://x.example" }'));
    assert.equal(result.code, 'PROVENANCE_SOURCE');
    assert.match(result.reason, /does not say/);
  });

  test('provenance: the builder of an unknown build type cannot be said', async () => {
    const predicate = {
      buildDefinition: { buildType: 'https://example.com/other' },
      runDetails: { builder: { id: 'https://builder.example.com' } },
    };
    const attached = [await attestation(release, image.digest, { type: PROVENANCE_V1, predicate })];
    const words = '{ type: slsaprovenance1, by: [release], builder: "https://builder.example.com" }';
    assert.equal(only(await judge(attached, words)).code, 'PROVENANCE_BUILD_TYPE_UNKNOWN');
  });

  test('an exception for provenance covers provenance only', async () => {
    const yaml = (
      type: string,
    ): string => `{ apiVersion: waybill.dev/v1, kind: Policy, identities: { release: { key: k } },
      rules: [{ name: r, images: ["registry.example.com/**"], attestations: [{ type: ${type}, by: [release] }] }],
      exceptions: [{ rule: r, check: provenance, digests: ["${image.digest}"], reason: x, owner: y, expires: 2026-12-31 }] }`;
    for (const [type, outcome] of [
      ['slsaprovenance1', 'excepted'],
      ['cyclonedx', 'fail'],
    ] as const) {
      const loaded = await policyOf(yaml(type), { k: release.publicKey.pem });
      assert.equal(only(await decide(evidenceView({ images: [image] }), loaded, { now: NOW })).outcome, outcome);
    }
  });
});
