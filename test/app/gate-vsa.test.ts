import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  checkGate,
  reportGate,
  tryPolicy,
  type GateReport,
  type ReportGateOptions,
  type VsaReport,
} from '../../src/app/index.ts';
import { parseBundle, parseStatement } from '../../src/attestation/index.ts';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { allResults } from '../../src/policy/index.ts';
import { BASE_LAYER, npmLayer } from '../support/cli/sample-images.ts';
import { complaints, GATE_NAME, GATE_POLICY, openGateBench, type GateBench } from '../support/gate-bench.ts';

const POLICY = `${GATE_POLICY}    vsa: { by: [gate] }\n`.replace(
  'identities:',
  'identities:\n  gate: { key: theirs.pub }',
);

const password = (): Promise<string> => Promise.resolve('');

/** An image on the locked base, released with our key: every check of the policy is met. */
async function openReleased(): Promise<GateBench> {
  const bench = await openGateBench(POLICY);
  const base = await bench.image('base', [BASE_LAYER]);
  await bench.lock();
  await bench.image('app', [npmLayer('left-pad', '1.3.0')], base);
  return bench;
}

function optionsOf(bench: GateBench, more: Partial<ReportGateOptions> = {}): ReportGateOptions {
  return {
    images: [`oci:${bench.file('images')}:app`],
    policyFile: bench.file('policy.yaml'),
    access: {},
    as: GATE_NAME,
    deadlineMs: 60_000,
    json: true,
    spell: () => '',
    vsa: { signing: { keyFile: bench.file('theirs.key'), password }, attach: false, file: bench.file('vsa.jsonl') },
    ...more,
  };
}

async function report(
  bench: GateBench,
  more: Partial<ReportGateOptions> = {},
): Promise<GateReport & { readonly vsas: VsaReport }> {
  const { report: made } = await reportGate(optionsOf(bench, more), bench.runtime);
  assert.ok(made.vsas !== undefined);
  return { ...made, vsas: made.vsas };
}

describe('verification summaries of gate check', () => {
  test('are signed for what is allowed, written, and hold what the decision rests on', async () => {
    await using bench = await openReleased();
    await bench.release('app');
    const { decision, vsas } = await report(bench);
    assert.equal(decision.verdict, 'allow', JSON.stringify(complaints(decision)));
    const [image] = decision.images;
    assert.deepEqual(
      vsas.emitted.map(({ subject }) => subject),
      image?.approves,
    );
    assert.equal(vsas.file, bench.file('vsa.jsonl'));
    const lines = readFileSync(bench.file('vsa.jsonl'), 'utf8').trim().split('\n');
    assert.equal(lines.length, vsas.emitted.length);
    const statement = parseStatement(parseBundle(Buffer.from(lines[0] ?? '')).payload);
    assert.equal(statement.predicateType, 'https://slsa.dev/verification_summary/v1');
    const said = statement.predicate as Readonly<Record<string, unknown>>;
    assert.equal(said['resourceUri'], `oci://${GATE_NAME}@${vsas.emitted[0]?.subject}`);
    assert.deepEqual(said['policy'], {
      uri: 'waybill:policy',
      digest: { sha256: decision.policy.digest.slice('sha256:'.length) },
    });
    const levels = said['verifiedLevels'] as readonly string[];
    for (const level of ['WAYBILL_SIGNED', 'WAYBILL_BASE_CONTENT', 'SLSA_BUILD_LEVEL_UNEVALUATED'])
      assert.ok(levels.includes(level), levels.join());
    assert.equal((said['inputAttestations'] as readonly unknown[]).length, 2);
  });

  test('that are attached are accepted by the next gate, which reads no layer and signs none anew', async () => {
    await using bench = await openReleased();
    await bench.release('app');
    const vsa = { signing: { keyFile: bench.file('theirs.key'), password }, attach: true };
    const first = await report(bench, { vsa });
    assert.ok(first.vsas.emitted.every(({ referrer }) => referrer !== undefined));
    const { decision, evidence } = await checkGate(optionsOf(bench), bench.runtime);
    assert.equal(decision.verdict, 'allow');
    assert.deepEqual([...new Set(decision.images.flatMap(allResults).map(({ code }) => code))], ['VSA_ACCEPTED']);
    assert.deepEqual(
      evidence.images.flatMap(({ platforms }) => platforms.map(({ layersVerified }) => layersVerified)),
      [false],
    );
    const again = await report(bench, { vsa });
    assert.deepEqual(again.vsas.emitted, []);
    assert.deepEqual(
      again.vsas.omitted.map(({ code }) => code),
      ['VSA_RESTS_ON_VSA'],
    );
    assert.equal(again.vsas.signedBy, undefined);
  });

  test('spare nothing of evidence that other policies are to be tried on; the decision is the same', async () => {
    await using bench = await openReleased();
    await bench.release('app');
    await report(bench, { vsa: { signing: { keyFile: bench.file('theirs.key'), password }, attach: true } });
    const spared = await checkGate(optionsOf(bench), bench.runtime);
    const full = await checkGate(optionsOf(bench, { fullEvidence: true }), bench.runtime);
    assert.deepEqual(full.decision.images.flatMap(allResults), spared.decision.images.flatMap(allResults));
    writeFileSync(bench.file('candidate.yaml'), GATE_POLICY);
    for (const [evidence, change, codes] of [
      [spared.evidence, 'newly-denied', ['SCAN_MISSING', 'LAYERS_UNVERIFIED']],
      [full.evidence, 'unchanged', []],
    ] as const) {
      const file = bench.file('evidence.json');
      writeFileSync(file, canonicalEvidence(evidence));
      const files = { policyFile: bench.file('candidate.yaml'), againstFile: bench.file('policy.yaml') };
      const { images, codes: counted } = await tryPolicy({ evidence: [file], ...files }, bench.runtime);
      assert.deepEqual(
        [images.map((image) => image.change), counted.map(({ code }) => code).toSorted()],
        [[change], [...codes].toSorted()],
      );
    }
  });

  test('are none once the policy changes: everything is checked again', async () => {
    await using bench = await openReleased();
    await bench.release('app');
    await report(bench, { vsa: { signing: { keyFile: bench.file('theirs.key'), password }, attach: true } });
    writeFileSync(bench.file('policy.yaml'), POLICY.replace('name: shop', 'name: shop2'));
    const { decision, evidence } = await checkGate(optionsOf(bench), bench.runtime);
    assert.equal(decision.verdict, 'allow');
    assert.ok(decision.images.flatMap(allResults).some(({ code }) => code === 'VSA_NOT_USED'));
    assert.equal(evidence.images[0]?.platforms[0]?.layersVerified, true);
  });

  test('are not made for what is denied', async () => {
    await using bench = await openReleased();
    const { decision, vsas } = await report(bench);
    assert.equal(decision.verdict, 'deny');
    assert.deepEqual(vsas, { emitted: [], omitted: [] });
    assert.equal(existsSync(bench.file('vsa.jsonl')), false);
  });

  test('need a place to go, a key that is there, and no input’s file', async () => {
    await using bench = await openReleased();
    const signing = { keyFile: bench.file('theirs.key'), password };
    const with_ = (vsa: ReportGateOptions['vsa']): Promise<unknown> => report(bench, vsa === undefined ? {} : { vsa });
    await assert.rejects(with_({ signing, attach: false }), { code: 'USAGE' });
    await assert.rejects(with_({ signing, attach: false, file: bench.file('policy.yaml') }), {
      code: 'OUTPUT_CONFLICT',
    });
    const missing = { keyFile: bench.file('nobody.key'), password };
    await assert.rejects(with_({ signing: missing, attach: true }), { code: 'FILE_NOT_FOUND' });
  });
});
