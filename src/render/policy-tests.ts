import { safeText } from '../core/index.ts';
import type { PolicyCoverage, TestedCase, TestedFile, TestPoliciesResult } from '../app/index.ts';
import { checkTitle } from './gate/located-results.ts';
import { painter, type Paint } from './running-text.ts';
import { xmlText } from './xml-text.ts';

const MARKS = { passed: 'ok', failed: 'FAIL', error: 'ERROR' } as const;
const STYLES = { passed: 'green', failed: 'red', error: 'red' } as const;

/** Cases by file, what differs in those that failed, and what no case exercised. */
export function renderPolicyTests(result: TestPoliciesResult, options: { readonly color: boolean }): string {
  const paint = painter(options.color);
  const lines = result.files.flatMap((file) => [
    paint(safeText(file.file), 'bold'),
    ...file.cases.flatMap((tested) => [
      `  ${paint(MARKS[tested.outcome].padEnd(5), STYLES[tested.outcome])} ${safeText(tested.name)}`,
      ...detailsOf(tested).map((line) => `          ${line}`),
    ]),
  ]);
  const { passed, failed, errors } = result;
  const counts = [`${passed} passed`, `${failed} failed`, ...(errors === 0 ? [] : [`${errors} could not be run`])];
  return [...lines, '', ...result.coverage.flatMap((policy) => coverageLines(policy, paint)), counts.join(', ')].join(
    '\n',
  );
}

function detailsOf(tested: TestedCase): readonly string[] {
  if (tested.error !== undefined) return [`${safeText(tested.error.message)} [${tested.error.code}]`];
  return tested.differences.flatMap(({ what, expected, actual }) => [
    safeText(what),
    `  expected ${safeText(expected)}`,
    `  actual   ${safeText(actual)}`,
  ]);
}

function coverageLines({ policy, rules, unexercised }: PolicyCoverage, paint: Paint): readonly string[] {
  const checks = rules.flatMap((rule) => rule.checks);
  const exercised = checks.filter((check) => check.exercised);
  const untested = rules.flatMap(({ rule, checks }) =>
    checks.filter((check) => check.exercised && !check.refused).map((check) => `${rule}: ${checkTitle(check)}`),
  );
  return [
    `${safeText(policy)}: ${exercised.length} of ${checks.length} checks exercised`,
    ...unexercised.map((name) => paint(`  never exercised  ${safeText(name)}`, 'yellow')),
    ...untested.map((name) => paint(`  never refuses    ${safeText(name)}`, 'dim')),
    '',
  ];
}

/**
 * The cases as JUnit XML: a suite for each file.
 * @see https://github.com/testmoapp/junitxml
 */
export function renderPolicyTestsJunit(result: TestPoliciesResult): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="waybill policy test"${countsOf(result.files)}>`,
    ...result.files.map(suite),
    '</testsuites>',
    '',
  ].join('\n');
}

function countsOf(files: readonly TestedFile[]): string {
  const cases = files.flatMap((file) => file.cases);
  const count = (outcome: TestedCase['outcome']): number => cases.filter((tested) => tested.outcome === outcome).length;
  return ` tests="${cases.length}" failures="${count('failed')}" errors="${count('error')}"`;
}

function suite(file: TestedFile): string {
  return [
    `  <testsuite name="${xmlText(file.file)}"${countsOf([file])}>`,
    ...file.cases.map((tested) => testCase(file.file, tested)),
    '  </testsuite>',
  ].join('\n');
}

function testCase(file: string, tested: TestedCase): string {
  const open = `    <testcase name="${xmlText(tested.name)}" classname="${xmlText(file)}" file="${xmlText(file)}" line="${tested.line}"`;
  if (tested.error !== undefined) {
    return `${open}>\n      <error message="${xmlText(tested.error.message)}" type="${tested.error.code}"/>\n    </testcase>`;
  }
  if (tested.differences.length === 0) return `${open}/>`;
  const failures = tested.differences.map(
    ({ what, expected, actual }) =>
      `      <failure message="${xmlText(`${what}: expected ${expected}, got ${actual}`)}" type="${xmlText(what)}"/>`,
  );
  return [`${open}>`, ...failures, '    </testcase>'].join('\n');
}
