import { LIMITS, readInputFile, type Digest, type Runtime } from '../core/index.ts';
import { lintPolicy, loadPolicy, type PolicyProblem } from '../policy/index.ts';

export interface LintPolicyResult {
  readonly file: string;
  readonly valid: boolean;
  /** Covers the policy and every file it refers to: for `--policy-digest`. null when it is not valid. */
  readonly digest: Digest | null;
  /** By line and column. */
  readonly problems: readonly PolicyProblem[];
}

/**
 * Explains what is wrong with a policy file. The files it refers to are read too.
 * @throws AppError for a file that cannot be read, or one referred to that is missing, outside the policy's folder, or malformed
 */
export async function lintPolicyFile(file: string, runtime: Runtime): Promise<LintPolicyResult> {
  const bytes = await readInputFile(file, LIMITS.policyBytes);
  const { policy, problems } = await lintPolicy({ bytes, name: file }, { now: runtime.now() });
  const digest = policy === undefined ? null : (await loadPolicy(file)).digest;
  return { file, valid: policy !== undefined, digest, problems };
}
