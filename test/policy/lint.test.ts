import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError, isAppError } from '../../src/core/index.ts';
import { EVERY_WORD } from '../support/policy-words.ts';
import { lintPolicy, parsePolicy, type PolicyProblem } from '../../src/policy/index.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\n';
const IDENTITIES = 'identities: { k: { key: k.pub }, k2: { key: k2.pub } }\n';
const RULES = 'rules:\n  - { name: r, images: ["registry.example.com/**"], signatures: { by: [k] } }\n';

async function lint(text: string): Promise<readonly PolicyProblem[]> {
  return (await lintPolicy({ bytes: Buffer.from(text), name: 'policy.yaml' }, { now: NOW })).problems;
}

async function errors(text: string): Promise<readonly PolicyProblem[]> {
  return (await lint(text)).filter((problem) => problem.severity === 'error');
}

async function onlyError(text: string): Promise<PolicyProblem> {
  const found = await errors(text);
  assert.equal(found.length, 1, JSON.stringify(found, null, 1));
  return found[0]!;
}

describe('lintPolicy', () => {
  test('accepts every word of the file', async () => {
    const problems = await lint(EVERY_WORD);
    assert.deepEqual(
      problems.filter((problem) => problem.severity === 'error'),
      [],
    );
  });

  test('JSON is read like YAML', async () => {
    const { policy } = await lintPolicy({ bytes: Buffer.from(EVERY_WORD), name: 'p' });
    assert.ok(policy !== undefined);
    const json = `{"apiVersion":"waybill.dev/v1","kind":"Policy","identities":{"k":{"key":"k.pub"}},"rules":[{"name":"r","images":["registry.example.com/**"],"signatures":{"by":["k"]}}]}`;
    assert.deepEqual(await errors(json), []);
  });

  test('an unknown key is an error at its own place, with the key that was meant', async () => {
    const problem = await onlyError(
      `${HEAD}${IDENTITIES}rules:\n  - name: r\n    images: ["registry.example.com/**"]\n    signature: { by: [k] }\n    signatures: { by: [k] }\n`,
    );
    assert.deepEqual(
      [problem.code, problem.line, problem.column, problem.path],
      ['POLICY_UNKNOWN_KEY', 7, 5, 'rules[0].signature'],
    );
    assert.match(problem.hint ?? '', /signatures/);
  });

  for (const [what, text, code, at] of [
    ['no apiVersion', `kind: Policy\n${IDENTITIES}${RULES}`, 'POLICY_MISSING_KEY', '1:1'],
    ['another apiVersion', `apiVersion: v2\nkind: Policy\n${IDENTITIES}${RULES}`, 'POLICY_BAD_VALUE', '1:13'],
    ['no rules', HEAD, 'POLICY_MISSING_KEY', '1:1'],
    ['an empty list of rules', `${HEAD}rules: []`, 'POLICY_EMPTY_LIST', '3:8'],
    [
      'a rule without checks',
      `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"] }]`,
      'POLICY_NO_CHECKS',
      '3:9',
    ],
    [
      'a check with nothing in it',
      `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"], components: {} }]`,
      'POLICY_NO_CHECKS',
      '3:9',
    ],
    [
      'an empty check beside another',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k] }, files: {} }]`,
      'POLICY_NO_CHECKS',
      '4:89',
    ],
    [
      'an empty by',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [] } }]`,
      'POLICY_EMPTY_LIST',
      '4:75',
    ],
    [
      'a threshold of 0',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k], threshold: 0 } }]`,
      'POLICY_BAD_THRESHOLD',
      '4:91',
    ],
    [
      'a threshold above the number of identities',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k, k2], threshold: 3 } }]`,
      'POLICY_BAD_THRESHOLD',
      '4:95',
    ],
    [
      'a threshold of half a signer',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k], threshold: 0.5 } }]`,
      'POLICY_WRONG_TYPE',
      '4:91',
    ],
    [
      'an unknown identity',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [x] } }]`,
      'POLICY_UNKNOWN_NAME',
      '4:76',
    ],
    [
      'an unknown base',
      `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"], base: { allow: [x] } }]`,
      'POLICY_UNKNOWN_NAME',
      '3:73',
    ],
    [
      'two rules of one name',
      `${HEAD}${IDENTITIES}${RULES}  - { name: r, images: ["registry.example.com/**"], signatures: { by: [k] } }\n`,
      'POLICY_DUPLICATE_NAME',
      '6:13',
    ],
    ['a key twice', `${HEAD}kind: Policy\n${IDENTITIES}${RULES}`, 'POLICY_SYNTAX', '3:1'],
    ['an alias', `${HEAD}identities: &a { k: { key: k.pub } }\n${RULES}`, 'POLICY_SYNTAX', '3:16'],
    ['a tag', `${HEAD}name: !!binary aGVsbG8=\n${IDENTITIES}${RULES}`, 'POLICY_SYNTAX', '3:16'],
    ['two documents', `${HEAD}${IDENTITIES}${RULES}---\na: b\n`, 'POLICY_SYNTAX', '6:1'],
    [
      'a pattern without a registry',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: [nginx], signatures: { by: [k] } }]`,
      'POLICY_BAD_PATTERN',
      '4:29',
    ],
    [
      'a pattern with a tag',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/a:1"], signatures: { by: [k] } }]`,
      'POLICY_BAD_PATTERN',
      '4:29',
    ],
    [
      '** as part of a segment',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/shop**"], signatures: { by: [k] } }]`,
      'POLICY_BAD_PATTERN',
      '4:29',
    ],
    [
      '.. in a pattern',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/a/../b"], signatures: { by: [k] } }]`,
      'POLICY_BAD_PATTERN',
      '4:29',
    ],
    [
      'a homoglyph in a pattern',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/sh\u043ep"], signatures: { by: [k] } }]`,
      'POLICY_BAD_PATTERN',
      '4:29',
    ],
    ['a path out of the folder', `${HEAD}identities: { k: { key: ../k.pub } }\n${RULES}`, 'POLICY_BAD_VALUE', '3:25'],
    ['an absolute path', `${HEAD}identities: { k: { key: /etc/k.pub } }\n${RULES}`, 'POLICY_BAD_VALUE', '3:25'],
    [
      'an identity that is nobody',
      `${HEAD}identities: { k: { key: k }, e: { issuer: "https://i" } }\n${RULES}`,
      'POLICY_MISSING_KEY',
      '3:33',
    ],
    [
      'an identity that is two',
      `${HEAD}identities: { k: { key: k, issuer: "https://i", subject: s } }\n${RULES}`,
      'POLICY_BAD_VALUE',
      '3:18',
    ],
    [
      'an expression that is not RE2',
      `${HEAD}identities: { k: { key: k }, e: { issuer: "https://i", subjectRegexp: "(?=a)" } }\n${RULES}`,
      'POLICY_BAD_REGEXP',
      '3:71',
    ],
    [
      'a base without an image',
      `${HEAD}${IDENTITIES}bases: { lock: l, lockSignedBy: [k], entries: [{ name: d }] }\n${RULES}`,
      'POLICY_MISSING_KEY',
      '4:48',
    ],
    [
      'a word of another kind of base',
      `${HEAD}${IDENTITIES}bases: { lock: l, lockSignedBy: [k], entries: [{ name: s, kind: scratch, builtBy: [k], tags: ["1"] }] }\n${RULES}`,
      'POLICY_BAD_VALUE',
      '4:94',
    ],
    [
      'a base with wildcards',
      `${HEAD}${IDENTITIES}bases: { lock: l, lockSignedBy: [k], entries: [{ name: d, image: docker.io/library/* }] }\n${RULES}`,
      'POLICY_BAD_PATTERN',
      '4:66',
    ],
    [
      'a number where a tag is meant',
      `${HEAD}${IDENTITIES}bases: { lock: l, lockSignedBy: [k], entries: [{ name: d, image: docker.io/library/debian, tags: [12] }] }\n${RULES}`,
      'POLICY_WRONG_TYPE',
      '4:99',
    ],
    [
      'a duration that is none',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k], maxAge: 30 days } }]`,
      'POLICY_BAD_VALUE',
      '4:88',
    ],
    [
      'a day that is none',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], effectiveOn: 2026-02-30, signatures: { by: [k] } }]`,
      'POLICY_BAD_VALUE',
      '4:70',
    ],
    [
      'rederive of something else',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], attestations: [{ type: vuln, by: [k], rederive: true }] }]`,
      'POLICY_BAD_VALUE',
      '4:105',
    ],
    [
      'an unknown attestation type',
      `${HEAD}${IDENTITIES}rules: [{ name: r, images: ["registry.example.com/**"], attestations: [{ type: cyclone, by: [k] }] }]`,
      'POLICY_BAD_VALUE',
      '4:80',
    ],
    [
      'a component that is no purl',
      `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"], components: { deny: [{ purl: event-stream }] } }]`,
      'POLICY_BAD_VALUE',
      '3:86',
    ],
    [
      'versions that are none',
      `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"], components: { deny: [{ purl: "pkg:npm/x", versions: "<" }] } }]`,
      'POLICY_BAD_VALUE',
      '3:109',
    ],
    [
      'a path that no image has',
      `${HEAD}${IDENTITIES}bases: { lock: l, lockSignedBy: [k], entries: [{ name: d, image: docker.io/library/debian }] }\nrules: [{ name: r, images: ["registry.example.com/**"], base: { allow: [d], tamperAllow: ["usr/**"] } }]`,
      'POLICY_BAD_PATTERN',
      '5:91',
    ],
    [
      'an exception without expiry',
      `${HEAD}${IDENTITIES}${RULES}exceptions: [{ rule: r, check: base, images: ["registry.example.com/a"], reason: x, owner: y }]`,
      'POLICY_MISSING_KEY',
      '6:14',
    ],
    [
      'an exception for everything',
      `${HEAD}${IDENTITIES}${RULES}exceptions: [{ rule: r, check: base, reason: x, owner: y, expires: 2026-12-31 }]`,
      'POLICY_MISSING_KEY',
      '6:14',
    ],
    [
      'an exception for signatures without digests',
      `${HEAD}${IDENTITIES}${RULES}exceptions: [{ rule: r, check: signatures, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-12-31 }]`,
      'POLICY_MISSING_KEY',
      '6:14',
    ],
    [
      'an exception of no rule',
      `${HEAD}${IDENTITIES}${RULES}exceptions: [{ rule: z, check: base, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-12-31 }]`,
      'POLICY_UNKNOWN_NAME',
      '6:22',
    ],
    ['a list instead of a policy', '[]', 'POLICY_WRONG_TYPE', '1:1'],
    ['an empty file', '', 'POLICY_WRONG_TYPE', '1:1'],
  ] as const) {
    test(`${what} is ${code} at ${at}`, async () => {
      const problem = await onlyError(text);
      assert.equal(problem.code, code, problem.message);
      assert.equal(`${problem.line}:${problem.column}`, at, problem.message);
    });
  }

  test('advice: unpinned lock, open registry, lapsed exception that covers nothing, names nobody uses', async () => {
    const text = `${HEAD}${IDENTITIES}bases: { lock: l, entries: [{ name: d, image: docker.io/library/debian }] }\nrules: [{ name: r, images: ["**/shop"], signatures: { by: [k] } }]\nexceptions: [{ rule: r, check: base, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-11-23 }]`;
    const codes = (await lint(text)).map((problem) => `${problem.severity} ${problem.code}`);
    assert.deepEqual(codes.toSorted(), [
      'warning POLICY_EXCEPTION_EXPIRED',
      'warning POLICY_LOCK_UNPINNED',
      'warning POLICY_OPEN_PATTERN',
      'warning POLICY_UNREACHABLE',
      'warning POLICY_UNREACHABLE',
      'warning POLICY_UNUSED',
      'warning POLICY_UNUSED',
    ]);
  });

  test('an exception that ends today holds today', async () => {
    const text = `${HEAD}${IDENTITIES}${RULES}exceptions: [{ rule: r, check: base, images: ["registry.example.com/a"], reason: x, owner: y, expires: 2026-11-24 }]`;
    assert.ok(!(await lint(text)).some((problem) => problem.code === 'POLICY_EXCEPTION_EXPIRED'));
  });

  test('bytes that are not UTF-8 are refused', async () => {
    const { problems } = await lintPolicy({ bytes: Uint8Array.of(0x61, 0x3a, 0xff), name: 'p' });
    assert.deepEqual(
      problems.map((problem) => problem.message),
      ['the policy is not UTF-8'],
    );
  });

  test('absurd nesting is refused at once', async () => {
    for (const text of ['['.repeat(500_000), '- '.repeat(500_000), '{a: '.repeat(100_000)]) {
      assert.equal((await onlyError(text)).code, 'POLICY_SYNTAX');
    }
  });

  test('__proto__ and constructor are unknown keys like any other', async () => {
    assert.equal((await onlyError(`${HEAD}${IDENTITIES}${RULES}__proto__: { name: x }\n`)).code, 'POLICY_UNKNOWN_KEY');
    assert.equal((await onlyError(`${HEAD}${IDENTITIES}${RULES}constructor: x\n`)).code, 'POLICY_UNKNOWN_KEY');
  });

  test('problems of oddly named things have a place too', async () => {
    for (const name of ['"a]b"', '"a.b"', '"[x"', '"]"', '"."', '"a b"']) {
      const found = await errors(`${HEAD}identities: { k: { key: k }, ${name}: { issuer: "https://i" } }\n${RULES}`);
      assert.deepEqual(
        found.map((problem) => problem.code),
        ['POLICY_MISSING_KEY'],
      );
      assert.equal(found[0]?.line, 3);
    }
  });

  test('never throws anything, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ maxLength: 300 }),
          fc.string({ unit: fc.constantFrom(...'rules: [{}]&*!-\n"\'|>%@`'), maxLength: 120 }),
        ),
        async (text) => {
          await lint(`${HEAD}${text}`);
          await lint(text);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('mutations of a full policy give problems with a place, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(EVERY_WORD.length - 1), fc.string({ maxLength: 4 }), async (at, text) => {
        const found = await lint(EVERY_WORD.slice(0, at) + text + EVERY_WORD.slice(at + text.length));
        for (const problem of found) assert.ok(problem.line >= 1 && problem.column >= 1);
      }),
      { numRuns: 150 },
    );
  });
});

describe('parsePolicy', () => {
  test('refuses with the first problem, its place, and all of them in the details', async () => {
    const text = `${HEAD}rules: [{ name: r }]\nfoo: 1\n`;
    await assert.rejects(parsePolicy({ bytes: Buffer.from(text), name: 'gate.yaml' }), (error: unknown) => {
      assert.ok(isAppError(error) && error instanceof AppError);
      assert.equal(error.code, 'POLICY_INVALID');
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /^gate\.yaml:3:9: /);
      const problems: unknown = error.details?.['problems'];
      assert.ok(Array.isArray(problems) && problems.length === 2);
      return true;
    });
  });
});
