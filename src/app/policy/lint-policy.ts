import { ExitCode, LIMITS, readInputFile, type Digest, type Runtime } from '../../core/index.ts';
import {
  judgeLock,
  lintPolicy,
  lintPolicyFiles,
  loadPolicy,
  policyDigest,
  sortProblems,
  type PolicyProblem,
  type SourcePosition,
} from '../../policy/index.ts';

export interface LintPolicyOptions {
  readonly file: string;
  /** The day that exceptions and effective days are judged for; the runtime's clock unless given. */
  readonly asOf?: Date;
}

export interface LintPolicyResult {
  readonly file: string;
  readonly valid: boolean;
  /** Covers the policy and every file it refers to: for `--policy-digest`. null when it is not valid. */
  readonly digest: Digest | null;
  /** By line and column. */
  readonly problems: readonly PolicyProblem[];
}

/**
 * Explains what is wrong with a policy file, and with the files it refers to: each problem at the place of the policy that names it.
 * @throws AppError FILE_*, LIMIT_EXCEEDED for a policy that cannot be read at all
 */
export async function lintPolicyFile(options: LintPolicyOptions, runtime: Runtime): Promise<LintPolicyResult> {
  const { file, asOf = runtime.now() } = options;
  const bytes = await readInputFile(file, LIMITS.policyBytes);
  const { policy, problems, positions } = await lintPolicy({ bytes, name: file }, { now: asOf });
  if (policy === undefined) return { file, valid: false, digest: null, problems };
  const linted = await lintPolicyFiles(file, policy, positions);
  const valid = !linted.problems.some((problem) => problem.severity === 'error');
  const unsigned =
    valid && policy.bases?.lockSignedBy !== undefined ? await lintLockSignature(file, positions, asOf) : [];
  return {
    file,
    valid,
    digest: valid ? policyDigest(bytes, linted.files) : null,
    problems: sortProblems([...problems, ...linted.problems, ...unsigned]),
  };
}

/** A lock that gates will not believe. What only a trusted root that has to be fetched can tell is left to them. */
async function lintLockSignature(
  file: string,
  positions: ReadonlyMap<string, SourcePosition>,
  now: Date,
): Promise<readonly PolicyProblem[]> {
  const { refused } = await judgeLock(await loadPolicy(file), [], { now });
  if (refused === undefined || !refused.code.startsWith('BASE_LOCK_')) return [];
  const path = 'bases.lockSignedBy';
  const { line, column } = positions.get(path) ?? { line: 1, column: 1 };
  const message = `gates do not believe the lock: ${refused.reason}`;
  const hint = refused.remedy === undefined ? {} : { hint: refused.remedy };
  return [{ severity: 'warning', code: 'POLICY_LOCK_UNSIGNED', path, line, column, message, ...hint }];
}

/** 2 for a policy that cannot be used, 1 for warnings where they count, else 0. */
export function lintExitCode(result: LintPolicyResult, options: { readonly failOnWarnings: boolean }): ExitCode {
  if (!result.valid) return ExitCode.Usage;
  const warned = result.problems.some((problem) => problem.severity === 'warning');
  return warned && options.failOnWarnings ? ExitCode.Negative : ExitCode.Passed;
}
