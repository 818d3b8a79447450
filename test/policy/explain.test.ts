import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainPolicy, lintPolicy, type PolicyExplanation } from '../../src/policy/index.ts';
import { renderExplanation } from '../../src/render/index.ts';
import { schemaValidator } from '../support/cli/schemas.ts';
import { fakeDigest } from '../support/gate-world.ts';
import { EVERY_WORD } from '../support/policy-words.ts';

const NOW = new Date('2026-11-24T12:00:00Z');

async function explain(text: string, options: { now?: Date; image?: string } = {}): Promise<PolicyExplanation> {
  const { policy, problems } = await lintPolicy({ bytes: Buffer.from(text), name: 'p' });
  assert.ok(policy !== undefined, JSON.stringify(problems));
  return explainPolicy(policy, { now: NOW, ...options });
}

function shown(explanation: PolicyExplanation): string {
  const result = { file: 'policy.yaml', digest: fakeDigest('policy'), ...explanation };
  return renderExplanation(result, { color: false, width: 200, listChecks: true });
}

const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\nidentities: { k: { key: k.pub } }\n';
const rule = (words: string): string => `${HEAD}rules: [{ name: r, images: ["registry.example.com/**"], ${words} }]\n`;

describe('explainPolicy', () => {
  test('every check word of a rule has a demand; the result is of its schema and the same every time', async () => {
    const explanation = await explain(EVERY_WORD);
    const [shop] = explanation.rules;
    assert.deepEqual(
      [...new Set(shop?.demands.map(({ check }) => check))],
      ['signatures', 'attestations', 'base', 'buildInputs', 'components', 'files', 'image', 'rego', 'vsa'],
    );
    const result = { file: 'p', digest: fakeDigest('policy'), ...explanation };
    const validate = schemaValidator('policy-explain');
    assert.ok(validate(JSON.parse(JSON.stringify(result))), JSON.stringify(validate.errors));
    assert.equal(JSON.stringify(await explain(EVERY_WORD)), JSON.stringify(explanation));
  });

  test('a summary that spares the other checks is told as a sentence under a word that means something', async () => {
    const text = shown(await explain(rule('signatures: { by: [k] }, vsa: { by: [k], maxAge: 7d }')));
    assert.match(text, /^ +note  vsa: nothing of this is checked again where a verification summary .* is signed by /m);
    assert.doesNotMatch(text, /\bsay {2}/);
  });

  test('a rule that is not effective yet warns, and denies from its day on', async () => {
    const before = await explain(EVERY_WORD, { now: new Date('2027-01-14T23:59:59Z') });
    assert.deepEqual([before.rules[0]?.enforced, before.rules[0]?.effectiveOn], [false, '2027-01-15']);
    assert.ok(before.rules[0]?.demands.every(({ otherwise }) => otherwise !== 'deny'));
    const after = await explain(EVERY_WORD, { now: new Date('2027-01-15T00:00:00Z') });
    assert.equal(after.rules[0]?.enforced, true);
    assert.ok(after.rules[0]?.demands.some(({ otherwise }) => otherwise === 'deny'));
    // a rule in warn mode never denies
    assert.equal(after.rules[1]?.enforced, false);
  });

  test('what is not said is spelled out with its value, and what is said is not', async () => {
    const defaults = async (words: string): Promise<readonly string[]> =>
      (await explain(rule(words))).rules[0]?.defaults.map(({ word, value }) => `${word}=${value}`) ?? [];
    assert.deepEqual(await defaults('signatures: { by: [k] }'), [
      'mode=enforce',
      'platforms=all',
      'signatures.threshold=1',
      'signatures.maxAge=any age',
    ]);
    assert.deepEqual(
      await defaults('mode: enforce, platforms: all, signatures: { by: [k], threshold: 1, maxAge: 30d }'),
      [],
    );
  });

  test('a look that needs layers is told from one that does not', async () => {
    const cheap = await explain(rule('signatures: { by: [k] }'));
    assert.deepEqual(
      [cheap.rules[0]?.readsLayers, cheap.rules[0]?.collects],
      [false, ['signatures and attestations attached to the image']],
    );
    const dear = await explain(rule('components: { deny: [{ purl: "pkg:npm/x" }] }'));
    assert.equal(dear.rules[0]?.readsLayers, true);
    const nothing = await explain(rule('image: { digestPinned: true }'));
    assert.deepEqual([nothing.rules[0]?.readsLayers, nothing.rules[0]?.collects], [false, []]);
  });

  test('about one image: the rules and exceptions that speak of it, or what happens without any', async () => {
    const shop = await explain(EVERY_WORD, { image: 'registry.example.com/shop/legacy' });
    assert.deepEqual([shop.rules.map((r) => r.rule), shop.exceptions.length], [['shop'], 1]);
    const web = await explain(EVERY_WORD, { image: 'registry.example.com/shop/web' });
    assert.deepEqual([web.rules.map((r) => r.rule), web.exceptions.length], [['shop'], 0]);
    const none = await explain(EVERY_WORD, { image: 'registry.example.com/nobody' });
    assert.deepEqual(none.rules, []);
    assert.match(shown(none), /No rule speaks of it: it is denied\./);
  });

  test('an exception is told with its last day, and as ended from the next second on', async () => {
    const last = await explain(EVERY_WORD, { now: new Date('2026-12-31T23:59:59Z') });
    assert.deepEqual([last.exceptions[0]?.lastDay, last.exceptions[0]?.expired], ['2026-12-31', false]);
    const over = await explain(EVERY_WORD, { now: new Date('2027-01-01T00:00:00Z') });
    assert.equal(over.exceptions[0]?.expired, true);
    assert.match(shown(over), /ended with 2026-12-31, does nothing/);
  });

  test('every named check is listed', async () => {
    const { imageChecks } = await explain(rule('signatures: { by: [k] }'));
    assert.deepEqual(
      imageChecks.map(({ id }) => id),
      Array.from({ length: 27 }, (_, index) => `IMG${String(index + 1).padStart(3, '0')}`),
    );
  });

  test('text of the policy cannot act on a terminal or a log', async () => {
    const text = shown(
      await explain(rule('components: { deny: [{ purl: "pkg:npm/x", reason: "a\\e[31mb ::error::x\\u202e" }] }')),
    );
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /\u001b|\u202e|\s::error/);
  });
});
