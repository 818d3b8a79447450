import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ExitCode } from '../../src/core/index.ts';
import { canonicalEvidence, openEvidence, type EvidenceError } from '../../src/evidence/index.ts';
import { formatPem } from '../../src/keys/index.ts';
import { allResults, canonicalDecision, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import { EXTENSION_NAMES } from '../../src/policy/signers/signers.ts';
import { extension, spkiOf } from '../verification/support/certificates.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  fakeDigest,
  policyOf,
  signature,
  type Attached,
} from '../support/gate-world.ts';
import {
  CI_IDENTITY,
  ISSUER,
  keyed,
  keyless,
  newPair,
  newWorld,
  rootBytes,
  SAN,
  SIGNED_AT,
  withTrustedRoot,
} from '../support/keyless-world.ts';

const NOW = new Date('2026-01-20T12:00:00Z');
const image = buildImage({ diffIds: [fakeDigest('layer')] });
const world = newWorld();
const release = await createSigner();
const pair = newPair();
const OTHER = 'https://github.com/acme/other/.github/workflows/release.yml@refs/tags/v1';

interface Given {
  readonly attached?: readonly Attached[];
  readonly rule?: string;
  readonly identities?: string;
  /** Root of the policy; none when null. */
  readonly root?: Uint8Array | null;
  /** Root in the evidence. */
  readonly collected?: { readonly root: Uint8Array; readonly source?: string };
  readonly trust?: string;
  readonly errors?: readonly EvidenceError[];
  readonly now?: Date;
  readonly index?: boolean;
}

async function judge(given: Given): Promise<Decision> {
  const { root = rootBytes(world), errors = [], attached = [], now = NOW } = given;
  const trust = given.trust ?? (root === null ? '' : 'trust: { trustedRoot: root.json }');
  const loaded = await policyOf(
    `apiVersion: waybill.dev/v1
kind: Policy
${trust}
identities:
  ci: ${CI_IDENTITY}
  key: { key: key.pub }
${given.identities ?? ''}
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], ${given.rule ?? 'signatures: { by: [ci] }'} }
`,
    {
      'key.pub': release.publicKey.pem,
      'pair.pub': formatPem('PUBLIC KEY', spkiOf(pair.publicKey)),
      ...(root === null ? {} : { 'root.json': root }),
    },
  );
  const index = given.index === true ? { index: buildIndex([{ image, architecture: 'amd64' }]) } : {};
  const plain = evidenceDocument({ images: [image], attached, errors, ...index });
  const { collected } = given;
  const document = collected === undefined ? plain : withTrustedRoot(plain, collected.root, collected.source);
  const decision = await decide(openEvidence(document), loaded, { now });
  // whatever it is: what was saved replays to the same bytes
  const saved = openEvidence(Buffer.from(canonicalEvidence(document)));
  assert.equal(canonicalDecision(await decide(saved, loaded, { now })), canonicalDecision(decision));
  return decision;
}

async function result(given: Given): Promise<CheckResult> {
  const found = (await judge(given)).images.flatMap(allResults);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

const code = async (given: Given): Promise<string> => {
  const { outcome, code: found } = await result(given);
  return `${outcome} ${found}`;
};

describe('keyless identities', () => {
  test('a certificate of the issuer and subject passes, and both are named', async () => {
    const found = await result({ attached: [keyless(world, image.digest)] });
    assert.equal(found.code, 'SIGNED');
    assert.deepEqual(found.basis.identities, ['ci', `${SAN} (issuer ${ISSUER})`]);
    assert.match(
      found.basis.notes?.join() ?? '',
      /^sha256:\S+: signed 2026-01-15T12:00:00\.000Z, log entry \d+ \(one\.test\)$/,
    );
  });

  test('somebody else’s is UNTRUSTED_SIGNER, and the reason names whom was wanted and who signed', async () => {
    const found = await result({ attached: [keyless(world, image.digest, { san: OTHER })] });
    assert.equal(found.code, 'UNTRUSTED_SIGNER');
    assert.ok(found.reason.includes(SAN), found.reason);
    assert.ok(found.reason.includes(OTHER), found.reason);
  });

  test('another identity of the policy is named in the reason too', async () => {
    const identities = `  other: { issuer: "${ISSUER}", subject: "${OTHER}" }`;
    const found = await result({ identities, attached: [keyless(world, image.digest, { san: OTHER })] });
    assert.equal(found.code, 'UNTRUSTED_SIGNER');
    assert.ok(found.reason.includes(SAN) && found.reason.includes(OTHER), found.reason);
  });

  for (const [what, identity, outcome] of [
    [
      'an expression is met',
      `{ issuer: "${ISSUER}", subjectRegexp: "https://github\\\\.com/acme/app/.*" }`,
      'pass SIGNED',
    ],
    [
      'a part of the subject is not enough',
      `{ issuer: "${ISSUER}", subjectRegexp: "github\\\\.com/acme/app" }`,
      'fail UNTRUSTED_SIGNER',
    ],
    ['the issuer is another', `{ issuer: "https://gitlab.com", subject: "${SAN}" }`, 'fail UNTRUSTED_SIGNER'],
    [
      'extensions are met',
      `{ issuer: "${ISSUER}", subject: "${SAN}", extensions: { runnerEnvironment: github-hosted, sourceRepository: "https://github.com/acme/app" } }`,
      'pass SIGNED',
    ],
    [
      'an extension differs',
      `{ issuer: "${ISSUER}", subject: "${SAN}", extensions: { runnerEnvironment: self-hosted } }`,
      'fail UNTRUSTED_SIGNER',
    ],
    [
      'an extension is missing',
      `{ issuer: "${ISSUER}", subject: "${SAN}", extensions: { deploymentEnvironment: prod } }`,
      'fail UNTRUSTED_SIGNER',
    ],
  ] as const) {
    test(`${what}: ${outcome}`, async () => {
      const extensions = [extension.fulcio(11, 'github-hosted'), extension.fulcio(12, 'https://github.com/acme/app')];
      const attached = [keyless(world, image.digest, { extensions })];
      assert.equal(
        await code({ attached, identities: `  who: ${identity}`, rule: 'signatures: { by: [who] }' }),
        outcome,
      );
    });
  }

  test('a signature of the index covers its platform', async () => {
    const index = buildIndex([{ image, architecture: 'amd64' }]);
    assert.equal(await code({ index: true, attached: [keyless(world, index.digest)] }), 'pass SIGNED');
  });

  test('one of another image does not count', async () => {
    const attached = [keyless(world, fakeDigest('else'), { foundAt: image.digest })];
    assert.equal(await code({ attached }), 'fail UNSIGNED');
  });

  test('annotations, and ages by the time that log or timestamp vouch for', async () => {
    const attached = [keyless(world, image.digest, { annotations: { env: 'prod' } })];
    assert.equal(await code({ attached, rule: 'signatures: { by: [ci], annotations: { env: prod } }' }), 'pass SIGNED');
    assert.equal(
      await code({ attached, rule: 'signatures: { by: [ci], annotations: { env: dev } }' }),
      'fail SIGNATURE_ANNOTATIONS',
    );
    assert.equal(await code({ attached, rule: 'signatures: { by: [ci], maxAge: 5d }' }), 'pass SIGNED');
    assert.equal(await code({ attached, rule: 'signatures: { by: [ci], maxAge: 4d }' }), 'fail SIGNATURE_TOO_OLD');
    const stamped = [keyless(world, image.digest, { logs: [world.rekor2], tsas: [world.tsa] })];
    assert.equal(await code({ attached: stamped, rule: 'signatures: { by: [ci], maxAge: 5d }' }), 'pass SIGNED');
    assert.equal(
      await code({ attached: stamped, rule: 'signatures: { by: [ci], maxAge: 4d }' }),
      'fail SIGNATURE_TOO_OLD',
    );
  });

  test('attestations by keyless identities', async () => {
    const rule = 'attestations: [{ type: vuln, by: [ci], maxAge: 5d }]';
    const type = 'https://cosign.sigstore.dev/attestation/vuln/v1';
    const attached = [keyless(world, image.digest, { type })];
    assert.equal(await code({ attached, rule }), 'pass ATTESTED');
    assert.equal(await code({ attached, rule: rule.replace('5d', '4d') }), 'fail ATTESTATION_TOO_OLD');
    const byOther = [keyless(world, image.digest, { type, san: OTHER })];
    const found = await result({ attached: byOther, rule });
    assert.equal(found.code, 'UNTRUSTED_SIGNER');
    assert.ok(found.reason.includes(SAN) && found.reason.includes(OTHER), found.reason);
    const untimed = [await attestation(release, image.digest, { type, predicate: {} })];
    assert.equal(
      await code({ attached: untimed, rule: 'attestations: [{ type: vuln, by: [key], maxAge: 5d }]' }),
      'fail ATTESTATION_TIME_UNKNOWN',
    );
  });
});

describe('what must vouch for a keyless signature', () => {
  test('a log entry: without one it does not count', async () => {
    const attached = [keyless(world, image.digest, { logs: [], tsas: [world.tsa] })];
    const found = await result({ attached });
    assert.equal(found.code, 'SIGNATURE_NOT_LOGGED');
    assert.match(found.reason, /transparency log entry is required/);
    const lenient = `  lenient: { issuer: "${ISSUER}", subject: "${SAN}", requireTransparencyLog: false }`;
    assert.equal(
      await code({ attached, identities: lenient, rule: 'signatures: { by: [lenient] }' }),
      'fail SIGNATURE_NOT_LOGGED',
      'a root that has a log wants entries, whatever the identity says',
    );
  });

  test('an SCT', async () => {
    const attached = [keyless(world, image.digest, { certificate: { ctLogs: [] } })];
    assert.equal(await code({ attached }), 'fail SIGNATURE_INVALID');
    assert.match((await result({ attached })).reason, /SCT/);
  });

  test('a trusted time', async () => {
    assert.equal(
      await code({ attached: [keyless(world, image.digest, { logs: [world.rekor2] })] }),
      'fail SIGNATURE_INVALID',
    );
  });

  test('services that the root does not have are left out where the identity says so, and nowhere else', async () => {
    const root = rootBytes(world, (json) => {
      json.tlogs = [];
      json.ctlogs = [];
    });
    const attached = [keyless(world, image.digest, { logs: [], tsas: [world.tsa], certificate: { ctLogs: [] } })];
    const identities = `  lenient: { issuer: "${ISSUER}", subject: "${SAN}", requireTransparencyLog: false }`;
    const rule = 'signatures: { by: [lenient] }';
    assert.equal(await code({ attached, root, identities, rule }), 'pass SIGNED');
    assert.equal(await code({ attached, root, identities }), 'fail UNTRUSTED_SIGNER');
    const untimed = [keyless(world, image.digest, { logs: [], certificate: { ctLogs: [] } })];
    assert.equal(await code({ attached: untimed, root, identities, rule }), 'fail SIGNATURE_INVALID');
  });

  test('under the root of others it does not count', async () => {
    const attached = [keyless(world, image.digest)];
    assert.equal(await code({ attached, root: rootBytes(newWorld('others.test')) }), 'fail UNTRUSTED_SIGNER');
  });

  test('under a root whose authority was not in force when it signed, it does not count', async () => {
    const root = rootBytes(world, (json) => {
      for (const authority of json.certificateAuthorities)
        authority['validFor'] = { start: '2020-01-01T00:00:00Z', end: '2025-12-31T00:00:00Z' };
    });
    const found = await result({ attached: [keyless(world, image.digest)], root });
    assert.equal(found.code, 'SIGNATURE_INVALID');
    assert.match(found.reason, /trusted from/);
  });
});

describe('where the trusted root is from', () => {
  const attached = [keyless(world, image.digest)];

  test('the policy’s own file goes before what was collected', async () => {
    const collected = { root: rootBytes(newWorld('others.test')) };
    assert.equal(await code({ attached, collected }), 'pass SIGNED');
  });

  test('else what was collected of the public repository, or of the one that the policy names', async () => {
    const root = rootBytes(world);
    assert.equal(await code({ attached, root: null, collected: { root } }), 'pass SIGNED');
    const trust = 'trust: { tuf: { mirror: "https://tuf.example.com", root: root.json } }';
    const mirror = { root, source: 'https://tuf.example.com' };
    assert.equal(await code({ attached, trust, collected: mirror }), 'pass SIGNED');
  });

  test('a root of another repository is not taken for it', async () => {
    const collected = { root: rootBytes(world), source: 'https://tuf.example.com' };
    assert.equal(await code({ attached, root: null, collected }), 'error TRUST_ROOT_MISSING');
    const trust = 'trust: { tuf: { mirror: "https://tuf.example.com", root: root.json } }';
    assert.equal(await code({ attached, trust, collected: { root: rootBytes(world) } }), 'error TRUST_ROOT_MISSING');
  });

  test('none is an error that is no denial of the signature; its class is that of what failed', async () => {
    const missing = await judge({ attached, root: null });
    assert.equal(missing.exitCode, ExitCode.Input);
    const errors = [{ what: 'trust', code: 'NET_UNREACHABLE', reason: 'no route', exitCode: ExitCode.Remote }] as const;
    const failed = await judge({ attached, root: null, errors });
    assert.equal(failed.verdict, 'deny');
    assert.equal(failed.exitCode, ExitCode.Remote);
    assert.match(JSON.stringify(failed), /NET_UNREACHABLE/);
  });

  test('none matters not to who needs none', async () => {
    const signed = [await signature(release, image.digest)];
    assert.equal(await code({ attached: signed, root: null, rule: 'signatures: { by: [key] }' }), 'pass SIGNED');
    assert.equal(await code({ root: null, rule: 'signatures: { by: [key] }' }), 'fail UNSIGNED');
  });

  test('one that does not parse is an error', async () => {
    assert.equal(await code({ attached, root: Buffer.from('{}') }), 'error TRUST_ROOT_MALFORMED');
  });
});

describe('keys and logs', () => {
  const identities = '  pair: { key: pair.pub }\n  logged: { key: pair.pub, requireTransparencyLog: true }';

  test('a key whose log entry is demanded counts with one, and under its other name without', async () => {
    const logged = [keyed(world, image.digest, { keyed: pair, logs: [world.rekor1] })];
    assert.equal(await code({ attached: logged, identities, rule: 'signatures: { by: [logged] }' }), 'pass SIGNED');
    const bare = [keyed(world, image.digest, { keyed: pair })];
    const found = await result({ attached: bare, identities, rule: 'signatures: { by: [logged] }' });
    assert.equal(found.code, 'SIGNATURE_NOT_LOGGED');
    assert.equal(await code({ attached: bare, identities, rule: 'signatures: { by: [pair] }' }), 'pass SIGNED');
  });

  test('an entry in a log of others is none', async () => {
    const attached = [keyed(world, image.digest, { keyed: pair, logs: [newWorld('others.test').rekor1] })];
    assert.equal(
      await code({ attached, identities, rule: 'signatures: { by: [logged] }' }),
      'fail SIGNATURE_NOT_LOGGED',
    );
    assert.equal(await code({ attached, identities, rule: 'signatures: { by: [pair] }' }), 'pass SIGNED');
  });

  test('ages of keyed signatures: by a timestamp, or a log entry that nobody demanded', async () => {
    const young = 'signatures: { by: [pair], maxAge: 5d }';
    for (const witnesses of [{ tsas: [world.tsa] }, { logs: [world.rekor1] }]) {
      const attached = [keyed(world, image.digest, { keyed: pair, ...witnesses })];
      assert.equal(await code({ attached, identities, rule: young }), 'pass SIGNED');
      assert.equal(await code({ attached, identities, rule: young.replace('5d', '4d') }), 'fail SIGNATURE_TOO_OLD');
      assert.equal(await code({ attached, identities, rule: young, root: null }), 'error TRUST_ROOT_MISSING');
    }
    const bare = [keyed(world, image.digest, { keyed: pair })];
    assert.equal(await code({ attached: bare, identities, rule: young }), 'fail SIGNATURE_TIME_UNKNOWN');
    const strangers = [keyed(world, image.digest, { keyed: pair, tsas: [newWorld('others.test').tsa] })];
    assert.equal(await code({ attached: strangers, identities, rule: young }), 'fail SIGNATURE_TIME_UNKNOWN');
  });

  test('an old signature is not made younger by another timestamp', async () => {
    const attached = [
      keyed(world, image.digest, {
        keyed: pair,
        logs: [world.rekor1],
        at: new Date('2025-06-01T00:00:00Z'),
        tsas: [world.tsa],
        token: { at: SIGNED_AT },
      }),
    ];
    assert.equal(
      await code({ attached, identities, rule: 'signatures: { by: [pair], maxAge: 30d }' }),
      'fail SIGNATURE_TOO_OLD',
    );
  });
});

describe('thresholds', () => {
  const identities = `  workflow: { issuer: "${ISSUER}", subjectRegexp: "https://github\\\\.com/acme/.*" }
  second: { key: pair.pub }`;
  const rule = (by: string, threshold: number): string => `signatures: { by: [${by}], threshold: ${threshold} }`;

  test('one signer under two names counts once', async () => {
    const attached = [keyless(world, image.digest), keyless(world, image.digest, { annotations: { n: '2' } })];
    assert.equal(await code({ attached, identities, rule: rule('ci, workflow', 2) }), 'fail SIGNATURE_THRESHOLD');
  });

  test('two who meet one name count once; each for a name of its own, twice', async () => {
    const attached = [keyless(world, image.digest, { san: OTHER }), keyless(world, image.digest, { san: `${OTHER}2` })];
    assert.equal(await code({ attached, identities, rule: rule('ci, workflow', 2) }), 'fail SIGNATURE_THRESHOLD');
    const both = [keyless(world, image.digest), keyless(world, image.digest, { san: OTHER })];
    assert.equal(await code({ attached: both, identities, rule: rule('ci, workflow', 2) }), 'pass SIGNED');
  });

  test('a key and an identity are two', async () => {
    const attached = [keyless(world, image.digest), keyed(world, image.digest, { keyed: pair })];
    assert.equal(await code({ attached, identities, rule: rule('ci, second', 2) }), 'pass SIGNED');
  });

  test('whoever signs how often: met exactly when that many distinct signers are there', async () => {
    const makers: readonly (() => Attached)[] = [
      () => keyless(world, image.digest),
      () => keyed(world, image.digest, { keyed: pair }),
      () => keyless(world, image.digest, { san: 'https://gitlab.example.com/nobody' }),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 2 }),
        async (who, threshold) => {
          const attached = who.map((index) => makers[index]!());
          const distinct = new Set(who.filter((index) => index < 2)).size;
          const found = await code({ attached, identities, rule: rule('ci, second', threshold) });
          assert.equal(found === 'pass SIGNED', distinct >= threshold, `${found} for ${who.join()}`);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('the linter', () => {
  test('and the schema know the same extensions', () => {
    const path = join(import.meta.dirname, '../../schemas/policy.schema.json');
    const names = /"propertyNames": \{\s*"enum": (\[[^\]]*\])/.exec(readFileSync(path, 'utf8'))?.[1] ?? '[]';
    assert.deepEqual((JSON.parse(names) as string[]).toSorted(), EXTENSION_NAMES.toSorted());
  });

  const policy = (identity: string): Promise<unknown> =>
    judge({ identities: `  who: ${identity}`, rule: 'signatures: { by: [who] }' });

  for (const [what, identity, message] of [
    [
      'an unknown extension',
      `{ issuer: "${ISSUER}", subject: x, extensions: { runner: hosted } }`,
      /no certificate extension is called "runner"/,
    ],
    [
      'one extension under two names',
      `{ issuer: "${ISSUER}", subject: x, extensions: { sourceRepository: a, sourceRepositoryUri: b } }`,
      /the same extension/,
    ],
    ['an expression that anybody meets', `{ issuer: "${ISSUER}", subjectRegexp: ".*" }`, /met by anybody/],
    ['an expression that is no RE2', `{ issuer: "${ISSUER}", subjectRegexp: "(" }`, /subjectRegexp/],
  ] as const) {
    test(`refuses ${what}`, () => assert.rejects(policy(identity), { code: 'POLICY_INVALID', message }));
  }
});
