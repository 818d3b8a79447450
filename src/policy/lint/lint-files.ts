import { isAppError, type AppError } from '../../core/index.ts';
import { parsePublicKey } from '../../keys/index.ts';
import { parseLock } from '../../provenance/index.ts';
import { parseTrustedRoots } from '../../verification/index.ts';
import { policyFiles, readPolicyFiles } from '../file/load-policy.ts';
import type { PolicyProblem, PolicyProblemCode } from '../file/problem.ts';
import { readProgram } from '../rego/read-program.ts';
import { isRegoSource } from '../rego/sources.ts';
import { sayInto, type SayAt } from '../file/say.ts';
import type { SourcePosition } from '../file/source-tree.ts';
import type { Policy } from '../file/types.ts';

export interface LintedFiles {
  readonly problems: readonly PolicyProblem[];
  /** Bytes by the path written in the policy. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the files that a policy refers to and says of each what is wrong with it, at the place that names it: missing, outside the policy's folder, no public key,
 * no lock, a lock with another head, no trusted root, no compiled Rego.
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
    const { error } = attempt(() => parsePublicKey(bytes));
    if (error !== undefined) sayError(say, `identities.${name}.key`, { error, code: 'POLICY_KEY_INVALID' });
  }
  lintLock(policy, files, say);
  lintTrust(policy, files, say);
  lintRego(policy, files, say);
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
  const { value: head, error } = attempt(() => (bytes === undefined ? null : parseLock(bytes).head));
  if (error !== undefined) sayError(say, 'bases.lock', { error, code: 'POLICY_LOCK_INVALID' });
  else if (lockHead !== undefined && head !== lockHead) {
    say('bases.lockHead', {
      severity: 'error',
      code: 'POLICY_LOCK_HEAD_MISMATCH',
      message: `the lock ends in ${head ?? 'nothing'}, the policy pins ${lockHead}`,
      hint: 'review what was appended to the lock, then pin its new head',
    });
  }
}

function lintTrust(policy: Policy, files: ReadonlyMap<string, Uint8Array>, say: SayAt): void {
  const { trustedRoot, tuf } = policy.trust ?? {};
  const bytes = trustedRoot === undefined ? undefined : files.get(trustedRoot);
  const { error } = attempt(() => bytes !== undefined && parseTrustedRoots(bytes));
  if (error !== undefined) sayError(say, 'trust.trustedRoot', { error, code: 'POLICY_TRUST_ROOT_INVALID' });
  if (trustedRoot === undefined || tuf === undefined) return;
  say('trust.tuf', {
    code: 'POLICY_UNUSED',
    message: 'the trusted root that is named goes before a repository of them, which is never asked',
    hint: 'remove one of the two',
  });
}

/** Sources are compiled where a policy is used; what is compiled already can be read now. */
function lintRego(policy: Policy, files: ReadonlyMap<string, Uint8Array>, say: SayAt): void {
  for (const [index, rule] of policy.rules.entries()) {
    for (const [at, { bundle, entrypoint }] of (rule.rego ?? []).entries()) {
      const path = `rules[${index}].rego[${at}].bundle`;
      const bytes = files.get(bundle);
      if (isRegoSource(bundle)) {
        say(path, {
          severity: 'info',
          code: 'POLICY_REGO_SOURCE',
          message: `${bundle} is a source: without an opa program to compile it with (--opa) the check is an error`,
          hint: 'name a bundle made with opa build -t wasm to need no such program',
        });
      } else if (bytes !== undefined) {
        const { value: program, error } = attempt(() => readProgram(bytes));
        if (error !== undefined) sayError(say, path, { error, code: 'POLICY_REGO_INVALID' });
        const entrypoints = program?.entrypoints;
        lintEntrypoint(`rules[${index}].rego[${at}].entrypoint`, { bundle, entrypoint, entrypoints }, say);
      }
    }
  }
}

interface NamedEntrypoint {
  readonly bundle: string;
  readonly entrypoint: string;
  readonly entrypoints: readonly string[] | undefined;
}

function lintEntrypoint(path: string, { bundle, entrypoint, entrypoints }: NamedEntrypoint, say: SayAt): void {
  if (entrypoints === undefined || entrypoints.includes(entrypoint)) return;
  const known = entrypoints.slice(0, 20).join(', ');
  say(path, {
    code: 'POLICY_UNREACHABLE',
    message: `${bundle} was not compiled for ${entrypoint}, so the check will be an error`,
    hint: `it says that it was compiled for ${known === '' ? 'nothing' : known}`,
  });
}

/** What reading something gives, or why it cannot be read. */
function attempt<T>(read: () => T): { readonly value?: T; readonly error?: AppError } {
  try {
    return { value: read() };
  } catch (error) {
    if (isAppError(error)) return { error };
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
