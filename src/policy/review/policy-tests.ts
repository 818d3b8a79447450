import { policyError } from '../errors.ts';
import { list, named, object, oneOf, parsed, text, type Field, type Place } from '../file/fields.ts';
import { sortProblems, type PolicyProblem } from '../file/problem.ts';
import { sayAs } from '../file/say.ts';
import { exceptionsField } from '../file/shape.ts';
import { parseSourceTree, type SourcePosition } from '../file/source-tree.ts';
import type { CheckOutcome, Verdict } from '../decision.ts';
import type { PolicySource } from '../file/parse-policy.ts';
import type { PolicyException } from '../file/types.ts';
import { parseInstant } from '../file/values.ts';

/** A file of cases: evidence in, expected decision out. Field names are those of the file. */
export interface PolicyTests {
  readonly apiVersion: 'waybill.dev/v1';
  readonly kind: 'PolicyTests';
  /** Path of the policy under test, relative to the file. */
  readonly policy: string;
  readonly cases: readonly PolicyTestCase[];
}

export interface PolicyTestCase {
  readonly name: string;
  /** Path of saved evidence, relative to the file. */
  readonly evidence: string;
  /** Another policy for this case. */
  readonly policy?: string;
  /** The time decided for; the one the evidence was collected at unless given. */
  readonly now?: Date;
  /** In place of the policy's own. */
  readonly exceptions?: readonly PolicyException[];
  readonly expect: Expectation;
}

export interface Expectation {
  readonly verdict: Verdict;
  /** By reference, as the evidence has it. */
  readonly images?: ReadonlyMap<string, Verdict>;
  /** By rule and check: an outcome (the worst of the check's results) or a code that is among them; each of several must hold. */
  readonly rules?: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** Every code of a result that did not pass; in any order, no other. */
  readonly codes?: readonly string[];
  /** For each, some result is like this. */
  readonly must?: readonly ResultPattern[];
  /** For each, no result is like this. */
  readonly mustNot?: readonly ResultPattern[];
}

/** What is given must be equal. */
export interface ResultPattern {
  readonly image?: string;
  readonly platform?: string;
  readonly rule?: string;
  readonly check?: string;
  readonly item?: string;
  readonly code?: string;
  readonly outcome?: CheckOutcome;
}

export const CHECK_OUTCOMES = ['pass', 'warn', 'fail', 'error', 'excepted'] as const satisfies readonly CheckOutcome[];

const MAX_CASES = 1000;

const code = text((value) => (/^[A-Z][A-Z0-9_]*$/.test(value) ? undefined : 'codes are written like BASE_TAMPERED'));
const verdict = oneOf('allow', 'warn', 'deny');
const path = text((value) =>
  value.startsWith('/') || value.startsWith('\\') || /^[A-Za-z]:/.test(value) || value.includes('\0')
    ? 'paths are relative to this file'
    : undefined,
);
const outcomeOrCode = text((value) =>
  (CHECK_OUTCOMES as readonly string[]).includes(value) || /^[A-Z][A-Z0-9_]*$/.test(value)
    ? undefined
    : `write an outcome (${CHECK_OUTCOMES.join(', ')}) or a code such as BASE_TAMPERED`,
);

/** One text, or several. */
const outcomesOrCodes: Field<readonly string[]> = (node, place) => {
  if (node.kind === 'list') return list(outcomeOrCode)(node, place);
  const value = outcomeOrCode(node, place);
  return value === undefined ? undefined : [value];
};

const pattern = object<ResultPattern>(
  {
    image: text(),
    platform: text(),
    rule: text(),
    check: text(),
    item: text(),
    code,
    outcome: oneOf(...CHECK_OUTCOMES),
  },
  [],
);

const expectation = object<Expectation>(
  {
    verdict,
    images: named(verdict),
    rules: named(named(outcomesOrCodes)),
    codes: list(code, { mayBeEmpty: true }),
    must: list(pattern),
    mustNot: list(pattern),
  },
  ['verdict'],
);

const policyTestCase = object<PolicyTestCase>(
  {
    name: text(),
    evidence: path,
    policy: path,
    now: parsed(parseInstant, 'a time such as 2026-12-31T23:59:59Z'),
    exceptions: exceptionsField,
    expect: expectation,
  },
  ['name', 'evidence', 'expect'],
);

const policyTests = object<PolicyTests>(
  {
    apiVersion: oneOf('waybill.dev/v1'),
    kind: oneOf('PolicyTests'),
    policy: path,
    cases: list(policyTestCase),
  },
  ['apiVersion', 'kind', 'policy', 'cases'],
);

export interface ParsedPolicyTests {
  readonly tests: PolicyTests;
  /** Where the values of the file stand, by path. */
  readonly positions: ReadonlyMap<string, SourcePosition>;
}

/**
 * Reads a file of cases or refuses it.
 * @param source hostile (a file of a pull request); YAML or JSON, at most 1 MiB
 * @throws AppError POLICY_TESTS_INVALID with every problem in `details.problems`
 */
export async function parsePolicyTests(source: PolicySource): Promise<ParsedPolicyTests> {
  const what = 'the file of cases';
  const tree = await parseSourceTree(source.bytes, what);
  const problems: PolicyProblem[] = [...tree.problems];
  const positions = new Map<string, SourcePosition>();
  const place: Place = { path: '', document: what, problems, positions };
  const tests = tree.root === undefined ? undefined : policyTests(tree.root, place);
  if (tests !== undefined) problems.push(...caseProblems(tests, positions));
  if (tests === undefined || problems.length > 0) throw invalidTests(source.name, problems);
  return { tests, positions };
}

/** Refuses a file of cases, with the first problem and its place. */
export function invalidTests(name: string, problems: readonly PolicyProblem[]): Error {
  const sorted = sortProblems(problems);
  const first = sorted[0];
  const where = first === undefined ? '' : `:${first.line}:${first.column}: ${first.message}`;
  const more = sorted.length > 1 ? ` (and ${sorted.length - 1} more)` : '';
  return policyError('POLICY_TESTS_INVALID', `${name}${where}${more}`, {
    hint: first?.hint ?? 'waybill policy test --help shows such a file, schemas/policy-tests.schema.json describes it',
    details: { problems: sorted },
  });
}

/** Names that stand twice, patterns that every result is like, and more cases than anybody writes. */
function caseProblems(tests: PolicyTests, positions: ReadonlyMap<string, SourcePosition>): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const say = sayAs('error', problems, positions);
  if (tests.cases.length > MAX_CASES) {
    say('cases', 'POLICY_BAD_VALUE', `there are ${tests.cases.length} cases, more than the ${MAX_CASES} of one file`);
  }
  const names = new Set<string>();
  for (const [index, { name, expect }] of tests.cases.entries()) {
    if (names.has(name)) say(`cases[${index}].name`, 'POLICY_DUPLICATE_NAME', `two cases are named "${name}"`);
    names.add(name);
    for (const word of ['must', 'mustNot'] as const) {
      for (const [at, wanted] of (expect[word] ?? []).entries()) {
        if (Object.keys(wanted).length > 0) continue;
        say(
          `cases[${index}].expect.${word}[${at}]`,
          'POLICY_EMPTY_LIST',
          'every result is like this: say what it is like',
        );
      }
    }
  }
  return problems;
}
