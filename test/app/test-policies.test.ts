import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { isAppError, TemporaryDirectory, type AppError } from '../../src/core/index.ts';
import { testPolicies, testPoliciesExitCode, type TestPoliciesResult } from '../../src/app/index.ts';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { createRuntime } from '../../src/index.ts';
import { renderPolicyTests, renderPolicyTestsJunit } from '../../src/render/index.ts';
import { readSchema, schemaValidator } from '../support/cli/schemas.ts';
import { buildImage, createSigner, evidenceDocument, fakeDigest, signature } from '../support/gate-world.ts';

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: release.pub } }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], signatures: { by: [release] } }
  - { name: other, images: ["registry.example.com/other/**"], signatures: { by: [release] }, image: { digestPinned: true } }
`;
const HEAD = 'apiVersion: waybill.dev/v1\nkind: PolicyTests\npolicy: policy.yaml\ncases:\n';
const SIGNED = '  - { name: signed, evidence: evidence/signed.json, expect: { verdict: allow } }\n';

describe('testPolicies', () => {
  let folder: TemporaryDirectory;
  const image = buildImage({ diffIds: [fakeDigest('a')] });
  const at = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    const release = await createSigner();
    mkdirSync(at('tests/evidence'), { recursive: true });
    writeFileSync(at('tests/release.pub'), release.publicKey.pem);
    writeFileSync(at('tests/policy.yaml'), POLICY);
    const save = (name: string, attached: readonly Awaited<ReturnType<typeof signature>>[]): void =>
      writeFileSync(at(name), canonicalEvidence(evidenceDocument({ images: [image], attached })));
    save('tests/evidence/signed.json', [await signature(release, image.digest)]);
    save('tests/evidence/unsigned.json', []);
    save('outside.json', []);
    writeFileSync(at('tests/evidence/broken.json'), '{}');
    symlinkSync('../../outside.json', at('tests/evidence/link.json'));
  });
  after(() => folder[Symbol.asyncDispose]());

  async function run(cases: string, options: { readonly root?: string } = {}): Promise<TestPoliciesResult> {
    writeFileSync(at('tests/gate.test.yaml'), HEAD + cases);
    return testPolicies({ paths: [at('tests')], ...options }, createRuntime());
  }

  async function refused(cases: string): Promise<AppError> {
    try {
      await run(cases);
    } catch (error) {
      assert.ok(isAppError(error));
      return error;
    }
    throw new Error('it was accepted');
  }

  const outcomes = (result: TestPoliciesResult): readonly string[] =>
    result.files.flatMap((file) => file.cases.map(({ name, outcome }) => `${name} ${outcome}`));

  test('cases pass or fail by verdict, outcomes, codes and patterns', async () => {
    const result = await run(`${SIGNED}
  - name: unsigned
    evidence: evidence/unsigned.json
    expect:
      verdict: deny
      images: { "registry.example.com/shop/web:v1": deny }
      rules: { shop: { signatures: [fail, UNSIGNED] } }
      codes: [UNSIGNED]
      must: [{ rule: shop, check: signatures, outcome: fail, platform: linux/amd64 }]
      mustNot: [{ outcome: error }, { code: UNTRUSTED }]
`);
    assert.deepEqual(outcomes(result), ['signed passed', 'unsigned passed']);
    assert.equal(testPoliciesExitCode(result, { requireCoverage: false }), 0);
  });

  test('every difference is told: expected, and what came out', async () => {
    const result = await run(`
  - name: unsigned
    evidence: evidence/unsigned.json
    expect:
      verdict: allow
      images: { "registry.example.com/shop/web:v1": warn, nowhere: deny }
      rules: { shop: { signatures: pass, base: fail } }
      codes: []
      must: [{ rule: shop, check: signatures, code: SIGNED }]
      mustNot: [{ code: UNSIGNED }]
`);
    assert.deepEqual(
      result.files[0]?.cases[0]?.differences.map(({ what, expected, actual }) => `${what}: ${expected} / ${actual}`),
      [
        'verdict: allow / deny',
        'image registry.example.com/shop/web:v1: warn / deny',
        'image nowhere: deny / not in the evidence',
        'rule shop, check signatures: pass / fail (UNSIGNED)',
        'rule shop, check base: fail / no such result',
        'codes: none / UNSIGNED',
        'must: rule shop, check signatures, code SIGNED / fail (UNSIGNED)',
        'mustNot: nothing like code UNSIGNED / fail (UNSIGNED)',
      ],
    );
    assert.equal(testPoliciesExitCode(result, { requireCoverage: false }), 1);
  });

  test('exceptions and the time of a case stand in place of those of policy and evidence', async () => {
    const exception = `exceptions: [{ rule: shop, check: signatures, digests: ["${image.digest}"], reason: x, owner: y, expires: 2026-12-31 }]`;
    const result = await run(`
  - { name: excepted, evidence: evidence/unsigned.json, ${exception}, expect: { verdict: allow, rules: { shop: { signatures: excepted } } } }
  - { name: last second, evidence: evidence/unsigned.json, now: "2026-12-31T23:59:59Z", ${exception}, expect: { verdict: allow } }
  - { name: lapsed, evidence: evidence/unsigned.json, now: "2027-01-01T00:00:00Z", ${exception}, expect: { verdict: deny, must: [{ code: EXCEPTION_EXPIRED }] } }
`);
    assert.deepEqual(outcomes(result), ['excepted passed', 'last second passed', 'lapsed passed']);
    assert.equal(result.files[0]?.cases[1]?.decidedAt, '2026-12-31T23:59:59.000Z');
  });

  test('exceptions that the linter refuses are refused here too, with their place', async () => {
    const error = await refused(
      '  - { name: x, evidence: evidence/unsigned.json, exceptions: [{ rule: shop, check: signatures, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-12-31 }], expect: { verdict: allow } }\n',
    );
    assert.equal(error.code, 'POLICY_TESTS_INVALID');
    assert.match(
      error.message,
      /gate\.test\.yaml:5:\d+: cases\[0\]\.exceptions\[0\]: an exception for signatures must name digests/,
    );
  });

  test('evidence that cannot be read is an error of its case, with its class, and the others run', async () => {
    const result = await run(`
  - { name: missing, evidence: evidence/nope.json, expect: { verdict: deny } }
  - { name: broken, evidence: evidence/broken.json, expect: { verdict: deny } }
  - { name: outside, evidence: evidence/link.json, expect: { verdict: deny } }
  - { name: above, evidence: ../outside.json, expect: { verdict: deny } }
${SIGNED}`);
    assert.deepEqual(
      result.files[0]?.cases.map(({ outcome, error }) => `${outcome} ${error?.code ?? ''}`),
      [
        'error POLICY_TESTS_FILE_MISSING',
        'error EVIDENCE_MALFORMED',
        'error POLICY_TESTS_OUTSIDE',
        'error POLICY_TESTS_OUTSIDE',
        'passed ',
      ],
    );
    assert.deepEqual([result.passed, result.failed, result.errors], [1, 0, 4]);
    assert.equal(testPoliciesExitCode(result, { requireCoverage: false }), 6);
  });

  test('a wider root lets cases name files above their own', async () => {
    const result = await run('  - { name: above, evidence: ../outside.json, expect: { verdict: deny } }\n', {
      root: folder.path,
    });
    assert.deepEqual(outcomes(result), ['above passed']);
  });

  test('rules and checks that no case exercises are told, and fail where coverage is demanded', async () => {
    const result = await run(SIGNED);
    const [coverage] = result.coverage;
    assert.deepEqual(coverage?.unexercised, ['other']);
    assert.deepEqual(
      coverage?.rules[0]?.checks.map(({ check, exercised, refused }) => [check, exercised, refused]),
      [['signatures', true, false]],
    );
    assert.equal(testPoliciesExitCode(result, { requireCoverage: false }), 0);
    assert.equal(testPoliciesExitCode(result, { requireCoverage: true }), 1);
  });

  for (const [what, text, message] of [
    ['no cases', 'x: 1\n', /the file of cases|cases/],
    ['an unknown word', `${SIGNED}    more: 1\n`, /./],
    ['no verdict', '  - { name: a, evidence: e.json, expect: { codes: [] } }\n', /needs the key "verdict"/],
    ['a name twice', SIGNED + SIGNED, /two cases are named "signed"/],
    [
      'a pattern that everything is like',
      '  - { name: a, evidence: e.json, expect: { verdict: deny, must: [{}] } }\n',
      /say what it is like/,
    ],
    ['an absolute path', '  - { name: a, evidence: /etc/passwd, expect: { verdict: deny } }\n', /relative/],
    [
      'a day as time',
      '  - { name: a, evidence: e.json, now: 2026-12-31, expect: { verdict: deny } }\n',
      /a time such as/,
    ],
    [
      'a code in lower case',
      '  - { name: a, evidence: e.json, expect: { verdict: deny, codes: [unsigned] } }\n',
      /written like/,
    ],
  ] as const) {
    test(`a file of cases with ${what} is refused`, async () => {
      const error = await refused(text);
      assert.deepEqual([error.code, error.exitCode], ['POLICY_TESTS_INVALID', 2]);
      assert.match(error.message, message);
    });
  }

  test('a folder without cases is an error, never a pass', async () => {
    mkdirSync(at('empty'), { recursive: true });
    await assert.rejects(
      testPolicies({ paths: [at('empty')] }, createRuntime()),
      (error: unknown) => isAppError(error) && error.code === 'POLICY_TESTS_MISSING' && error.exitCode === 6,
    );
  });

  test('the same bytes every time; what is written is of its schema; text of cases cannot act', async () => {
    const cases = `  - { name: "a\\e[31m ::error::x <b>&", evidence: evidence/unsigned.json, expect: { verdict: allow } }\n${SIGNED}`;
    const result = await run(cases);
    assert.equal(JSON.stringify(await run(cases)), JSON.stringify(result));
    const validate = schemaValidator('policy-test');
    assert.ok(validate(result), JSON.stringify(validate.errors));
    const text = renderPolicyTests(result, { color: false });
    assert.match(text, /FAIL +a\\u\{1b\}\[31m/);
    assert.match(text, /1 passed, 1 failed$/);
    const xml = renderPolicyTestsJunit(result);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text + xml, /\u001b|\s::error/);
    assert.doesNotMatch(xml, /<b>/);
    assert.match(xml, /<testsuites name="waybill policy test" tests="2" failures="1" errors="0">/);
    assert.match(xml, /<failure message="verdict: expected allow, got deny" type="verdict"\/>/);
  });

  test('the schema of case files accepts and refuses what the reader does', async () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false });
    ajv.addSchema(readSchema('policy'));
    const validate = ajv.compile(readSchema('policy-tests'));
    const full = `  - name: full
    evidence: evidence/signed.json
    policy: policy.yaml
    now: "2026-12-01T00:00:00Z"
    exceptions: [{ rule: shop, check: signatures, digests: ["${image.digest}"], reason: x, owner: y, expires: 2026-12-31 }]
    expect:
      verdict: allow
      images: { "registry.example.com/shop/web:v1": allow }
      rules: { shop: { signatures: [pass, SIGNED] } }
      codes: []
      must: [{ image: "registry.example.com/shop/web:v1", platform: linux/amd64, rule: shop, check: signatures, outcome: pass }]
      mustNot: [{ item: x, code: UNSIGNED }]
`;
    assert.ok(validate(parse(HEAD + full)), JSON.stringify(validate.errors));
    assert.deepEqual(outcomes(await run(full)), ['full passed']);
    for (const [before, after] of [
      ['verdict: allow', 'verdict: maybe'],
      ['codes: []', 'codes: [low]'],
      ['evidence: evidence', 'evidence: /evidence'],
      ['[pass, SIGNED]', '[good]'],
      ['{ item: x, code: UNSIGNED }', '{}'],
      ['    expect:', '    surprise: 1\n    expect:'],
      ['2026-12-01T00:00:00Z', '2026-12-01'],
    ] as const) {
      const text = full.replace(before, after);
      assert.equal(validate(parse(HEAD + text)), false, after);
      assert.equal((await refused(text)).code, 'POLICY_TESTS_INVALID', after);
    }
  });
});
