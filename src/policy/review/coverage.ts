import { compareCodeUnits } from '../../core/index.ts';
import type { CheckOutcome, Decision } from '../decision.ts';
import { decisionRows, worstOutcome, type DecisionRow } from '../decision-rows.ts';
import { CHECK_WORDS } from '../file/semantics.ts';
import type { Policy, PolicyRule } from '../file/types.ts';

/** How often the cases came to which outcome of one check. */
export interface CheckCoverage {
  readonly check: string;
  /** Which of several: an attestation's type. */
  readonly item?: string;
  /** Decisions in which the check was evaluated, by the worst of its results; errors are evaluations that came to nothing. */
  readonly outcomes: Readonly<Record<CheckOutcome, number>>;
  /** Some decision evaluated it. */
  readonly exercised: boolean;
  /** Some decision shows that it refuses, or would if its rule were enforced, something. */
  readonly refused: boolean;
}

export interface RuleCoverage {
  readonly rule: string;
  /** Some check of the rule was evaluated. */
  readonly exercised: boolean;
  readonly checks: readonly CheckCoverage[];
}

/** Which rules and checks of a policy the decisions evaluated. A rule that no image of the evidence matches is never exercised. */
export function policyCoverage(policy: Policy, decisions: readonly Decision[]): readonly RuleCoverage[] {
  const rows = decisions.map(decisionRows);
  return policy.rules.map((rule) => {
    const checks = checksOf(rule).map((check) => coverageOf(rule.name, check, rows));
    return { rule: rule.name, exercised: checks.some((check) => check.exercised), checks };
  });
}

function coverageOf(
  rule: string,
  { check, item }: CheckId,
  decisions: readonly (readonly DecisionRow[])[],
): CheckCoverage {
  const outcomes = { pass: 0, warn: 0, fail: 0, error: 0, excepted: 0 };
  let refused = false;
  for (const rows of decisions) {
    const found = rows.filter(
      (row) => row.rule === rule && row.result.check === check && (item === undefined || row.result.item === item),
    );
    const worst = worstOutcome(found.map((row) => row.result.outcome));
    if (worst !== undefined) outcomes[worst] += 1;
    refused ||= found.some(
      ({ result, warnsOnly }) =>
        result.outcome === 'fail' || result.outcome === 'excepted' || (warnsOnly && result.outcome === 'warn'),
    );
  }
  const exercised = outcomes.pass + outcomes.warn + outcomes.fail + outcomes.excepted > 0;
  return { check, ...(item === undefined ? {} : { item }), outcomes, exercised, refused };
}

/** Names of rules and checks that no decision evaluated: `shop`, `shop: base`. */
export function unexercised(coverage: readonly RuleCoverage[]): readonly string[] {
  return coverage.flatMap(({ rule, exercised, checks }) =>
    exercised
      ? checks
          .filter((check) => !check.exercised)
          .map(({ check, item }) => `${rule}: ${check}${item === undefined ? '' : ` ${item}`}`)
      : [rule],
  );
}

interface CheckId {
  readonly check: string;
  readonly item?: string;
}

function checksOf(rule: PolicyRule): readonly CheckId[] {
  const types = [...new Set((rule.attestations ?? []).map(({ type }) => type))].toSorted(compareCodeUnits);
  return CHECK_WORDS.filter((word) => rule[word] !== undefined).flatMap((check): readonly CheckId[] =>
    check === 'attestations' ? types.map((item) => ({ check, item })) : [{ check }],
  );
}
