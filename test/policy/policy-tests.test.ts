import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import { parsePolicyTests, type PolicyTests } from '../../src/policy/index.ts';

const FULL = `apiVersion: waybill.dev/v1
kind: PolicyTests
policy: policy.yaml
cases:
  - name: full
    evidence: evidence/signed.json
    policy: other.yaml
    now: "2026-12-01T00:00:00Z"
    exceptions: [{ rule: shop, check: base, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-12-31 }]
    expect:
      verdict: allow
      images: { "registry.example.com/shop/web:v1": allow }
      rules: { shop: { signatures: [pass, SIGNED], base: fail } }
      codes: [UNSIGNED]
      must: [{ image: a, platform: linux/amd64, rule: shop, check: base, item: tamper, code: X, outcome: fail }]
      mustNot: [{ outcome: error }]
`;

/** The cases, or undefined when they are refused as they should be. */
async function read(text: string): Promise<PolicyTests | undefined> {
  try {
    return (await parsePolicyTests({ bytes: Buffer.from(text), name: 'gate.test.yaml' })).tests;
  } catch (error) {
    assert.ok(isAppError(error) && error.code === 'POLICY_TESTS_INVALID', String(error));
    assert.match(error.message, /^gate\.test\.yaml:\d+:\d+: /);
    return undefined;
  }
}

describe('parsePolicyTests', () => {
  test('reads every word; one outcome and a list of them are the same', async () => {
    const [first] = (await read(FULL))?.cases ?? [];
    assert.equal(first?.now?.toISOString(), '2026-12-01T00:00:00.000Z');
    assert.deepEqual(first.expect.rules?.get('shop')?.get('base'), ['fail']);
    assert.deepEqual(first.expect.rules?.get('shop')?.get('signatures'), ['pass', 'SIGNED']);
    assert.equal(first.exceptions?.length, 1);
  });

  test('names such as __proto__ are names like any other', async () => {
    const tests = await read(
      FULL.replace('{ shop: {', '{ __proto__: {').replace('"registry.example.com/shop/web:v1"', 'constructor'),
    );
    assert.deepEqual([...(tests?.cases[0]?.expect.rules?.keys() ?? [])], ['__proto__']);
    assert.deepEqual([...(tests?.cases[0]?.expect.images?.keys() ?? [])], ['constructor']);
    assert.equal(await read(FULL.replace('evidence:', '__proto__:')), undefined);
  });

  test('refuses what is empty, no text, a policy, or too deep', async () => {
    for (const text of [
      '',
      '[]',
      'x',
      '\ufeff',
      'kind: Policy',
      '['.repeat(100_000),
      FULL.replace('PolicyTests', 'Policy'),
    ])
      assert.equal(await read(text), undefined, text.slice(0, 20));
    const bytes = Uint8Array.of(0x61, 0x3a, 0xff);
    await assert.rejects(parsePolicyTests({ bytes, name: 'x' }), /the file of cases is not UTF-8/);
    const many = Array.from(
      { length: 1001 },
      (_, index) => `  - { name: c${index}, evidence: e.json, expect: { verdict: deny } }\n`,
    );
    assert.equal(await read(`${FULL.slice(0, FULL.indexOf('  - name'))}${many.join('')}`), undefined);
  });

  test('mutations are read or refused with a place, never anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(FULL.length - 1), fc.string({ maxLength: 4 }), async (at, text) => {
        await read(FULL.slice(0, at) + text + FULL.slice(at + text.length));
      }),
      { numRuns: 200 },
    );
  });
});
