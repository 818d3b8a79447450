import type { CheckResult, Decision, ImageDecision } from '../../policy/index.ts';
import { xmlText } from '../xml-text.ts';
import {
  checkTitle,
  locatedResults,
  REPLAY_WORDS,
  scopeTitle,
  VERDICT_WORDS,
  type GateRenderOptions,
  type LocatedResult,
} from './located-results.ts';

/**
 * A decision as JUnit XML: a suite for each image, a case for each check. Failed checks are failures, those that could not be evaluated errors, excepted ones skipped;
 * warnings pass and say so in their output.
 * @see https://github.com/testmoapp/junitxml
 */
export function renderJunit(decision: Decision, options: GateRenderOptions = {}): string {
  const suites = decision.images.map((image) => suite(image, decision));
  const properties: readonly (readonly [string, string])[] = [
    ['verdict', VERDICT_WORDS[decision.verdict]],
    ['policy', decision.policy.digest],
    ['evidence', decision.evidence.digest],
    ['decidedAt', decision.decidedAt],
    ...(options.replay === true ? [['replay', REPLAY_WORDS] as const] : []),
  ];
  const totals = counts(decision.images.flatMap(locatedResults));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="waybill gate"${totals}>`,
    '  <properties>',
    ...properties.map(([name, value]) => `    <property name="${xmlText(name)}" value="${xmlText(value)}"/>`),
    '  </properties>',
    ...suites,
    '</testsuites>',
  ].join('\n');
}

function suite(image: ImageDecision, decision: Decision): string {
  const results = locatedResults(image);
  const digest = image.digest ?? 'not resolved';
  return [
    `  <testsuite name="${xmlText(image.reference)}"${counts(results)} timestamp="${xmlText(decision.decidedAt.slice(0, 19))}">`,
    '    <properties>',
    `      <property name="digest" value="${xmlText(digest)}"/>`,
    `      <property name="verdict" value="${VERDICT_WORDS[image.verdict]}"/>`,
    '    </properties>',
    ...results.map(testCase),
    '  </testsuite>',
  ].join('\n');
}

function counts(results: readonly LocatedResult[]): string {
  const count = (outcome: CheckResult['outcome']): number =>
    results.filter(({ result }) => result.outcome === outcome).length;
  return ` tests="${results.length}" failures="${count('fail')}" errors="${count('error')}" skipped="${count('excepted')}"`;
}

function testCase(located: LocatedResult): string {
  const { image, result } = located;
  const scope = scopeTitle(located);
  const place = image.places?.[0];
  const file = place === undefined ? '' : ` file="${xmlText(place.file)}" line="${place.line}"`;
  const open = `    <testcase name="${xmlText(checkTitle(result))}" classname="${xmlText(scope === '' ? 'image' : scope)}"${file}`;
  const inner = outcomeElement(result);
  return inner === '' ? `${open}/>` : `${open}>\n      ${inner}\n    </testcase>`;
}

function outcomeElement(result: CheckResult): string {
  const attributes = `message="${xmlText(result.reason)}" type="${xmlText(result.code)}"`;
  switch (result.outcome) {
    case 'pass':
      return '';
    case 'fail':
      return `<failure ${attributes}>${xmlText(details(result))}</failure>`;
    case 'error':
      return `<error ${attributes}>${xmlText(details(result))}</error>`;
    case 'excepted':
      return `<skipped message="${xmlText(`${result.reason}; excepted: ${result.exception?.reason ?? ''}`)}"/>`;
    default:
      return `<system-out>${xmlText(`warning [${result.code}]: ${details(result)}`)}</system-out>`;
  }
}

function details({ reason, remedy }: CheckResult): string {
  return remedy === undefined ? reason : `${reason}; to pass: ${remedy}`;
}
