import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  isAppError,
  LIMITS,
  readInputFile,
  throwIfAborted,
  ExitCode,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import {
  containedFile,
  exceptionProblems,
  invalidTests,
  judgeCase,
  parsePolicyTests,
  policyCoverage,
  positionOf,
  unexercised,
  type CaseDifference,
  type Decision,
  type LoadedPolicy,
  type ParsedPolicyTests,
  type PolicyTestCase,
  type RuleCoverage,
  type Verdict,
} from '../../policy/index.ts';
import { openPolicy } from '../gate/compile-rego.ts';
import { appError } from '../errors.ts';
import { findFiles } from '../store/find-files.ts';
import { decideSaved, readSavedEvidence } from '../gate/saved-evidence.ts';

export interface TestPoliciesOptions {
  /** Files of cases, and folders that are searched for `*.test.yaml`, `*.test.yml` and `*.test.json`. */
  readonly paths: readonly string[];
  /** Folder that the files which cases name stay under; the folder given, or that of the file given, unless told. */
  readonly root?: string;
  /** As for `checkGate`. */
  readonly opa?: string;
}

export interface TestedCase {
  readonly name: string;
  /** Where the case stands in its file, from 1. */
  readonly line: number;
  /** `error`: its evidence could not be read. */
  readonly outcome: 'passed' | 'failed' | 'error';
  /** The verdict that came out; null for an error. */
  readonly verdict: Verdict | null;
  /** The time decided for; null for an error. */
  readonly decidedAt: string | null;
  readonly differences: readonly CaseDifference[];
  readonly error?: { readonly code: string; readonly message: string; readonly exitCode: ExitCode };
}

export interface TestedFile {
  readonly file: string;
  readonly cases: readonly TestedCase[];
}

export interface PolicyCoverage {
  /** Where the first file of cases that names it finds it. */
  readonly policy: string;
  readonly digest: Digest;
  readonly rules: readonly RuleCoverage[];
  /** Rules and checks that no case exercised: `shop`, `shop: base`. */
  readonly unexercised: readonly string[];
}

export interface TestPoliciesResult {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly files: readonly TestedFile[];
  /** One for each policy, by the order in which cases name them. */
  readonly coverage: readonly PolicyCoverage[];
}

/** What is collected about one policy while its cases run. */
interface PolicyRun {
  readonly policy: string;
  readonly loaded: LoadedPolicy;
  readonly decisions: Decision[];
}

/**
 * Decides every case's evidence and compares with what the case expects. Reads files only, one evidence file at a time.
 * @throws AppError POLICY_TESTS_MISSING when there is no case, POLICY_TESTS_INVALID, POLICY_TESTS_OUTSIDE, and what `loadPolicy` throws; evidence that cannot be read is
 *   an error of its case
 */
export async function testPolicies(options: TestPoliciesOptions, runtime: Runtime): Promise<TestPoliciesResult> {
  const runs = new Map<string, PolicyRun>();
  const files: TestedFile[] = [];
  const opening = options.opa === undefined ? {} : { opa: options.opa };
  const open = (path: string): Promise<LoadedPolicy> => openPolicy(path, opening, runtime);
  for (const path of options.paths) {
    const found = await findFiles(path, { isWanted: isTestFile });
    if (found.files.length === 0) {
      throw appError('POLICY_TESTS_MISSING', `no file of cases is under ${path}`, {
        hint: 'files of cases are called NAME.test.yaml',
      });
    }
    const root = await realpath(options.root ?? found.root);
    for (const file of found.files) {
      throwIfAborted(runtime.signal);
      files.push(await testFile(file, { root, runs, open, signal: runtime.signal }));
    }
  }
  const cases = files.flatMap((file) => file.cases);
  const count = (outcome: TestedCase['outcome']): number => cases.filter((tested) => tested.outcome === outcome).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    errors: count('error'),
    files,
    coverage: [...runs.values()].map(({ policy, loaded, decisions }) => {
      const rules = policyCoverage(loaded.policy, decisions);
      return { policy, digest: loaded.digest, rules, unexercised: unexercised(rules) };
    }),
  };
}

/** 1 when a case failed or coverage is demanded and missing; else the class of the first case that could not be run. */
export function testPoliciesExitCode(
  result: TestPoliciesResult,
  options: { readonly requireCoverage: boolean },
): ExitCode {
  if (result.failed > 0) return ExitCode.Negative;
  const broken = result.files.flatMap((file) => file.cases).find((tested) => tested.error !== undefined);
  if (broken?.error !== undefined) return broken.error.exitCode;
  const uncovered = result.coverage.some((policy) => policy.unexercised.length > 0);
  return options.requireCoverage && uncovered ? ExitCode.Negative : ExitCode.Passed;
}

function isTestFile(name: string): boolean {
  return /\.test\.(?:yaml|yml|json)$/.test(name);
}

interface TestScope {
  /** Links resolved. */
  readonly root: string;
  readonly runs: Map<string, PolicyRun>;
  readonly signal: AbortSignal;
  open(path: string): Promise<LoadedPolicy>;
}

async function testFile(file: string, scope: TestScope): Promise<TestedFile> {
  const parsed = await parsePolicyTests({ bytes: await readInputFile(file, LIMITS.policyBytes), name: file });
  const cases: TestedCase[] = [];
  for (const [index, testCase] of parsed.tests.cases.entries()) {
    throwIfAborted(scope.signal);
    const run = await openRun(testCase.policy ?? parsed.tests.policy, file, scope);
    const loaded = withExceptions(run.loaded, testCase, { file, parsed, index });
    const { line } = positionOf(parsed.positions, `cases[${index}]`);
    cases.push({ name: testCase.name, line, ...(await runCase(testCase, { file, scope, loaded, run })) });
  }
  return { file, cases };
}

interface CaseScope {
  readonly file: string;
  readonly scope: TestScope;
  readonly loaded: LoadedPolicy;
  readonly run: PolicyRun;
}

async function runCase(
  testCase: PolicyTestCase,
  { file, scope, loaded, run }: CaseScope,
): Promise<Omit<TestedCase, 'name' | 'line'>> {
  try {
    const evidence = await resolveNamed(testCase.evidence, file, scope.root);
    const decision = await decideSaved(await readSavedEvidence(evidence), loaded, testCase.now);
    run.decisions.push(decision);
    const differences = judgeCase(testCase.expect, decision);
    const outcome = differences.length === 0 ? 'passed' : 'failed';
    return { outcome, verdict: decision.verdict, decidedAt: decision.decidedAt, differences };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, message, exitCode } = error;
    return { outcome: 'error', verdict: null, decidedAt: null, differences: [], error: { code, message, exitCode } };
  }
}

/** Every policy is loaded once, however many cases name it. */
async function openRun(policy: string, file: string, scope: TestScope): Promise<PolicyRun> {
  const path = await resolveNamed(policy, file, scope.root);
  const known = scope.runs.get(path);
  if (known !== undefined) return known;
  const run: PolicyRun = { policy: join(dirname(file), policy), loaded: await scope.open(path), decisions: [] };
  scope.runs.set(path, run);
  return run;
}

/** The policy with the exceptions of the case in place of its own. */
function withExceptions(
  loaded: LoadedPolicy,
  testCase: PolicyTestCase,
  place: { readonly file: string; readonly parsed: ParsedPolicyTests; readonly index: number },
): LoadedPolicy {
  const { exceptions } = testCase;
  if (exceptions === undefined) return loaded;
  const { positions } = place.parsed;
  const problems = exceptionProblems(exceptions, loaded.policy, {
    path: `cases[${place.index}].exceptions`,
    positions,
  });
  if (problems.length > 0) throw invalidTests(place.file, problems);
  return { ...loaded, policy: { ...loaded.policy, exceptions } };
}

/** Where a file that cases name lies; never outside the root. */
async function resolveNamed(path: string, file: string, root: string): Promise<string> {
  const contained = await containedFile(root, path, dirname(file));
  if (contained.ok) return contained.path;
  if (contained.reason === 'outside') {
    throw appError('POLICY_TESTS_OUTSIDE', `${file} names ${path}, which lies outside ${root}`, {
      hint: 'widen what may be read with --root',
    });
  }
  throw appError('POLICY_TESTS_FILE_MISSING', `${file} names ${path}, which cannot be found`, {
    cause: contained.cause,
    hint: 'paths are relative to the file of cases',
  });
}
