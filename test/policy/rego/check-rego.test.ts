import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import type { KeySigner } from '../../../src/keys/index.ts';
import { evidenceNeeds } from '../../../src/policy/index.ts';
import {
  allResults,
  canonicalDecision,
  decide,
  listPolicyInputs,
  type CheckResult,
  type Decision,
  type LoadedPolicy,
  type PolicyInput,
} from '../../../src/policy/index.ts';
import { GOOD_FILES, GOOD_SYSTEM } from '../../support/file-facts.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  buildKitAttestation,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type ImageFacts,
  type PlatformFacts,
} from '../../support/gate-world.ts';
import { buildKitV1, PROVENANCE_V1 } from '../../support/slsa-fixtures.ts';
import { schemaValidator } from '../../support/cli/schemas.ts';
import { REGO_BUNDLES } from '../../support/rego-bundles.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const base = buildImage({ diffIds: [fakeDigest('base')] });
const image = buildImage({
  diffIds: [fakeDigest('base'), fakeDigest('layer')],
  labels: { 'org.opencontainers.image.source': 'https://example.com/shop' },
  annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
});
const SCAN = {
  catalogers: { npm: '1' },
  components: [
    {
      key: 'pkg:npm/n@1',
      type: 'library',
      name: 'n',
      version: '1',
      purl: 'pkg:npm/n@1',
      licenses: ['MIT'],
      locations: ['1 /app/package.json', '/unknown'],
      dependsOn: [],
    },
  ],
};
const WHOLE: PlatformFacts = {
  scan: SCAN,
  comparisons: [noChanges(1)],
  more: { files: GOOD_FILES, system: GOOD_SYSTEM },
};
const LOCK = lockBytes([
  {
    entry: 'debian',
    image: 'docker.io/library/debian',
    tag: '12',
    observedAt: '2026-11-01T00:00:00Z',
    images: [base],
  },
]);

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

async function policy(rego: string, rest = ''): Promise<LoadedPolicy> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: release.pub } }
bases: { lock: lock.jsonl, entries: [{ name: debian, image: docker.io/library/debian, tags: ["12"] }] }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], rego: [${rego}] ${rest}
`;
  return policyOf(yaml, {
    'release.pub': release.publicKey.pem,
    'lock.jsonl': LOCK,
    'cases.tar.gz': readFileSync(REGO_BUNDLES.cases.output),
    'missing.tar.gz': readFileSync(REGO_BUNDLES.missing.output),
    'examples.tar.gz': readFileSync(REGO_BUNDLES.examples.output),
    'source.rego': 'package x\ndeny contains "x"\n',
    'junk.tar.gz': 'junk',
  });
}

interface Setup {
  readonly facts?: Partial<ImageFacts>;
  readonly rest?: string;
  readonly loaded?: LoadedPolicy;
}

async function judge(rego: string, { facts, rest = '}', loaded }: Setup = {}): Promise<Decision> {
  const view = evidenceView({ images: [image], facts: WHOLE, ...facts });
  return decide(view, loaded ?? (await policy(rego, rest)), { now: NOW });
}

const results = (decision: Decision): readonly CheckResult[] => decision.images.flatMap(allResults);
const codes = (decision: Decision): readonly string[] =>
  results(decision).map(({ outcome, code }) => `${outcome} ${code}`);

async function inputOf(facts: Partial<ImageFacts> = {}, rest = '}'): Promise<PolicyInput> {
  const view = evidenceView({ images: [image], facts: WHOLE, ...facts });
  const { choices } = await listPolicyInputs(
    view,
    await policy('{ bundle: cases.tar.gz, entrypoint: cases/deny }', rest),
    { now: NOW },
  );
  assert.equal(choices.length, 1);
  const seen = choices[0]!.read();
  assert.ok('input' in seen, JSON.stringify(seen));
  return seen.input;
}

describe('a rule with Rego', () => {
  test('what the policy says nothing against passes, with the program it rests on', async () => {
    const decision = await judge('{ bundle: cases.tar.gz, entrypoint: cases/deny }');
    assert.deepEqual(codes(decision), ['pass REGO_PASSED']);
    assert.equal(decision.verdict, 'allow');
    assert.equal(results(decision)[0]?.basis.digests?.length, 1);
    assert.deepEqual(results(decision)[0]?.basis.notes, ['cases.tar.gz']);
  });

  test('each message is a result: denials fail, warnings warn', async () => {
    const decision = await judge('{ bundle: examples.tar.gz, entrypoint: waybill/labels/deny }');
    assert.deepEqual(codes(decision), ['fail REGO_DENIED']);
    const [result] = results(decision);
    assert.equal(result?.reason, 'the label org.opencontainers.image.revision is missing');
    assert.deepEqual(result?.basis.notes, ['examples.tar.gz', 'code labels.missing']);
    assert.equal(decision.exitCode, 1);
    const warned = await judge('{ bundle: cases.tar.gz, entrypoint: cases/deny_time }');
    assert.deepEqual(codes(warned), ['fail REGO_DENIED']);
  });

  test('a rule that only warns, and one with an exception', async () => {
    const rego = '{ bundle: cases.tar.gz, entrypoint: cases/deny_time }';
    assert.deepEqual(codes(await judge(rego, { rest: ', mode: warn }' })).slice(-1), ['warn REGO_DENIED']);
    const exception = `}
exceptions:
  - { rule: shop, check: rego, images: ["registry.example.com/shop/web"], reason: x, owner: y, expires: 2026-12-31 }`;
    assert.deepEqual(codes(await judge(rego, { rest: exception })), ['excepted REGO_DENIED']);
  });

  test('a denial that is to come warns until its time', async () => {
    const tool = { path: '/usr/bin/gcc', kind: 'compiler' as const, layer: 1 };
    const system = { ...GOOD_SYSTEM, tools: { count: 1, items: [tool] } };
    const facts = { facts: { ...WHOLE, more: { files: GOOD_FILES, system } } };
    const rego = '{ bundle: examples.tar.gz, entrypoint: waybill/runtime/deny }';
    const view = evidenceView({ images: [image], ...facts });
    const loaded = await policy(rego, '}');
    assert.deepEqual(codes(await decide(view, loaded, { now: NOW })), ['fail REGO_DENIED', 'warn REGO_DENIES_LATER']);
    const later = await decide(view, loaded, { now: new Date('2027-01-01T00:00:00Z') });
    assert.deepEqual(codes(later), ['fail REGO_DENIED', 'fail REGO_DENIED']);
  });

  for (const [what, rego, code] of [
    ['an undefined result', '{ bundle: cases.tar.gz, entrypoint: cases/undefined }', 'REGO_UNDEFINED'],
    ['a missing entrypoint', '{ bundle: cases.tar.gz, entrypoint: cases/none }', 'REGO_ENTRYPOINT_MISSING'],
    ['a trap', '{ bundle: cases.tar.gz, entrypoint: cases/deny_trap }', 'REGO_TRAP'],
    ['too much memory', '{ bundle: cases.tar.gz, entrypoint: cases/deny_large }', 'REGO_MEMORY'],
    ['another shape', '{ bundle: cases.tar.gz, entrypoint: cases/truth }', 'REGO_RESULT_INVALID'],
    ['a missing built-in', '{ bundle: missing.tar.gz, entrypoint: missing/deny }', 'REGO_BUILTIN_MISSING'],
    ['source that nothing compiled', '{ bundle: source.rego, entrypoint: x/deny }', 'REGO_NOT_COMPILED'],
    ['no bundle', '{ bundle: junk.tar.gz, entrypoint: x/deny }', 'REGO_BUNDLE_INVALID'],
  ] as const) {
    test(`${what} is ${code}, and denies`, async () => {
      const decision = await judge(rego);
      assert.deepEqual(codes(decision), [`error ${code}`]);
      assert.deepEqual([decision.verdict, decision.exitCode], ['deny', 2]);
      const [result] = results(decision);
      assert.ok(result?.remedy !== undefined && result.reason !== '');
    });
  }

  test('an error stays one in a rule that only warns, and where an exception is', async () => {
    const rego = '{ bundle: cases.tar.gz, entrypoint: cases/undefined }';
    const exception = `, mode: warn }
exceptions:
  - { rule: shop, check: rego, images: ["registry.example.com/shop/web"], reason: x, owner: y, expires: 2026-12-31 }`;
    assert.ok(codes(await judge(rego, { rest: exception })).includes('error REGO_UNDEFINED'));
  });

  test('evidence with a hole in it is an error, never a document', async () => {
    const { more: _, ...bare } = WHOLE;
    const failed = (what: 'scan' | 'files' | 'referrers') =>
      ({
        errors: [{ what, subject: image.digest, code: 'DEADLINE_EXCEEDED', reason: 'late', exitCode: 4 }],
      }) as const;
    for (const [facts, code] of [
      [{ facts: bare }, 'REGO_INPUT_INCOMPLETE'],
      [{ facts: { ...WHOLE, more: { files: GOOD_FILES } } }, 'REGO_INPUT_INCOMPLETE'],
      [{ facts: { ...WHOLE, more: { system: GOOD_SYSTEM } } }, 'REGO_INPUT_INCOMPLETE'],
      [{ facts: { ...WHOLE, scan: null } }, 'REGO_INPUT_INCOMPLETE'],
      [{ facts: { ...WHOLE, comparisons: [] } }, 'REGO_INPUT_INCOMPLETE'],
      [{ facts: { ...WHOLE, layersVerified: false } }, 'REGO_INPUT_INCOMPLETE'],
      [{ unlisted: [image.digest] }, 'REGO_INPUT_INCOMPLETE'],
      [failed('scan'), 'DEADLINE_EXCEEDED'],
      [failed('files'), 'DEADLINE_EXCEEDED'],
      [failed('referrers'), 'DEADLINE_EXCEEDED'],
    ] as const) {
      const decision = await judge('{ bundle: cases.tar.gz, entrypoint: cases/deny }', { facts });
      assert.ok(codes(decision).includes(`error ${code}`), `${JSON.stringify(facts)}: ${codes(decision).join()}`);
      assert.equal(decision.verdict, 'deny');
    }
  });

  test('asks for everything to be collected', async () => {
    const { policy: parsed } = await policy('{ bundle: cases.tar.gz, entrypoint: cases/deny }', '}');
    const { bundles, layers, scan, compare, build, files, system } = evidenceNeeds(
      parsed,
      'registry.example.com/shop/x',
    );
    assert.deepEqual([bundles, layers, scan, compare, build, files, system], Array(7).fill(true));
    assert.equal(evidenceNeeds(parsed, 'registry.example.com/other').scan, false);
  });

  test('decides the same, byte for byte', async () => {
    const rego =
      '{ bundle: examples.tar.gz, entrypoint: waybill/labels/deny }, { bundle: cases.tar.gz, entrypoint: cases/deny_trap }';
    assert.equal(canonicalDecision(await judge(rego)), canonicalDecision(await judge(rego)));
  });

  test('what compiled a source is in the decision', async () => {
    const loaded = await policy('{ bundle: source.rego, entrypoint: cases/deny }', '}');
    const compiled = { bundle: readFileSync(REGO_BUNDLES.cases.output), compiler: 'opa 1.2.3' };
    const decision = await judge('', { loaded: { ...loaded, compiledRego: new Map([['source.rego', compiled]]) } });
    assert.deepEqual(codes(decision), ['pass REGO_PASSED']);
    assert.deepEqual(results(decision)[0]?.basis.notes, ['source.rego, compiled by opa 1.2.3']);
    assert.ok(decision.notes.some(({ code, message }) => code === 'REGO_COMPILED' && message.includes('opa 1.2.3')));
  });
});

describe('the document that a policy sees', () => {
  const validate = schemaValidator('gate-input');

  test('fits its schema, with everything in it', async () => {
    const input = await inputOf({
      attached: [
        await signature(release, image.digest, { annotations: { env: 'prod' } }),
        await attestation(release, image.digest, { type: 'https://example.com/p', predicate: { a: [1, null] } }),
        await signature(stranger, image.digest),
      ],
    });
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 5)));
    assert.equal(input.time, '2026-11-24T12:00:00.000Z');
    assert.deepEqual(
      [input.rule, input.image.name, input.image.tag, input.image.digest, input.image.pinned, input.platform.name],
      ['shop', 'registry.example.com/shop/web', 'v1', image.digest, false, 'linux/amd64'],
    );
    assert.deepEqual(
      input.platform.layers.map(({ index, base: isBase }) => [index, isBase]),
      [
        [0, true],
        [1, false],
      ],
    );
    assert.equal(input.base.level, 'content');
    assert.deepEqual(
      input.base.matches.map(({ entry, tag, allowed, refusal }) => [entry, tag, allowed, refusal]),
      [['debian', '12', true, null]],
    );
    assert.deepEqual(
      input.base.claims.map(({ source, confirmed }) => [source, confirmed]),
      [['annotation', true]],
    );
    assert.deepEqual(input.sbom.components[0]?.locations, [
      { path: '/app/package.json', layer: 1 },
      { path: '/unknown', layer: null },
    ]);
  });

  test('only what the policy’s own identities vouch for stands under signatures and attestations', async () => {
    const predicate = { secret: 'hidden words' };
    const input = await inputOf({
      attached: [
        await signature(release, image.digest),
        await attestation(stranger, image.digest, { type: 'https://example.com/p', predicate }),
        await attestation(release, fakeDigest('elsewhere'), {
          type: 'https://example.com/p',
          predicate,
          at: image.digest,
        }),
      ],
    });
    assert.deepEqual(
      input.signatures.map(({ identities }) => identities),
      [['release']],
    );
    assert.deepEqual(input.attestations, []);
    assert.deepEqual(input.unverified.map(({ code }) => code).toSorted(), ['SUBJECT_MISMATCH', 'UNTRUSTED_KEY']);
    assert.doesNotMatch(JSON.stringify(input), /hidden words/);
  });

  test('what BuildKit put beside a platform is unverified; where it was not collected there is no document', async () => {
    const built = buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: buildKitV1({ images: [] }) }]);
    const index = buildIndex([
      { image, architecture: 'amd64' },
      {
        image: built,
        architecture: 'unknown',
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
      },
    ]);
    const input = await inputOf({ index, images: [image], build: [built] });
    assert.deepEqual(input.attestations, []);
    assert.deepEqual(
      input.unverified.map(({ code, predicateType, foundAt }) => [code, predicateType, foundAt]),
      [['UNSIGNED', PROVENANCE_V1, [built.digest]]],
    );
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 3)));
    const decision = await judge('{ bundle: cases.tar.gz, entrypoint: cases/deny }', { facts: { index } });
    assert.ok(codes(decision).includes('error REGO_INPUT_INCOMPLETE'));
  });

  test('exceptions are the rule’s own, lapsed ones marked', async () => {
    const rest = `}
exceptions:
  - { rule: shop, check: base, images: ["registry.example.com/shop/*"], reason: a, owner: o, ticket: T-1, expires: 2026-12-31 }
  - { rule: shop, check: files, images: ["registry.example.com/shop/*"], reason: b, owner: o, expires: 2026-01-01 }
  - { rule: shop, check: files, images: ["registry.example.com/other"], reason: c, owner: o, expires: 2026-12-31 }`;
    const input = await inputOf({}, rest);
    assert.deepEqual(
      input.exceptions.map(({ check, ticket, lastDay, lapsed }) => [check, ticket, lastDay, lapsed]),
      [
        ['base', 'T-1', '2026-12-31', false],
        ['files', null, '2026-01-01', true],
      ],
    );
  });

  test('a key of the image that JavaScript knows is a key like any other', async () => {
    const labels = { constructor: 'x', toString: 'y' };
    const odd = buildImage({ diffIds: [fakeDigest('odd')], labels });
    const input = await inputOf({ images: [odd] });
    assert.deepEqual(input.platform.config.labels, { constructor: 'x', toString: 'y' });
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 3)));
  });
});
