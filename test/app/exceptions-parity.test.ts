import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { checkGate, explainPolicyFile, replayGate, testPolicies, tryPolicy } from '../../src/app/index.ts';
import { canonicalEvidence, openEvidence } from '../../src/evidence/index.ts';
import { createRuntime } from '../../src/index.ts';
import { decide, loadPolicy, type Decision } from '../../src/policy/index.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { createSigner } from '../support/gate-world.ts';

const NAME = 'registry.example.com/shop/app';
/** The exception ends with this day. */
const LAST_SECOND = new Date('2026-12-31T23:59:59Z');
const FIRST_AFTER = new Date('2027-01-01T00:00:00Z');
const ONE_AFTER = new Date('2027-01-01T00:00:01Z');

/** What a decision says of the rule's signatures, and whether the lapse is told. */
function told(decision: Decision): readonly string[] {
  return decision.images
    .flatMap((image) => image.platforms.flatMap((platform) => platform.rules.flatMap((rule) => rule.checks)))
    .map(({ check, outcome, code }) => `${check} ${outcome} ${code}`);
}

const EXCEPTED = ['signatures excepted UNSIGNED'];
const LAPSED = ['signatures fail UNSIGNED', 'exceptions fail EXCEPTION_EXPIRED'];

describe('an exception is honoured identically everywhere', () => {
  let folder: TemporaryDirectory;
  const at = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    await makeSampleImages(folder.path);
    writeFileSync(at('release.pub'), (await createSigner()).publicKey.pem);
    writeFileSync(at('policy.yaml'), policy(`"sha256:${'0'.repeat(64)}"`));
    const { evidence } = await check(LAST_SECOND);
    writeFileSync(at('evidence.json'), canonicalEvidence(evidence));
    writeFileSync(at('policy.yaml'), policy(JSON.stringify(evidence.images[0]?.digest)));
  });
  after(() => folder[Symbol.asyncDispose]());

  const policy = (digest: string): string => `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: release.pub } }
rules: [{ name: shop, images: ["registry.example.com/shop/**"], signatures: { by: [release] } }]
exceptions: [{ rule: shop, check: signatures, digests: [${digest}], reason: migration, owner: ops@example.com, expires: 2026-12-31 }]
`;

  async function check(now: Date): Promise<Awaited<ReturnType<typeof checkGate>>> {
    const options = {
      images: [`oci:${at('images')}:app`],
      as: NAME,
      policyFile: at('policy.yaml'),
      access: {},
      deadlineMs: 60_000,
    };
    return checkGate(options, createRuntime({ now: () => now }));
  }

  for (const [when, now, expected] of [
    ['in the last second of its last day', LAST_SECOND, EXCEPTED],
    ['in the first moment after it', FIRST_AFTER, LAPSED],
    ['a second after it', ONE_AFTER, LAPSED],
  ] as const) {
    const verdict = expected === EXCEPTED ? 'allow' : 'deny';

    test(`gate check, ${when}`, async () => {
      const { decision } = await check(now);
      assert.deepEqual([decision.verdict, told(decision)], [verdict, expected]);
    });

    test(`gate replay, ${when}`, async () => {
      const { decision } = await replayGate({
        evidenceFile: at('evidence.json'),
        policyFile: at('policy.yaml'),
        asOf: now,
      });
      assert.deepEqual([decision.verdict, told(decision)], [verdict, expected]);
    });

    test(`the library's decide, ${when}`, async () => {
      const { evidence } = await check(now);
      const decision = await decide(openEvidence(evidence), await loadPolicy(at('policy.yaml')), { now });
      assert.deepEqual([decision.verdict, told(decision)], [verdict, expected]);
    });

    test(`policy test, ${when}`, async () => {
      const rules =
        expected === EXCEPTED
          ? '{ shop: { signatures: excepted } }'
          : '{ shop: { signatures: fail, exceptions: EXCEPTION_EXPIRED } }';
      writeFileSync(
        at('cases.test.yaml'),
        `apiVersion: waybill.dev/v1\nkind: PolicyTests\npolicy: policy.yaml\ncases: [{ name: x, evidence: evidence.json, now: "${now.toISOString()}", expect: { verdict: ${verdict}, rules: ${rules} } }]\n`,
      );
      const result = await testPolicies({ paths: [at('cases.test.yaml')] }, createRuntime());
      assert.deepEqual(result.files[0]?.cases[0]?.differences, []);
      assert.equal(result.passed, 1);
    });

    test(`policy try, ${when}`, async () => {
      const options = { evidence: [at('evidence.json')], policyFile: at('policy.yaml'), asOf: now };
      const result = await tryPolicy(options, createRuntime());
      assert.equal(result.images[0]?.after, verdict);
      assert.deepEqual(
        result.images[0]?.added.map(({ check, outcome, code }) => `${check} ${outcome} ${code}`),
        expected,
      );
    });

    test(`policy explain, ${when}`, async () => {
      const result = await explainPolicyFile({ file: at('policy.yaml'), asOf: now }, createRuntime());
      assert.deepEqual(
        [result.exceptions[0]?.lastDay, result.exceptions[0]?.expired],
        ['2026-12-31', expected === LAPSED],
      );
    });
  }

  test('an exception never turns an error into anything else', async () => {
    const { evidence } = await check(LAST_SECOND);
    // the listing of what is attached failed: nobody knows whether the image is signed
    const [image] = evidence.images;
    assert.ok(image !== undefined);
    const error = { what: 'referrers', code: 'REGISTRY_UNAVAILABLE', reason: '503', exitCode: 4 } as const;
    const broken = { ...evidence, images: [{ ...image, subjects: [], errors: [error] }] };
    const decision = await decide(openEvidence(broken), await loadPolicy(at('policy.yaml')), { now: LAST_SECOND });
    assert.deepEqual([decision.verdict, told(decision)], ['deny', ['signatures error REGISTRY_UNAVAILABLE']]);
  });
});
