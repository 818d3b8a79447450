import { ExitCode, LIMITS, readInputFile, type Digest, type Runtime } from '../core/index.ts';
import { lintPolicy, lintPolicyFiles, policyDigest, sortProblems, type PolicyProblem } from '../policy/index.ts';

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
  return {
    file,
    valid,
    digest: valid ? policyDigest(bytes, linted.files) : null,
    problems: sortProblems([...problems, ...linted.problems]),
  };
}

/** 2 for a policy that cannot be used, 1 for warnings where they count, else 0. */
export function lintExitCode(result: LintPolicyResult, options: { readonly failOnWarnings: boolean }): ExitCode {
  if (!result.valid) return ExitCode.Usage;
  const warned = result.problems.some((problem) => problem.severity === 'warning');
  return warned && options.failOnWarnings ? ExitCode.Negative : ExitCode.Passed;
}
