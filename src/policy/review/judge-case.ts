import { compareCodeUnits } from '../../core/index.ts';
import type { Decision } from '../decision.ts';
import { decisionRows, worstOutcome, type DecisionRow } from '../decision-rows.ts';
import { shortList } from '../outcome.ts';
import { CHECK_OUTCOMES, type Expectation, type ResultPattern } from './policy-tests.ts';

/** One way in which a decision is not the expected one. */
export interface CaseDifference {
  /** What was looked at: `verdict`, `rule shop, check base`, `must`. */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

const MAX_SHOWN = 8;

/** Where a decision differs from what a case expects; nothing when it is as expected. */
export function judgeCase(expect: Expectation, decision: Decision): readonly CaseDifference[] {
  const rows = decisionRows(decision);
  return [
    ...differing('verdict', expect.verdict, decision.verdict),
    ...judgeImages(expect, decision),
    ...judgeRules(expect, rows),
    ...judgeCodes(expect, rows),
    ...(expect.must ?? [])
      .filter((wanted) => !rows.some((row) => isLike(row, wanted)))
      .map((wanted) => missed(wanted, rows)),
    ...(expect.mustNot ?? []).flatMap((unwanted) => met(unwanted, rows)),
  ];
}

function differing(what: string, expected: string, actual: string): readonly CaseDifference[] {
  return expected === actual ? [] : [{ what, expected, actual }];
}

function judgeImages(expect: Expectation, decision: Decision): readonly CaseDifference[] {
  return [...(expect.images ?? [])].flatMap(([reference, verdict]) => {
    const verdicts = decision.images.filter((image) => image.reference === reference).map((image) => image.verdict);
    if (verdicts.length > 0 && verdicts.every((actual) => actual === verdict)) return [];
    return [{ what: `image ${reference}`, expected: verdict, actual: verdicts.join(', ') || 'not in the evidence' }];
  });
}

function judgeRules(expect: Expectation, rows: readonly DecisionRow[]): readonly CaseDifference[] {
  return [...(expect.rules ?? [])].flatMap(([rule, checks]) =>
    [...checks].flatMap(([check, wanted]) => {
      const found = rows.filter((row) => row.rule === rule && row.result.check === check);
      return wanted.every((word) => holds(word, found))
        ? []
        : [{ what: `rule ${rule}, check ${check}`, expected: wanted.join(' and '), actual: shownRows(found) }];
    }),
  );
}

function holds(word: string, rows: readonly DecisionRow[]): boolean {
  return (CHECK_OUTCOMES as readonly string[]).includes(word)
    ? worstOutcome(rows.map((row) => row.result.outcome)) === word
    : rows.some((row) => row.result.code === word);
}

function judgeCodes(expect: Expectation, rows: readonly DecisionRow[]): readonly CaseDifference[] {
  if (expect.codes === undefined) return [];
  const expected = listed(expect.codes);
  const actual = listed(rows.filter((row) => row.result.outcome !== 'pass').map((row) => row.result.code));
  return differing('codes', expected, actual);
}

function listed(codes: readonly string[]): string {
  return [...new Set(codes)].toSorted(compareCodeUnits).join(', ') || 'none';
}

function isLike({ image, platform, rule, result }: DecisionRow, wanted: ResultPattern): boolean {
  const { check, item, code, outcome } = result;
  const facts = { image, platform, rule, check, item, code, outcome };
  return Object.entries(wanted).every(([word, value]) => facts[word as keyof ResultPattern] === value);
}

function missed(wanted: ResultPattern, rows: readonly DecisionRow[]): CaseDifference {
  // what comes nearest is what somebody who wrote the case looks for
  const near = rows.filter(
    (row) =>
      (wanted.check === undefined || row.result.check === wanted.check) &&
      (wanted.rule === undefined || row.rule === wanted.rule),
  );
  return { what: 'must', expected: patternText(wanted), actual: shownRows(near) };
}

function met(unwanted: ResultPattern, rows: readonly DecisionRow[]): readonly CaseDifference[] {
  const found = rows.filter((row) => isLike(row, unwanted));
  return found.length === 0
    ? []
    : [{ what: 'mustNot', expected: `nothing like ${patternText(unwanted)}`, actual: shownRows(found) }];
}

function patternText(pattern: ResultPattern): string {
  return Object.entries(pattern)
    .map(([word, value]) => `${word} ${value}`)
    .join(', ');
}

function shownRows(rows: readonly DecisionRow[]): string {
  if (rows.length === 0) return 'no such result';
  const texts = [...new Set(rows.map(({ result }) => `${result.outcome} (${result.code})`))];
  return shortList(texts, MAX_SHOWN);
}
