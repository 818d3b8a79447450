import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import type { KeySigner } from '../../../src/keys/index.ts';
import {
  allResults,
  canonicalDecision,
  decide,
  evidenceNeeds,
  type CheckResult,
  type Decision,
  type LoadedPolicy,
} from '../../../src/policy/index.ts';
import { schemaValidator } from '../../support/cli/schemas.ts';
import { GOOD_FILES, GOOD_SYSTEM } from '../../support/file-facts.ts';
import { createSigner, evidenceView, type ImageFacts } from '../../support/gate-world.ts';
import { REGO_BUNDLES } from '../../support/rego-bundles.ts';
import { image, regoPolicy, WHOLE } from '../../support/rego-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
let release: KeySigner;

before(async () => {
  release = await createSigner();
});

interface Setup {
  readonly facts?: Partial<ImageFacts>;
  readonly rest?: string;
  readonly loaded?: LoadedPolicy;
}

async function judge(rego: string, { facts, rest = '}', loaded }: Setup = {}): Promise<Decision> {
  const view = evidenceView({ images: [image], facts: WHOLE, ...facts });
  const decision = await decide(view, loaded ?? (await regoPolicy(release, rego, rest)), { now: NOW });
  const validate = schemaValidator('decision');
  assert.ok(validate(JSON.parse(canonicalDecision(decision))), JSON.stringify(validate.errors?.slice(0, 3)));
  return decision;
}

const results = (decision: Decision): readonly CheckResult[] => decision.images.flatMap(allResults);
const codes = (decision: Decision): readonly string[] =>
  results(decision).map(({ outcome, code }) => `${outcome} ${code}`);

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

  test('each of several policies is evaluated, in the order of the rule', async () => {
    const decision = await judge(
      '{ bundle: cases.tar.gz, entrypoint: cases/deny_time }, { bundle: cases.tar.gz, entrypoint: cases/deny }',
    );
    assert.deepEqual(codes(decision), ['fail REGO_DENIED', 'pass REGO_PASSED']);
    assert.deepEqual(
      results(decision).map(({ item }) => item),
      ['cases/deny_time', 'cases/deny'],
    );
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
    const loaded = await regoPolicy(release, rego, '}');
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
    const { policy: parsed } = await regoPolicy(release, '{ bundle: cases.tar.gz, entrypoint: cases/deny }', '}');
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
    const loaded = await regoPolicy(release, '{ bundle: source.rego, entrypoint: cases/deny }', '}');
    const compiled = { bundle: readFileSync(REGO_BUNDLES.cases.output), compiler: 'opa 1.2.3' };
    const decision = await judge('', { loaded: { ...loaded, compiledRego: new Map([['source.rego', compiled]]) } });
    assert.deepEqual(codes(decision), ['pass REGO_PASSED']);
    assert.deepEqual(results(decision)[0]?.basis.notes, ['source.rego, compiled by opa 1.2.3']);
    assert.ok(decision.notes.some(({ code, message }) => code === 'REGO_COMPILED' && message.includes('opa 1.2.3')));
  });
});
