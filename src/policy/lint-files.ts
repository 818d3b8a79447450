import { isAppError, type AppError } from '../core/index.ts';
import { parsePublicKey } from '../keys/index.ts';
import { parseLock } from '../provenance/index.ts';
import { policyFiles, readPolicyFiles } from './load-policy.ts';
import type { PolicyProblem, PolicyProblemCode } from './problem.ts';
import { sayInto, type SayAt } from './say.ts';
import type { SourcePosition } from './source-tree.ts';
import type { Policy } from './types.ts';

export interface LintedFiles {
  readonly problems: readonly PolicyProblem[];
  /** Bytes by the path written in the policy. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the files that a policy refers to and says of each what is wrong with it, at the place that names it: missing, outside the policy's folder, no public key,
 * no lock, a lock with another head.
 */
export async function lintPolicyFiles(
  path: string,
  policy: Policy,
  positions: ReadonlyMap<string, SourcePosition>,
): Promise<LintedFiles> {
  const problems: PolicyProblem[] = [];
  const say = sayInto(problems, positions);
  const { files, failures } = await readPolicyFiles(path, policyFiles(policy));
  for (const { reference, error } of failures) sayError(say, reference.at, { error, code: fileCode(error) });
  for (const [name, { key }] of policy.identities ?? []) {
    const bytes = key === undefined ? undefined : files.get(key);
    if (bytes === undefined) continue;
    const error = errorOf(() => parsePublicKey(bytes));
    if (error !== undefined) sayError(say, `identities.${name}.key`, { error, code: 'POLICY_KEY_INVALID' });
  }
  lintLock(policy, files, say);
  return { problems, files };
}

function fileCode({ code }: AppError): PolicyProblemCode {
  return code === 'POLICY_FILE_MISSING' || code === 'POLICY_FILE_OUTSIDE' ? code : 'POLICY_FILE_UNREADABLE';
}

function lintLock(policy: Policy, files: ReadonlyMap<string, Uint8Array>, say: SayAt): void {
  const { lock, lockHead } = policy.bases ?? {};
  if (lock === undefined) return;
  const bytes = files.get(lock);
  if (bytes === undefined && lockHead === undefined) {
    say('bases.lock', {
      severity: 'info',
      code: 'POLICY_LOCK_MISSING',
      message: `${lock} is not there yet: until it is, every check of a base is an error`,
      hint: 'run waybill base lock with this policy',
    });
    return;
  }
  const head = { value: null as string | null };
  const error = errorOf(() => {
    head.value = bytes === undefined ? null : parseLock(bytes).head;
  });
  if (error !== undefined) sayError(say, 'bases.lock', { error, code: 'POLICY_LOCK_INVALID' });
  else if (lockHead !== undefined && head.value !== lockHead) {
    say('bases.lockHead', {
      severity: 'error',
      code: 'POLICY_LOCK_HEAD_MISMATCH',
      message: `the lock ends in ${head.value ?? 'nothing'}, the policy pins ${lockHead}`,
      hint: 'review what was appended to the lock, then pin its new head',
    });
  }
}

function errorOf(run: () => unknown): AppError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

function sayError(
  say: SayAt,
  path: string,
  { error, code }: { readonly error: AppError; readonly code: PolicyProblemCode },
): void {
  say(path, {
    severity: 'error',
    code,
    message: `${path}: ${error.message}`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
