import assert from 'node:assert/strict';
import type { Decision } from '../../src/app/index.ts';
import { isAppError } from '../../src/core/index.ts';
import { complaints } from '../support/gate-bench.ts';
import type { Stage } from './world.ts';

/** What a decision about an attack must be, to the last reason. */
export interface Decided {
  readonly verdict: Decision['verdict'];
  readonly exit: number;
  /** `outcome CODE` of everything that did not pass, sorted; nothing else may be complained of. */
  readonly codes: readonly string[];
  /** Codes of checks that must have passed: an attack that is no attack is allowed for its own reason. */
  readonly passes?: readonly string[];
}

/** Wrong use: refused before anything is decided. */
export interface Refused {
  readonly refused: string;
  readonly exit: number;
}

/** One attack on the gate, or one image that only looks like one. */
export interface AdversarialCase {
  readonly name: string;
  /** Builds it and has the gate decide. */
  readonly attack: (stage: Stage) => Promise<Decision>;
  readonly expect: Decided | Refused;
}

/** @throws AssertionError when the gate answers otherwise */
export async function judgeCase({ attack, expect }: AdversarialCase, stage: Stage): Promise<void> {
  if ('refused' in expect) {
    const error = await attack(stage).then(
      (decision) => assert.fail(`decided: ${decision.verdict} ${complaints(decision).join()}`),
      (thrown: unknown) => thrown,
    );
    if (!isAppError(error)) throw error;
    assert.deepEqual([error.code, error.exitCode], [expect.refused, expect.exit], error.message);
    return;
  }
  const decision = await attack(stage);
  const { verdict, exit, codes, passes = [] } = expect;
  const found = { verdict: decision.verdict, exit: decision.exitCode, codes: complaints(decision).toSorted() };
  assert.deepEqual(found, { verdict, exit, codes: codes.toSorted() }, reasons(decision));
  const passed = resultsOf(decision).filter(({ outcome }) => outcome === 'pass');
  for (const code of passes)
    assert.ok(
      passed.some((result) => result.code === code),
      `${code}\n${reasons(decision)}`,
    );
  for (const { outcome, code, reason, remedy } of resultsOf(decision)) {
    assert.notEqual(reason, '', code);
    if (outcome === 'fail') assert.ok(remedy !== undefined && remedy !== '', `${code} says nothing to do`);
  }
}

function resultsOf(decision: Decision): Decision['images'][number]['checks'] {
  return decision.images.flatMap((image) => [
    ...image.checks,
    ...image.platforms.flatMap(({ rules }) => rules.flatMap(({ checks }) => checks)),
  ]);
}

function reasons(decision: Decision): string {
  return resultsOf(decision)
    .map(({ outcome, check, item, code, reason }) => `${outcome} ${check} ${item ?? ''} ${code}: ${reason}`)
    .join('\n');
}
