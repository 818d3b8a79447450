import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { allResults, type CheckResult, type Decision } from '../../src/policy/index.ts';
import type { GateImages } from './gate-images.ts';

export interface Judged {
  readonly code: number | null;
  readonly decision: Decision;
  readonly text: string;
  /** Everything that did not pass. */
  readonly findings: readonly CheckResult[];
}

export interface JudgeOptions {
  readonly policy?: string;
  /** Name for an image of the layout. */
  readonly as?: string;
  readonly flags?: readonly string[];
}

/** Runs `waybill gate check` and reads the decision that it wrote. */
export async function judge(world: GateImages, reference: string, options: JudgeOptions = {}): Promise<Judged> {
  const file = `${world.folder}/decision.json`;
  const { code, stdout, stderr } = await world.waybill([
    'gate',
    'check',
    reference,
    '--policy',
    options.policy ?? world.policy,
    '--decision-out',
    file,
    ...(options.as === undefined ? [] : ['--as', options.as]),
    ...(options.flags ?? []),
  ]);
  assert.ok([0, 1, 4, 5, 6].includes(code ?? -1), `exit ${code}: ${stderr}`);
  const decision = JSON.parse(await readFile(file, 'utf8')) as Decision;
  assert.equal(code, decision.exitCode);
  const findings = decision.images.flatMap(allResults).filter(({ outcome }) => outcome !== 'pass');
  return { code, decision, text: stdout, findings };
}

/** The image is refused, and this is why: the code is in the decision with the outcome, in the text with its reason, and it says what would help. */
export function assertRefused(judged: Judged, expected: { readonly code: string; readonly exit: number }): CheckResult {
  const said = judged.findings.map(({ check, outcome, code }) => `${check} ${outcome} ${code}`).join(', ');
  const outcome = expected.exit === 1 ? 'fail' : 'error';
  const result = judged.findings.find((item) => item.code === expected.code && item.outcome === outcome);
  assert.ok(result !== undefined, `no ${outcome} ${expected.code} in: ${said}`);
  assert.equal(judged.decision.verdict, 'deny', said);
  assert.equal(judged.code, expected.exit, said);
  assert.ok(result.reason.length > 15, result.reason);
  assert.ok(judged.text.includes(`[${expected.code}]`), judged.text);
  assert.deepEqual(
    judged.decision.images.flatMap(({ approves }) => approves),
    [],
  );
  return result;
}

export function assertAllowed(judged: Judged): void {
  const said = judged.findings.map(({ outcome, code, reason }) => `${outcome} ${code}: ${reason}`).join('\n');
  assert.equal(judged.code, 0, said);
  assert.notEqual(judged.decision.verdict, 'deny');
  assert.ok(
    judged.decision.images.every(({ approves }) => approves.length > 0),
    said,
  );
}
