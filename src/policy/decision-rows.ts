import type { CheckOutcome, CheckResult, Decision, ImageDecision } from './decision.ts';

/** One result of a decision with what it is about. */
export interface DecisionRow {
  /** The image as its user wrote it. */
  readonly image: string;
  /** null: about the image as such, or a platform that could not be collected. */
  readonly platform: string | null;
  /** null: about the image as such. */
  readonly rule: string | null;
  /** The rule only warns: what failed stands there as a warning. */
  readonly warnsOnly: boolean;
  readonly result: CheckResult;
}

/** Every result of a decision, image by image, those about the image as such first. */
export function decisionRows(decision: Decision): readonly DecisionRow[] {
  return decision.images.flatMap(imageRows);
}

/** Every result of one image. */
export function imageRows(image: ImageDecision): readonly DecisionRow[] {
  return [
    // that a rule wants a platform which the image has not is noted on the image, with the rule's name
    ...image.checks.map((result) => ({
      image: image.reference,
      platform: null,
      rule: result.check === 'platforms' ? (result.item ?? null) : null,
      warnsOnly: false,
      result,
    })),
    ...image.platforms.flatMap(({ platform, rules }) =>
      rules.flatMap(({ rule, mode, checks }) =>
        checks.map((result) => ({ image: image.reference, platform, rule, warnsOnly: mode === 'warn', result })),
      ),
    ),
  ];
}

const SEVERITY: readonly CheckOutcome[] = ['error', 'fail', 'warn', 'excepted', 'pass'];

/** The worst of some outcomes; undefined for none. */
export function worstOutcome(outcomes: readonly CheckOutcome[]): CheckOutcome | undefined {
  return SEVERITY.find((outcome) => outcomes.includes(outcome));
}
