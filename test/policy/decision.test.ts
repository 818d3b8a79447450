import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import { canonicalEvidence, openEvidence } from '../../src/evidence/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, canonicalDecision, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  evidenceView,
  fakeDigest,
  policyOf,
  signature,
  type ImageFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const image = buildImage({ diffIds: [fakeDigest('layer')] });
const arm = buildImage({ diffIds: [fakeDigest('arm layer')], architecture: 'arm64' });
const index = buildIndex([
  { image, architecture: 'amd64' },
  { image: arm, architecture: 'arm64' },
]);

let release: KeySigner;

before(async () => {
  release = await createSigner();
});

const RULE = '- { name: shop, images: ["registry.example.com/shop/**"], signatures: { by: [release] } }';

interface Setup {
  readonly rules?: string;
  readonly rest?: string;
  readonly facts?: Partial<ImageFacts>;
  readonly now?: Date;
}

async function judge(setup: Setup = {}): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
name: test
${setup.rest ?? ''}
identities: { release: { key: release.pub } }
rules:
  ${setup.rules ?? RULE}
`;
  const loaded = await policyOf(yaml, { 'release.pub': release.publicKey.pem });
  return decide(evidenceView({ images: [image], ...setup.facts }), loaded, { now: setup.now ?? NOW });
}

async function signed(): Promise<Partial<ImageFacts>> {
  return { attached: [await signature(release, image.digest)] };
}

function results(decision: Decision): readonly CheckResult[] {
  return decision.images.flatMap(allResults);
}

function codes(decision: Decision): readonly string[] {
  return results(decision).map((result) => `${result.outcome} ${result.code}`);
}

describe('rules and names', () => {
  test('an image no rule speaks of: deny by default, warn or allow as told', async () => {
    const facts = { ...(await signed()), name: 'registry.example.com/other/web' };
    const denied = await judge({ facts });
    assert.deepEqual(codes(denied), ['fail NO_RULE_MATCHED']);
    assert.equal(denied.exitCode, ExitCode.Negative);
    assert.equal((await judge({ facts, rest: 'unmatched: warn' })).verdict, 'warn');
    assert.equal((await judge({ facts, rest: 'unmatched: allow' })).verdict, 'allow');
  });

  test('names are matched whole: no prefix, no other host', async () => {
    for (const name of [
      'registry.example.com.evil.example/shop/web',
      'registry.example.com/shop',
      'registry.example.com/shopping/web',
      'evil.example/registry.example.com/shop/web',
    ]) {
      assert.deepEqual(codes(await judge({ facts: { ...(await signed()), name } })), ['fail NO_RULE_MATCHED'], name);
    }
  });

  test('an image without a name matches nothing and is told about --as', async () => {
    const decision = await judge({ facts: { ...(await signed()), name: null } });
    assert.deepEqual(codes(decision), ['fail NO_RULE_MATCHED']);
    assert.match(results(decision)[0]?.remedy ?? '', /--as/);
  });

  test('all matching rules apply', async () => {
    const rules = `${RULE}\n  - { name: all, images: ["registry.example.com/**"], image: { digestPinned: true } }`;
    assert.deepEqual(codes(await judge({ rules, facts: await signed() })), ['pass SIGNED', 'fail IMAGE_NOT_PINNED']);
    const pinned = { ...(await signed()), tag: null, requestedDigest: image.digest };
    assert.equal((await judge({ rules, facts: pinned })).verdict, 'allow');
  });

  test('a rule in warn mode turns failures into warnings and does not count as a match', async () => {
    const rules = RULE.replace('{ name: shop', '{ name: shop, mode: warn');
    const denied = await judge({ rules });
    assert.deepEqual(codes(denied), ['fail NO_RULE_MATCHED', 'warn UNSIGNED']);
    assert.match(denied.images[0]?.checks[0]?.remedy ?? '', /^let one of them enforce/);
    assert.deepEqual(codes(await judge({ rules, rest: 'unmatched: allow' })), [
      'pass NO_RULE_MATCHED',
      'warn UNSIGNED',
    ]);
    assert.equal((await judge({ rules, rest: 'unmatched: allow' })).verdict, 'warn');
  });

  test('a rule that only warns still denies when a check cannot be evaluated', async () => {
    const rules = RULE.replace('{ name: shop', '{ name: shop, mode: warn');
    const errors = [
      {
        what: 'referrers',
        subject: image.digest,
        code: 'REGISTRY_UNAVAILABLE',
        reason: '500',
        exitCode: ExitCode.Remote,
      },
    ] as const;
    const decision = await judge({ rules, rest: 'unmatched: allow', facts: { errors, unlisted: [image.digest] } });
    assert.equal(decision.verdict, 'deny');
    assert.equal(decision.exitCode, ExitCode.Remote);
  });

  test('effectiveOn: warns until 00:00 UTC of that day, then denies', async () => {
    const rules = RULE.replace('{ name: shop', '{ name: shop, effectiveOn: 2027-01-15');
    const early = await judge({ rules, rest: 'unmatched: allow', now: new Date('2027-01-14T23:59:59.999Z') });
    assert.equal(early.verdict, 'warn');
    assert.equal(early.images[0]?.platforms[0]?.rules[0]?.effectiveOn, '2027-01-15T00:00:00.000Z');
    const late = await judge({ rules, now: new Date('2027-01-15T00:00:00Z') });
    assert.equal(late.verdict, 'deny');
  });

  test('deny.digests refuses the image, its index and its platforms', async () => {
    const facts = { index, images: [image, arm], attached: [await signature(release, index.digest)] };
    for (const digest of [index.digest, arm.digest]) {
      const decision = await judge({ rest: `deny: { digests: ["${digest}"] }`, facts });
      assert.ok(codes(decision).includes('fail DIGEST_DENIED'));
      assert.deepEqual(decision.images[0]?.approves, []);
    }
  });
});

describe('tags', () => {
  test('name:tag@digest whose tag now leads elsewhere is TAG_MOVED', async () => {
    const facts = { ...(await signed()), requestedDigest: image.digest, tagDigest: fakeDigest('moved') };
    const decision = await judge({ facts });
    assert.deepEqual(codes(decision), ['fail TAG_MOVED', 'pass SIGNED']);
    assert.equal(decision.exitCode, ExitCode.Negative);
    assert.deepEqual(codes(await judge({ facts: { ...facts, tagDigest: image.digest } })), [
      'pass TAG_AGREES',
      'pass SIGNED',
    ]);
    assert.deepEqual(codes(await judge({ facts: { ...facts, tagDigest: null } })), [
      'error TAG_UNKNOWN',
      'pass SIGNED',
    ]);
  });

  test('a tag that could not be asked is its own error', async () => {
    const errors = [{ what: 'tag', code: 'REGISTRY_UNAUTHORIZED', reason: '401', exitCode: ExitCode.Auth }] as const;
    const decision = await judge({ facts: { ...(await signed()), requestedDigest: image.digest, errors } });
    assert.deepEqual(codes(decision), ['error REGISTRY_UNAUTHORIZED', 'pass SIGNED']);
    assert.equal(decision.exitCode, ExitCode.Auth);
  });
});

describe('platforms', () => {
  test('an image that could not be resolved carries the code and class of the failure', async () => {
    for (const [code, exitCode] of [
      ['REGISTRY_UNAUTHORIZED', ExitCode.Auth],
      ['REGISTRY_RATE_LIMITED', ExitCode.Remote],
      ['REFERENCE_INVALID', ExitCode.Usage],
    ] as const) {
      const errors = [{ what: 'resolve', code, reason: 'no', exitCode }] as const;
      const decision = await judge({
        facts: { images: [], errors, ...(code === 'REFERENCE_INVALID' ? { name: null } : {}) },
      });
      assert.deepEqual(codes(decision), [`error ${code}`]);
      assert.equal(decision.exitCode, exitCode);
      assert.equal(decision.verdict, 'deny');
    }
  });

  test('all: a platform that was not collected is an error with its own code', async () => {
    const facts = { index, images: [image], attached: [await signature(release, index.digest)] };
    assert.deepEqual(codes(await judge({ facts })), ['error PLATFORM_NOT_COLLECTED', 'pass SIGNED']);
    const errors = [
      { what: 'manifest', subject: arm.digest, code: 'REGISTRY_UNAVAILABLE', reason: '500', exitCode: ExitCode.Remote },
    ] as const;
    const decision = await judge({ facts: { ...facts, errors } });
    assert.deepEqual(codes(decision), ['error REGISTRY_UNAVAILABLE', 'pass SIGNED']);
    assert.equal(decision.exitCode, ExitCode.Remote);
  });

  test('a list: must be there, may leave others out, and approves those digests only', async () => {
    const subset = RULE.replace('signatures', 'platforms: [linux/amd64], signatures');
    const facts = { index, images: [image, arm], attached: [await signature(release, image.digest)] };
    const decision = await judge({ rules: subset, facts });
    assert.equal(decision.verdict, 'allow', JSON.stringify(codes(decision)));
    assert.deepEqual(decision.images[0]?.approves, [image.digest]);
    const missing = await judge({ rules: subset.replace('amd64', 'riscv64'), facts });
    assert.ok(codes(missing).includes('fail PLATFORM_MISSING'));
    const failedElsewhere = [
      { what: 'manifest', subject: arm.digest, code: 'REGISTRY_UNAVAILABLE', reason: '500', exitCode: ExitCode.Remote },
    ] as const;
    assert.equal(
      (await judge({ rules: subset, facts: { ...facts, images: [image], errors: failedElsewhere } })).verdict,
      'allow',
    );
  });

  test('an index without platforms is PLATFORM_MISSING', async () => {
    const empty = buildIndex([]);
    const decision = await judge({
      facts: { index: empty, images: [], attached: [await signature(release, empty.digest)] },
    });
    assert.deepEqual(codes(decision), ['fail PLATFORM_MISSING']);
  });

  test('nested indexes, duplicate platforms and contradictions are errors', async () => {
    const nested = buildIndex([
      { image, architecture: 'amd64' },
      { image: index, mediaType: 'application/vnd.oci.image.index.v1+json' },
    ]);
    const again = buildImage({ diffIds: [fakeDigest('again')] });
    const duplicate = buildIndex([
      { image, architecture: 'amd64' },
      { image: again, architecture: 'amd64' },
    ]);
    const contradiction = buildIndex([{ image, architecture: 'arm64' }]);
    for (const [built, images, code] of [
      [nested, [image], 'INDEX_NESTED'],
      [duplicate, [image, again], 'PLATFORM_DUPLICATE'],
      [contradiction, [image], 'PLATFORM_CONFLICT'],
    ] as const) {
      const decision = await judge({
        facts: { index: built, images, attached: [await signature(release, built.digest)] },
      });
      assert.ok(codes(decision).includes(`error ${code}`), JSON.stringify(codes(decision)));
      assert.equal(decision.exitCode, ExitCode.Input);
    }
  });
});

describe('exceptions', () => {
  const exception = (more: string): string =>
    `exceptions: [{ rule: shop, reason: legacy, owner: ops@example.com, ticket: OPS-1, ${more} }]`;
  const forImage = `check: signatures, digests: ["${image.digest}"]`;

  test('turn fail into excepted until the end of the day, UTC', async () => {
    const rest = exception(`${forImage}, expires: 2026-12-31`);
    const held = await judge({ rest, now: new Date('2026-12-31T23:59:59.999Z') });
    assert.deepEqual(codes(held), ['excepted UNSIGNED']);
    assert.equal(held.verdict, 'allow');
    assert.deepEqual(results(held)[0]?.exception, {
      reason: 'legacy',
      owner: 'ops@example.com',
      ticket: 'OPS-1',
      lastDay: '2026-12-31',
    });
    const over = await judge({ rest, now: new Date('2027-01-01T00:00:00Z') });
    assert.deepEqual(codes(over), ['fail UNSIGNED', 'fail EXCEPTION_EXPIRED']);
    assert.equal(over.exitCode, ExitCode.Negative);
    assert.deepEqual(
      over.notes.map((item) => item.code),
      ['EXCEPTION_EXPIRED'],
    );
  });

  test('an expired exception that would have covered nothing is only noted', async () => {
    const rest = exception(`${forImage}, expires: 2026-01-01`);
    const decision = await judge({ rest, facts: await signed() });
    assert.deepEqual(codes(decision), ['pass SIGNED']);
    assert.equal(decision.verdict, 'allow');
    assert.equal(decision.notes.length, 1);
  });

  test('never cover errors, other checks, other digests, other rules', async () => {
    const errors = [
      {
        what: 'referrers',
        subject: image.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: '429',
        exitCode: ExitCode.Remote,
      },
    ] as const;
    const rest = exception(`${forImage}, expires: 2026-12-31`);
    const broken = await judge({ rest, facts: { errors, unlisted: [image.digest] } });
    assert.deepEqual(codes(broken), ['error REGISTRY_RATE_LIMITED']);
    const otherCheck = await judge({
      rest: exception(`check: base, digests: ["${image.digest}"], expires: 2026-12-31`),
    });
    assert.deepEqual(codes(otherCheck), ['fail UNSIGNED']);
    const otherDigest = await judge({
      rest: exception(`check: signatures, digests: ["${arm.digest}"], expires: 2026-12-31`),
    });
    assert.deepEqual(codes(otherDigest), ['fail UNSIGNED']);
  });

  test('images and digests must both fit where both are given', async () => {
    const both = (name: string): string => exception(`${forImage}, images: ["${name}"], expires: 2026-12-31`);
    assert.deepEqual(codes(await judge({ rest: both('registry.example.com/shop/web') })), ['excepted UNSIGNED']);
    assert.deepEqual(codes(await judge({ rest: both('registry.example.com/shop/other') })), ['fail UNSIGNED']);
  });

  test('an index’s digest covers its platforms', async () => {
    const rest = exception(`check: signatures, digests: ["${index.digest}"], expires: 2026-12-31`);
    assert.deepEqual(codes(await judge({ rest, facts: { index, images: [image, arm] } })), [
      'excepted UNSIGNED',
      'excepted UNSIGNED',
    ]);
  });
});

describe('facts that were not collected', () => {
  for (const [word, value, code] of [
    ['files', '{ unaccountedExecutables: 0 }', 'FILES_NOT_COLLECTED'],
    ['image', '{ checks: { IMG001: deny } }', 'SYSTEM_NOT_COLLECTED'],
    ['image', '{ checks: { IMG024: warn } }', 'FILES_NOT_COLLECTED'],
  ] as const) {
    test(`${word}: ${value} is ${code}, exit 6, whatever else passes`, async () => {
      const decision = await judge({
        rules: RULE.replace('signatures', `${word}: ${value}, signatures`),
        facts: await signed(),
      });
      assert.ok(codes(decision).includes(`error ${code}`));
      assert.ok(codes(decision).includes('pass SIGNED'));
      assert.equal(decision.verdict, 'deny');
      assert.equal(decision.exitCode, ExitCode.Input);
    });
  }
});

describe('image checks', () => {
  test('those that are off are off', async () => {
    const rules = RULE.replace('signatures', 'image: { checks: { IMG006: off } }, signatures');
    assert.equal((await judge({ rules, facts: await signed() })).verdict, 'allow');
  });
});

describe('replay', () => {
  test('the same evidence, policy and time give the same bytes', async () => {
    const document = evidenceDocument({ images: [image], ...(await signed()) });
    const bytes = Buffer.from(canonicalEvidence(document));
    const yaml = `{ "apiVersion": "waybill.dev/v1", "kind": "Policy", "identities": { "release": { "key": "k" } }, "rules": [{ "name": "r", "images": ["registry.example.com/**"], "signatures": { "by": ["release"] } }] }`;
    const loaded = await policyOf(yaml, { k: release.publicKey.pem });
    const first = canonicalDecision(await decide(openEvidence(document), loaded, { now: NOW }));
    const again = canonicalDecision(
      await decide(openEvidence(bytes), await policyOf(yaml, { k: release.publicKey.pem }), { now: NOW }),
    );
    assert.equal(again, first);
    const other = canonicalDecision(
      await decide(openEvidence(bytes), loaded, { now: new Date('2027-01-01T00:00:00Z') }),
    );
    assert.notEqual(other, first);
  });

  test('no image at all is a denial', async () => {
    const document = { ...evidenceDocument({ images: [image] }), images: [], blobs: {} };
    const loaded = await policyOf(
      `{ apiVersion: waybill.dev/v1, kind: Policy, identities: { k: { key: k } }, rules: [{ name: r, images: ["**"], signatures: { by: [k] } }] }`,
      { k: release.publicKey.pem },
    );
    const decision = await decide(openEvidence(document), loaded, { now: NOW });
    assert.equal(decision.verdict, 'deny');
    assert.notEqual(decision.exitCode, ExitCode.Passed);
  });
});
