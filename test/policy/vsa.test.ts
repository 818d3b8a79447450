import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ExitCode, type Digest, type JsonValue } from '../../src/core/index.ts';
import { canonicalEvidence, openEvidence, type EvidenceDocument } from '../../src/evidence/index.ts';
import { formatPem } from '../../src/keys/index.ts';
import {
  allResults,
  canonicalDecision,
  decide,
  draftVsas,
  needsAfterBundles,
  type CheckResult,
  type Decision,
  type LoadedPolicy,
} from '../../src/policy/index.ts';
import { readVsa } from '../../src/policy/vsa/vsa.ts';
import { spkiOf } from '../verification/support/certificates.ts';
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
import { CI_IDENTITY, keyed, keyless, newPair, newWorld, rootBytes, SIGNED_AT } from '../support/keyless-world.ts';

const NOW = new Date('2026-01-20T12:00:00Z');
const VSA = 'https://slsa.dev/verification_summary/v1';
const NAME = 'registry.example.com/shop/web';
const image = buildImage({ diffIds: [fakeDigest('layer')] });
const arm = buildImage({ diffIds: [fakeDigest('layer arm')], architecture: 'arm64' });
const index = buildIndex([
  { image, architecture: 'amd64' },
  { image: arm, architecture: 'arm64' },
]);
const world = newWorld();
const release = await createSigner();
const stranger = await createSigner();
const pair = newPair();

interface Words {
  /** Checks of the rule. */
  readonly rule?: string;
  readonly rest?: string;
  readonly now?: Date;
  readonly root?: boolean;
}

function load({ rule = 'vsa: { by: [release] }', rest = '', root = true }: Words): Promise<LoadedPolicy> {
  const text = `apiVersion: waybill.dev/v1
kind: Policy
${root ? 'trust: { trustedRoot: root.json }' : ''}
identities: { ci: ${CI_IDENTITY}, release: { key: key.pub }, pair: { key: pair.pub } }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], ${rule} }
${rest}
`;
  return policyOf(text, {
    'key.pub': release.publicKey.pem,
    'pair.pub': formatPem('PUBLIC KEY', spkiOf(pair.publicKey)),
    'root.json': rootBytes(world),
  });
}

interface VsaWords {
  readonly policy: Digest;
  readonly subject?: Digest;
  readonly changes?: Readonly<Record<string, unknown>>;
}

function predicate({ policy, subject = image.digest, changes = {} }: VsaWords): unknown {
  return {
    verifier: { id: 'https://example.com/gate' },
    timeVerified: SIGNED_AT.toISOString(),
    resourceUri: `oci://${NAME}@${subject}`,
    policy: { digest: { sha256: policy.slice('sha256:'.length) } },
    verificationResult: 'PASSED',
    verifiedLevels: [],
    ...changes,
  };
}

async function judge(loaded: LoadedPolicy, attached: readonly Attached[], now = NOW): Promise<Decision> {
  const document = evidenceDocument({ images: [image], attached });
  const decision = await decide(openEvidence(document), loaded, { now });
  const saved = openEvidence(Buffer.from(canonicalEvidence(document)));
  assert.equal(canonicalDecision(await decide(saved, loaded, { now })), canonicalDecision(decision));
  return decision;
}

const results = (decision: Decision): readonly CheckResult[] => decision.images.flatMap(allResults);
const codes = (decision: Decision): readonly string[] =>
  results(decision).map(({ check, outcome, code }) => `${check} ${outcome} ${code}`);

/** A rule that only asks for a summary, about one with these changes. */
async function alone(
  changes: Readonly<Record<string, unknown>>,
  words: Words & { readonly signer?: typeof release; readonly at?: Digest; readonly about?: Digest } = {},
): Promise<readonly string[]> {
  const loaded = await load(words);
  const made = await attestation(words.signer ?? release, words.about ?? image.digest, {
    type: VSA,
    predicate: predicate({ policy: loaded.digest, changes }),
    ...(words.at === undefined ? {} : { at: words.at }),
  });
  return codes(await judge(loaded, [made], words.now));
}

describe('a verification summary', () => {
  test('of this policy and image, by whom the rule accepts, passes', async () => {
    assert.deepEqual(await alone({}), ['vsa pass VSA_ACCEPTED']);
  });

  test('stands for every other check of the rule, each by its name', async () => {
    const rule =
      'signatures: { by: [ci] }, attestations: [{ type: vuln, by: [ci] }], components: { licenses: { deny: [AGPL-3.0-only] } }, vsa: { by: [release] }';
    assert.deepEqual(await alone({}, { rule }), [
      'signatures pass VSA_ACCEPTED',
      'attestations pass VSA_ACCEPTED',
      'components pass VSA_ACCEPTED',
      'vsa pass VSA_ACCEPTED',
    ]);
  });

  test('of the index covers its platforms', async () => {
    const loaded = await load({});
    const made = await attestation(release, index.digest, {
      type: VSA,
      predicate: predicate({ policy: loaded.digest, subject: index.digest }),
    });
    const document = evidenceDocument({ images: [image, arm], index, attached: [made] });
    const decision = await decide(openEvidence(document), loaded, { now: NOW });
    assert.deepEqual(codes(decision), ['vsa pass VSA_ACCEPTED', 'vsa pass VSA_ACCEPTED']);
    assert.deepEqual(decision.images[0]?.approves, [index.digest, image.digest, arm.digest]);
  });

  test('is not needed where everything else passes: what was looked at is said', async () => {
    const loaded = await load({ rule: 'signatures: { by: [release] }, vsa: { by: [release] }' });
    const decision = await judge(loaded, [await signature(release, image.digest)]);
    assert.deepEqual(codes(decision), ['signatures pass SIGNED', 'vsa pass VSA_NOT_USED']);
    assert.match(results(decision)[1]?.reason ?? '', /VSA_MISSING/);
  });

  test('says nothing about how the image is referred to now', async () => {
    const rule = 'image: { digestPinned: true }, vsa: { by: [release] }';
    assert.deepEqual(await alone({}, { rule }), ['image fail IMAGE_NOT_PINNED', 'vsa pass VSA_ACCEPTED']);
    assert.deepEqual(await alone({ verificationResult: 'FAILED' }, { rule }), [
      'image fail IMAGE_NOT_PINNED',
      'vsa fail VSA_FAILED',
    ]);
  });

  test('that does not count excuses nothing', async () => {
    const rule = 'signatures: { by: [ci] }, vsa: { by: [release] }';
    assert.deepEqual(await alone({ verificationResult: 'FAILED' }, { rule }), [
      'signatures fail UNSIGNED',
      'vsa pass VSA_NOT_USED',
    ]);
  });
});

describe('summaries that do not count', () => {
  const other = fakeDigest('other policy').slice('sha256:'.length);

  for (const [what, changes, code] of [
    ['of another policy', { policy: { digest: { sha256: other } } }, 'VSA_POLICY_MISMATCH'],
    ['without a policy', { policy: undefined }, 'VSA_POLICY_MISMATCH'],
    ['that failed', { verificationResult: 'FAILED' }, 'VSA_FAILED'],
    ['with a result of its own', { verificationResult: 'passed' }, 'VSA_FAILED'],
    [
      'of another image name, for which other rules may speak',
      { resourceUri: `oci://registry.example.com/dev/web@${image.digest}` },
      'VSA_RESOURCE_MISMATCH',
    ],
    ['of another digest in its URI', { resourceUri: `oci://${NAME}@${fakeDigest('x')}` }, 'VSA_RESOURCE_MISMATCH'],
    ['of no image', { resourceUri: 'git+https://example.com/repo' }, 'VSA_RESOURCE_MISMATCH'],
    ['without members', { verificationResult: undefined }, 'VSA_UNREADABLE'],
    ['whose waybill member is broken', { 'https://waybill.dev/vsa/v1': { rules: { shop: 'yes' } } }, 'VSA_UNREADABLE'],
    [
      'that does not speak of the rule',
      { 'https://waybill.dev/vsa/v1': { rules: { other: 'pass' } } },
      'VSA_RULE_MISSING',
    ],
    [
      'that rests on an exception which has ended',
      { 'https://waybill.dev/vsa/v1': { rules: { shop: 'pass' }, validUntil: '2026-01-20T00:00:00.000Z' } },
      'VSA_EXCEPTION_LAPSED',
    ],
  ] as const) {
    test(`one ${what}: ${code}`, async () => assert.deepEqual(await alone(changes), [`vsa fail ${code}`]));
  }

  test('none at all', async () => {
    const decision = await judge(await load({}), []);
    assert.deepEqual(codes(decision), ['vsa fail VSA_MISSING']);
    assert.equal(decision.exitCode, ExitCode.Negative);
  });

  test('one by somebody else, known to the policy or not', async () => {
    assert.deepEqual(await alone({}, { signer: stranger }), ['vsa fail VSA_UNTRUSTED']);
    assert.deepEqual(await alone({}, { rule: 'vsa: { by: [ci] }' }), ['vsa fail VSA_UNTRUSTED']);
  });

  test('one about another digest, attached here', async () => {
    const found = await alone({}, { about: fakeDigest('elsewhere'), at: image.digest });
    assert.deepEqual(found, ['vsa fail VSA_SUBJECT_MISMATCH']);
  });

  test('one of one platform says nothing about another', async () => {
    const loaded = await load({});
    const made = await attestation(release, image.digest, {
      type: VSA,
      predicate: predicate({ policy: loaded.digest }),
    });
    const document = evidenceDocument({ images: [image, arm], index, attached: [made] });
    const decision = await decide(openEvidence(document), loaded, { now: NOW });
    assert.deepEqual(codes(decision), ['vsa pass VSA_ACCEPTED', 'vsa fail VSA_MISSING']);
    assert.deepEqual(decision.images[0]?.approves, []);
  });

  test('a good one counts beside bad ones', async () => {
    const loaded = await load({});
    const made = (changes: Readonly<Record<string, unknown>>): Promise<Attached> =>
      attestation(release, image.digest, { type: VSA, predicate: predicate({ policy: loaded.digest, changes }) });
    const decision = await judge(loaded, [await made({ verificationResult: 'FAILED' }), await made({})]);
    assert.deepEqual(codes(decision), ['vsa pass VSA_ACCEPTED']);
  });

  test('a rule that takes effect after it was made, unless it says that the rule was met', async () => {
    const rule = 'vsa: { by: [release] }, effectiveOn: 2026-01-18';
    assert.deepEqual(await alone({}, { rule }), ['vsa fail VSA_RULE_MISSING']);
    const own = (outcome: string): object => ({ 'https://waybill.dev/vsa/v1': { rules: { shop: outcome } } });
    assert.deepEqual(await alone({ ...own('warn') }, { rule }), ['vsa fail VSA_RULE_MISSING']);
    assert.deepEqual(await alone({ ...own('pass') }, { rule }), ['vsa pass VSA_ACCEPTED']);
  });

  test('another verifier’s, where an exception of the policy ended since', async () => {
    const rest = `exceptions:
  - { rule: shop, check: components, images: ["${NAME}"], reason: legacy, owner: ops, expires: 2026-01-17 }`;
    assert.deepEqual(await alone({}, { rest }), ['vsa fail VSA_EXCEPTION_LAPSED']);
    assert.deepEqual(await alone({ timeVerified: '2026-01-19T00:00:00Z' }, { rest }), ['vsa pass VSA_ACCEPTED']);
  });

  test('warnings stay warnings', async () => {
    const found = await alone({ 'https://waybill.dev/vsa/v1': { rules: { shop: 'warn' } } });
    assert.deepEqual(found, ['vsa warn VSA_WARNED']);
  });
});

describe('the age of a summary', () => {
  const rule = (maxAge: string): string => `vsa: { by: [ci, pair], maxAge: ${maxAge} }`;

  async function aged(
    make: (given: { type: string; predicate: unknown }) => Attached,
    maxAge: string,
    root = true,
  ): Promise<readonly string[]> {
    const loaded = await load({ rule: rule(maxAge), root });
    return codes(await judge(loaded, [make({ type: VSA, predicate: predicate({ policy: loaded.digest }) })]));
  }

  test('is told by a trusted time', async () => {
    assert.deepEqual(await aged((given) => keyless(world, image.digest, given), '5d'), ['vsa pass VSA_ACCEPTED']);
    assert.deepEqual(await aged((given) => keyless(world, image.digest, given), '4d'), ['vsa fail VSA_EXPIRED']);
    const stamped = (given: object): Attached =>
      keyed(world, image.digest, { ...given, keyed: pair, tsas: [world.tsa] });
    assert.deepEqual(await aged(stamped, '5d'), ['vsa pass VSA_ACCEPTED']);
    assert.deepEqual(await aged(stamped, '4d'), ['vsa fail VSA_EXPIRED']);
  });

  test('without a trusted time it is not told', async () => {
    const bare = (given: object): Attached => keyed(world, image.digest, { ...given, keyed: pair });
    assert.deepEqual(await aged(bare, '5d'), ['vsa fail VSA_TIME_UNKNOWN']);
  });

  test('without a trusted root it is an error', async () => {
    const stamped = (given: object): Attached =>
      keyed(world, image.digest, { ...given, keyed: pair, tsas: [world.tsa] });
    assert.deepEqual(await aged(stamped, '5d', false), ['vsa error TRUST_ROOT_MISSING']);
  });

  test('a new timestamp on an old summary makes it no younger', async () => {
    const loaded = await load({ rule: rule('5d') });
    const old = predicate({ policy: loaded.digest, changes: { timeVerified: '2025-10-01T00:00:00Z' } });
    const made = keyed(world, image.digest, { type: VSA, predicate: old, keyed: pair, tsas: [world.tsa] });
    assert.deepEqual(codes(await judge(loaded, [made])), ['vsa fail VSA_EXPIRED']);
  });
});

describe('what is collected once a summary is there', () => {
  const rule = 'components: { licenses: { deny: [AGPL-3.0-only] } }, vsa: { by: [release] }';

  async function layersRead(changes: Readonly<Record<string, unknown>>, rest = ''): Promise<boolean> {
    const loaded = await load({ rule, rest });
    const made = await attestation(release, image.digest, {
      type: VSA,
      predicate: predicate({ policy: loaded.digest, changes }),
    });
    const found = evidenceDocument({ images: [image], attached: [made], facts: { layersVerified: false } });
    const needs = (await needsAfterBundles(openEvidence(found), loaded, NOW))(image.digest);
    return needs.layers || needs.scan;
  }

  test('no layer is read for a rule that it settles', async () => assert.equal(await layersRead({}), false));

  test('all are where it does not count, or another rule needs them', async () => {
    assert.equal(await layersRead({ verificationResult: 'FAILED' }), true);
    const second =
      '  - { name: second, images: ["registry.example.com/**"], components: { licenses: { deny: [AGPL-3.0-only] } } }';
    assert.equal(await layersRead({}, second), true);
  });

  test('evidence without layers, decided when the summary has lapsed, is an error and no pass', async () => {
    const loaded = await load({ rule: rule.replace('[release]', '[release, ci], maxAge: 5d') });
    const made = keyless(world, image.digest, { type: VSA, predicate: predicate({ policy: loaded.digest }) });
    const document: EvidenceDocument = evidenceDocument({
      images: [image],
      attached: [made],
      facts: { layersVerified: false },
    });
    const at = (day: string): Promise<Decision> =>
      decide(openEvidence(document), loaded, { now: new Date(`${day}T00:00:00Z`) });
    assert.deepEqual(codes(await at('2026-01-20')), ['components pass VSA_ACCEPTED', 'vsa pass VSA_ACCEPTED']);
    assert.deepEqual(codes(await at('2026-01-21')), ['components error SCAN_MISSING', 'vsa pass VSA_NOT_USED']);
  });
});

describe('drafts', () => {
  async function drafted(words: Words, attached: readonly Attached[]): ReturnType<typeof decideAndDraft> {
    return decideAndDraft(await load(words), attached, words.now);
  }

  async function decideAndDraft(
    loaded: LoadedPolicy,
    attached: readonly Attached[],
    now = NOW,
  ): Promise<ReturnType<typeof draftVsas> & { readonly loaded: LoadedPolicy }> {
    const document = evidenceDocument({ images: [image, arm], index, attached });
    const decision = await decide(openEvidence(document), loaded, { now });
    return { ...draftVsas(decision, document), loaded };
  }

  const rule = 'signatures: { by: [release] }, vsa: { by: [release] }';

  test('one for each approved digest: index and platforms; a later gate accepts them', async () => {
    const attached = [await signature(release, index.digest)];
    const { drafts, omitted, loaded } = await drafted({ rule }, attached);
    assert.deepEqual(omitted, []);
    assert.deepEqual(
      drafts.map(({ subject }) => subject),
      [index.digest, image.digest, arm.digest],
    );
    const [ofIndex] = drafts;
    const said = ofIndex?.predicate as Readonly<Record<string, unknown>>;
    assert.deepEqual(said['verifiedLevels'], ['SLSA_BUILD_LEVEL_UNEVALUATED', 'WAYBILL_SIGNED']);
    assert.equal(said['timeVerified'], NOW.toISOString());
    assert.deepEqual(said['policy'], {
      uri: 'waybill:policy',
      digest: { sha256: loaded.digest.slice('sha256:'.length) },
    });
    assert.equal((said['inputAttestations'] as readonly unknown[]).length, 1);
    const summary = await attestation(release, index.digest, { type: VSA, predicate: said });
    const document = evidenceDocument({ images: [image, arm], index, attached: [summary] });
    const decision = await decide(openEvidence(document), loaded, { now: NOW });
    assert.equal(decision.verdict, 'allow');
    assert.ok(
      codes(decision).every((code) => code.endsWith('pass VSA_ACCEPTED')),
      codes(decision).join(),
    );
    // what rests on a summary is not summed up again: its age would begin anew
    assert.deepEqual(draftVsas(decision, document), {
      drafts: [],
      omitted: [
        {
          reference: 'registry.example.com/shop/web:v1',
          code: 'VSA_RESTS_ON_VSA',
          reason: 'it was decided by a verification summary, which stands for itself',
        },
      ],
    });
  });

  test('none for what is denied', async () => {
    assert.deepEqual((await drafted({ rule }, [])).drafts, []);
    assert.deepEqual((await drafted({ rule }, [await signature(release, image.digest)])).drafts, []);
  });

  test('none where nothing was checked', async () => {
    const loaded = await load({ rule, rest: 'unmatched: allow' });
    const document = evidenceDocument({ images: [image], name: 'registry.example.com/tools/x' });
    const decision = await decide(openEvidence(document), loaded, { now: NOW });
    assert.deepEqual(decision.images[0]?.approves, [image.digest]);
    const { drafts, omitted } = draftVsas(decision, document);
    assert.deepEqual(drafts, []);
    assert.deepEqual(
      omitted.map(({ code }) => code),
      ['VSA_NOTHING_CHECKED'],
    );
  });

  test('an exception that they rest on ends them', async () => {
    const rest = `exceptions:
  - { rule: shop, check: signatures, digests: ["${index.digest}"], reason: first release, owner: ops, expires: 2026-01-21 }`;
    const { drafts, loaded } = await drafted({ rule, rest }, []);
    assert.equal(drafts.length, 3);
    const said = drafts[0]?.predicate;
    const summary = await attestation(release, index.digest, { type: VSA, predicate: said });
    const document = evidenceDocument({ images: [image, arm], index, attached: [summary] });
    const at = async (day: string): Promise<string> =>
      (await decide(openEvidence(document), loaded, { now: new Date(`${day}T12:00:00Z`) })).verdict;
    assert.equal(await at('2026-01-21'), 'allow');
    assert.equal(await at('2026-01-22'), 'deny');
  });

  test('levels say only what every platform was shown to have', async () => {
    const provenance = 'attestations: [{ type: slsaprovenance1, by: [release] }]';
    const type = 'https://slsa.dev/provenance/v1';
    const attest = (digest: Digest): Promise<Attached> => attestation(release, digest, { type, predicate: {} });
    const both = await drafted({ rule: provenance }, [await attest(image.digest), await attest(arm.digest)]);
    const levels = both.drafts.map(
      ({ predicate: said }) => (said as { readonly verifiedLevels: unknown }).verifiedLevels,
    );
    assert.deepEqual(levels[0], ['SLSA_BUILD_LEVEL_1']);
  });
});

describe('readVsa', () => {
  test('reads any JSON without throwing, and nothing into what lacks its members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const facts = readVsa(value);
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        assert.ok(facts === undefined || (isObject && 'verificationResult' in value && 'resourceUri' in value));
      }),
    );
  });

  test('ignores members that an object only inherits', () => {
    assert.equal(
      readVsa(JSON.parse('{"__proto__":{"verificationResult":"PASSED","resourceUri":"x"}}') as JsonValue),
      undefined,
    );
  });
});
