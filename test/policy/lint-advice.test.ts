import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lintPolicy, type PolicyProblem } from '../../src/policy/index.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\n';
const GITHUB = 'https://token.actions.githubusercontent.com';
const KEY = 'identities: { k: { key: k.pub } }\n';
const BASES = 'bases: { lock: l, lockSignedBy: [k], entries: [{ name: d, image: docker.io/library/debian }] }\n';

async function lint(text: string, now: Date | undefined = NOW): Promise<readonly PolicyProblem[]> {
  return (await lintPolicy({ bytes: Buffer.from(text), name: 'p' }, now === undefined ? {} : { now })).problems;
}

/** Severity, code and path of each problem. */
async function found(text: string, now?: Date): Promise<readonly string[]> {
  return (await lint(text, now)).map((problem) => `${problem.severity} ${problem.code} ${problem.path}`);
}

function rule(words: string, images = '"registry.example.com/**"'): string {
  return `rules:\n  - { name: r, images: [${images}], ${words} }\n`;
}

const SIGNED = 'signatures: { by: [k] }';

describe('lintPolicy on identities', () => {
  const identity = (words: string): string =>
    `${HEAD}identities: { k: { issuer: "${GITHUB}", extensions: { runnerEnvironment: github-hosted }, ${words} } }\n${rule(SIGNED)}`;

  for (const [what, words, expected] of [
    ['an owner spelled out', String.raw`subjectRegexp: 'https://github\.com/acme/.*'`, []],
    ['owners spelled out', String.raw`subjectRegexp: '^https://github\.com/(acme|acme-labs)/shop/.*$'`, []],
    ['addresses of a domain', String.raw`subjectRegexp: '.*@example\.com'`, []],
    ['one address or another', String.raw`subjectRegexp: '(ann|bob)@example\.com'`, []],
    ['anything', 'subjectRegexp: ".*"', ['warning POLICY_OPEN_REGEXP identities.k.subjectRegexp']],
    [
      'any owner',
      String.raw`subjectRegexp: 'https://github\.com/[^/]+/shop/.*'`,
      ['warning POLICY_OPEN_REGEXP identities.k.subjectRegexp'],
    ],
    [
      'an owner that goes on',
      String.raw`subjectRegexp: 'https://github\.com/acme.*'`,
      ['warning POLICY_OPEN_REGEXP identities.k.subjectRegexp'],
    ],
    [
      'one alternative without an owner',
      String.raw`subjectRegexp: 'https://github\.com/acme/x|https://.*'`,
      ['warning POLICY_OPEN_REGEXP identities.k.subjectRegexp'],
    ],
    [
      'a dot that is any character',
      String.raw`subjectRegexp: 'https://github.com/acme/.*'`,
      ['info POLICY_OPEN_REGEXP identities.k.subjectRegexp'],
    ],
    [
      'a part of a subject',
      String.raw`subjectRegexp: 'github\.com/acme/.*'`,
      ['warning POLICY_UNREACHABLE identities.k.subjectRegexp'],
    ],
    ['a glob as subject', 'subject: "https://github.com/acme/*"', ['warning POLICY_UNREACHABLE identities.k.subject']],
  ] as const) {
    test(what, async () => assert.deepEqual(await found(identity(words)), expected));
  }

  test('a GitHub identity without extensions is pointed out, its issuer with a slash and one that is no URL too', async () => {
    const text = (issuer: string): string =>
      `${HEAD}identities: { k: { issuer: "${issuer}", subject: "https://github.com/acme/x" } }\n${rule(SIGNED)}`;
    assert.deepEqual(await found(text(GITHUB)), ['info POLICY_KEYLESS_UNBOUND identities.k']);
    assert.deepEqual(await found(text(`${GITHUB}/`)), ['warning POLICY_UNREACHABLE identities.k.issuer']);
    assert.deepEqual(await found(text('accounts.google.com')), ['warning POLICY_UNREACHABLE identities.k.issuer']);
  });
});

describe('lintPolicy on what nothing meets', () => {
  test('names that no image can have', async () => {
    for (const name of ['a..b', 'a.', '-a', 'a._b', 'a___b', 'x/*.']) {
      const text = `${HEAD}${KEY}${rule(SIGNED, `"registry.example.com/${name}"`)}`;
      assert.deepEqual(await found(text), ['warning POLICY_UNREACHABLE rules[0].images[0]'], name);
    }
    for (const name of ['a.b', 'a__b', 'a---b', '*-x', 'a*', '*/**', 'a_*']) {
      assert.deepEqual(await found(`${HEAD}${KEY}${rule(SIGNED, `"registry.example.com/${name}"`)}`), [], name);
    }
    const port = `${HEAD}${KEY}${rule(SIGNED, '"registry.example.com:70000/a"')}`;
    assert.deepEqual(await found(port), ['warning POLICY_UNREACHABLE rules[0].images[0]']);
  });

  test('a rule that only takes a summary, which nothing could have been made under', async () => {
    const vsa = 'vsa: { by: [k] }';
    assert.deepEqual(await found(`${HEAD}${KEY}${rule(vsa)}`), ['warning POLICY_UNREACHABLE rules[0].vsa']);
    assert.deepEqual(await found(`${HEAD}${KEY}${rule(`${vsa}, ${SIGNED}`)}`), []);
  });

  test('a name twice', async () => {
    const text = `${HEAD}${KEY}${rule(SIGNED, '"registry.example.com/a", "registry.example.com/a"')}`;
    assert.deepEqual(await found(text), ['warning POLICY_UNUSED rules[0].images[1]']);
  });

  test('images that no rule speaks of, allowed', async () => {
    assert.deepEqual(await found(`${HEAD}unmatched: allow\n${KEY}${rule(SIGNED)}`), [
      'warning POLICY_OPEN_PATTERN unmatched',
    ]);
  });

  test('exceptions for another check, and for images that the rule does not speak of', async () => {
    const digests = `digests: ["sha256:${'a'.repeat(64)}"]`;
    const text = (words: string): string =>
      `${HEAD}${KEY}${rule(SIGNED, '"registry.example.com/shop/**"')}exceptions: [{ rule: r, reason: x, owner: y, expires: 2027-12-31, ${words} }]`;
    assert.deepEqual(await found(text(`check: signatures, ${digests}`)), []);
    assert.deepEqual(await found(text(`check: platforms, ${digests}`)), []);
    assert.deepEqual(await found(text(`check: base, ${digests}`)), ['warning POLICY_UNREACHABLE exceptions[0].check']);
    assert.deepEqual(await found(text(`check: provenance, ${digests}`)), [
      'warning POLICY_UNREACHABLE exceptions[0].check',
    ]);
    assert.deepEqual(await found(text(`check: signatures, ${digests}, images: ["registry.example.com/*/web"]`)), []);
    assert.deepEqual(await found(text(`check: signatures, ${digests}, images: ["registry.example.com/other"]`)), [
      'warning POLICY_UNREACHABLE exceptions[0].images[0]',
    ]);
  });
});

test('lintPolicy on summaries: one of any age stands for checks that age', async () => {
  const of = (words: string): Promise<readonly string[]> => found(`${HEAD}${KEY}${BASES}${rule(words)}`);
  const aging = 'signatures: { by: [k] }, base: { allow: [d], freshness: { behind: 30d } }';
  assert.deepEqual(await of(`${aging}, vsa: { by: [k] }`), ['warning POLICY_CONTRADICTION rules[0].vsa']);
  assert.deepEqual(await of(`${aging}, vsa: { by: [k], maxAge: 7d }`), []);
  assert.deepEqual(await of('signatures: { by: [k] }, base: { allow: [d] }, vsa: { by: [k] }'), []);
});

describe('lintPolicy on bases', () => {
  const base = (words: string): Promise<readonly string[]> =>
    found(`${HEAD}${KEY}${BASES}${rule(`signatures: { by: [k] }, base: { allow: [d], ${words} }`)}`);

  test('what only layers can prove is asked beside less than content', async () => {
    assert.deepEqual(await base('evidence: content, tamper: deny, freshness: { behind: 30d }'), []);
    assert.deepEqual(await base('evidence: none, tamper: warn'), []);
    assert.deepEqual(await base('evidence: none, tamper: deny'), ['warning POLICY_CONTRADICTION rules[0].base.tamper']);
    assert.deepEqual(await base('evidence: claimed, unexplained: deny'), [
      'warning POLICY_CONTRADICTION rules[0].base.unexplained',
    ]);
    assert.deepEqual(await base('evidence: claimed, freshness: { behind: 30d }'), [
      'warning POLICY_CONTRADICTION rules[0].base.freshness',
    ]);
    assert.deepEqual(await base('evidence: claimed, require: [authenticated]'), [
      'warning POLICY_CONTRADICTION rules[0].base.require',
      'warning POLICY_UNREACHABLE rules[0].base.require',
    ]);
  });

  test('a signed claim that nobody signs', async () => {
    const text = `${HEAD}${KEY}${BASES}${rule('base: { allow: [d], evidence: signed-claim }')}`;
    assert.deepEqual(await found(text), ['warning POLICY_CONTRADICTION rules[0].base.evidence']);
  });

  test('attested and buildInputs, and nobody who could vouch for what went into the build', async () => {
    assert.deepEqual(await base('require: [attested]'), ['warning POLICY_UNREACHABLE rules[0].base.require']);
    const attested = (type: string): Promise<readonly string[]> =>
      found(
        `${HEAD}${KEY}${BASES}${rule(`attestations: [{ type: ${type}, by: [k] }], base: { allow: [d], require: [attested] }, buildInputs: { allow: [d] }`)}`,
      );
    assert.deepEqual(await attested('slsaprovenance1'), []);
    assert.deepEqual(await attested('"https://slsa.dev/provenance/v0.2"'), []);
    assert.deepEqual(await attested('cyclonedx'), [
      'warning POLICY_UNREACHABLE rules[0].base.require',
      'warning POLICY_UNREACHABLE rules[0].buildInputs',
    ]);
    const inputs = (words: string): Promise<readonly string[]> =>
      found(`${HEAD}${KEY}${BASES}${rule(`${words}base: { allow: [d] }, buildInputs: { allow: [d] }`)}`);
    assert.deepEqual(await inputs('signatures: { by: [k] }, '), []);
    const unused = await inputs('');
    assert.ok(unused.includes('warning POLICY_UNREACHABLE rules[0].buildInputs'), unused.join());
  });

  test('authenticated, and nobody who could sign; tampering excused everywhere', async () => {
    assert.deepEqual(await base('require: [authenticated]'), ['warning POLICY_UNREACHABLE rules[0].base.require']);
    assert.deepEqual(await base('tamperAllow: ["/**"]'), ['warning POLICY_OPEN_PATTERN rules[0].base.tamperAllow[0]']);
    assert.deepEqual(await base('tamperAllow: ["/etc/ssl/**"]'), []);
  });

  test('packages of anybody', async () => {
    const text = (purl: string): string =>
      `${HEAD}${KEY}bases: { entries: [{ name: d, kind: packages, purls: ["${purl}"], signedBy: [k] }] }\n${rule('base: { allow: [d] }')}`;
    assert.deepEqual(await found(text('pkg:apk/wolfi/*')), []);
    for (const purl of ['**', 'pkg:apk/**', 'pkg:apk/*/x', 'pkg:*/wolfi/x'])
      assert.deepEqual(await found(text(purl)), ['warning POLICY_OPEN_PATTERN bases.entries[0].purls[0]'], purl);
  });
});

describe('lintPolicy on days', () => {
  const exception = (expires: string): string =>
    `${HEAD}${KEY}${rule(SIGNED)}exceptions: [{ rule: r, check: platforms, images: ["registry.example.com/a"], reason: x, owner: y, expires: ${expires} }]`;

  test('an exception that ends within 30 days, or has ended', async () => {
    assert.deepEqual(await found(exception('2026-11-23')), ['warning POLICY_EXCEPTION_EXPIRED exceptions[0].expires']);
    for (const day of ['2026-11-24', '2026-12-23'])
      assert.deepEqual(await found(exception(day)), ['warning POLICY_EXCEPTION_EXPIRING exceptions[0].expires'], day);
    assert.deepEqual(await found(exception('2026-12-24')), []);
    assert.deepEqual(await found(exception('2026-12-24'), new Date('2027-01-01T00:00:00Z')), [
      'warning POLICY_EXCEPTION_EXPIRED exceptions[0].expires',
    ]);
  });

  test('without a time nothing is said about days', async () => {
    const { problems } = await lintPolicy({ bytes: Buffer.from(exception('2020-01-01')), name: 'p' });
    assert.deepEqual(problems, []);
  });

  test('a rule whose day has come', async () => {
    const text = (day: string): string => `${HEAD}${KEY}${rule(`${SIGNED}, effectiveOn: ${day}`)}`;
    assert.deepEqual(await found(text('2026-11-24')), ['info POLICY_EFFECTIVE_ALREADY rules[0].effectiveOn']);
    assert.deepEqual(await found(text('2026-11-25')), []);
  });
});
