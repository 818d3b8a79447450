import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isAppError, TemporaryDirectory } from '../../src/core/index.ts';
import { tryPolicy, tryPolicyExitCode, type TryPolicyResult } from '../../src/app/index.ts';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { createRuntime } from '../../src/index.ts';
import { renderPolicyTrial } from '../../src/render/index.ts';
import { schemaValidator } from '../support/cli/schemas.ts';
import { buildImage, createSigner, evidenceDocument, fakeDigest, signature } from '../support/gate-world.ts';

const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\n';
const SIGNED = 'signatures: { by: [release] }';
const rules = (words: string): string =>
  `${HEAD}identities: { release: { key: release.pub } }\nrules: [{ name: shop, images: ["registry.example.com/shop/**"], ${words} }]\n`;

describe('tryPolicy', () => {
  let folder: TemporaryDirectory;
  const at = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    const release = await createSigner();
    mkdirSync(at('evidence/more'), { recursive: true });
    writeFileSync(at('release.pub'), release.publicKey.pem);
    const save = async (name: string, options: { readonly signed: boolean; readonly root: boolean }): Promise<void> => {
      const image = buildImage({ diffIds: [fakeDigest(name)], user: options.root ? '' : '1000' });
      const attached = options.signed ? [await signature(release, image.digest)] : [];
      const reference = `registry.example.com/shop/${name}:v1`;
      writeFileSync(
        at(`evidence/${name}.json`),
        canonicalEvidence(evidenceDocument({ images: [image], attached, reference })),
      );
    };
    await save('b', { signed: false, root: false });
    await save('a', { signed: true, root: false });
    await save('more/c', { signed: true, root: true });
    writeFileSync(at('evidence/decision.json'), '{"kind":"Decision"}');
    writeFileSync(at('evidence/notes.txt'), 'not looked at');
    writeFileSync(at('signed.yaml'), rules(SIGNED));
    writeFileSync(at('pinned.yaml'), rules('image: { digestPinned: true }'));
    writeFileSync(
      at('warns.yaml'),
      rules(`mode: warn, ${SIGNED}`).replace('kind: Policy\n', 'kind: Policy\nunmatched: warn\n'),
    );
    writeFileSync(at('components.yaml'), rules(`${SIGNED}, components: { deny: [{ purl: "pkg:npm/x" }] }`));
  });
  after(() => folder[Symbol.asyncDispose]());

  async function attempt(policy: string, against?: string): Promise<TryPolicyResult> {
    const options = { evidence: [at('evidence')], policyFile: at(policy) };
    return tryPolicy(against === undefined ? options : { ...options, againstFile: at(against) }, createRuntime());
  }

  const changes = (result: TryPolicyResult): readonly string[] =>
    result.images.map(
      ({ reference, change, before, after }) => `${reference.split('/').at(-1)} ${before} ${after} ${change}`,
    );

  test('what is newly denied and newly allowed, by path, with the reasons that came and went', async () => {
    const result = await attempt('signed.yaml', 'warns.yaml');
    assert.deepEqual(changes(result), [
      'a:v1 warn allow changed',
      'b:v1 warn deny newly-denied',
      'c:v1 warn allow changed',
    ]);
    assert.deepEqual(
      result.images[1]?.added.map(({ rule, check, outcome, code }) => [rule, check, outcome, code]),
      [['shop', 'signatures', 'fail', 'UNSIGNED']],
    );
    assert.deepEqual(result.counts, {
      images: 3,
      denied: 1,
      newlyDenied: 1,
      newlyAllowed: 0,
      changed: 2,
      unchanged: 0,
    });
    assert.deepEqual(result.codes, [{ code: 'UNSIGNED', images: 1 }]);
    const back = await attempt('warns.yaml', 'signed.yaml');
    assert.deepEqual(back.counts.newlyAllowed, 1);
    assert.deepEqual((await attempt('signed.yaml', 'signed.yaml')).counts.unchanged, 3);
  });

  test('without a policy to compare with: what is denied, and why', async () => {
    const result = await attempt('signed.yaml');
    assert.deepEqual(changes(result), ['a:v1 null allow null', 'b:v1 null deny null', 'c:v1 null allow null']);
    assert.deepEqual(result.codes, [{ code: 'UNSIGNED', images: 1 }]);
    const text = renderPolicyTrial(result, { color: false });
    assert.match(text, /^3 images: 1 denied, 2 allowed\n/);
    assert.match(text, /decides nothing/);
    assert.match(text, /\+ rule shop: signatures fail \[UNSIGNED\]/);
  });

  test('what the evidence does not hold is told apart from what is wrong', async () => {
    const result = await attempt('components.yaml', 'signed.yaml');
    assert.deepEqual(
      result.images.map(({ undecided }) => undecided),
      [true, false, true],
    );
    assert.match(renderPolicyTrial(result, { color: false }), /collect the evidence again with this policy/);
  });

  test('exit code: 0 whatever is denied, 1 when that is to count', async () => {
    const denied = await attempt('signed.yaml');
    assert.equal(tryPolicyExitCode(denied, { failOnDenied: false }), 0);
    assert.equal(tryPolicyExitCode(denied, { failOnDenied: true }), 1);
    const same = await attempt('signed.yaml', 'signed.yaml');
    assert.equal(tryPolicyExitCode(same, { failOnDenied: true }), 0);
  });

  test('files that are no evidence are told with their class; decisions are passed over, and that is told', async () => {
    writeFileSync(at('evidence/broken.json'), '{"apiVersion":"waybill.dev/v1","kind":"Evidence"}');
    const result = await attempt('signed.yaml');
    assert.deepEqual(
      result.errors.map(({ file, code, exitCode }) => [file, code, exitCode]),
      [[at('evidence/broken.json'), 'EVIDENCE_MALFORMED', 6]],
    );
    assert.deepEqual(result.passedOver, [at('evidence/decision.json')]);
    assert.equal(result.counts.images, 3);
    assert.equal(tryPolicyExitCode(result, { failOnDenied: false }), 6);
    assert.match(renderPolicyTrial(result, { color: false }), /; 1 file could not be read\n/);
    const validate = schemaValidator('policy-try');
    for (const written of [result, await attempt('signed.yaml', 'warns.yaml')])
      assert.ok(validate(written), JSON.stringify(validate.errors));
  });

  test('no evidence at all is an error', async () => {
    mkdirSync(at('nothing'), { recursive: true });
    await assert.rejects(
      tryPolicy({ evidence: [at('nothing')], policyFile: at('signed.yaml') }, createRuntime()),
      (error: unknown) => isAppError(error) && error.code === 'EVIDENCE_MISSING' && error.exitCode === 6,
    );
  });

  test('--as-of decides all of them for one time', async () => {
    writeFileSync(
      at('later.yaml'),
      rules(`${SIGNED}, effectiveOn: 2027-01-15`).replace('kind: Policy\n', 'kind: Policy\nunmatched: warn\n'),
    );
    const options = { evidence: [at('evidence/b.json')], policyFile: at('later.yaml') };
    assert.equal((await tryPolicy(options, createRuntime())).counts.denied, 0);
    const later = await tryPolicy({ ...options, asOf: new Date('2027-01-15T00:00:00Z') }, createRuntime());
    assert.equal(later.counts.denied, 1);
  });
});
