import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CheckResult } from '../../src/policy/index.ts';
import { buildImage, buildKitAttestation, fakeDigest, signature, type LockSpec } from '../support/gate-world.ts';
import {
  debian,
  evil,
  LOCK,
  find,
  frontend,
  golang,
  image,
  provenanceWorld,
  TRUSTED,
  type Setup,
} from '../support/provenance-world.ts';
import { buildKitV1, PROVENANCE_V1, type BuildKitSpec } from '../support/slsa-fixtures.ts';

const { attest, judge, release, stranger } = await provenanceWorld();

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
