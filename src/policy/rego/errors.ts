import { defineErrors, ExitCode, type ErrorTable } from '../../core/index.ts';

/** Why a program of a policy gave no answer. Each is an error of the check, so it denies. */
export const POLICY_PROGRAM_ERRORS = {
  REGO_BUNDLE_INVALID: ExitCode.Usage,
  REGO_NOT_COMPILED: ExitCode.Usage,
  REGO_ENTRYPOINT_MISSING: ExitCode.Usage,
  REGO_BUILTIN_MISSING: ExitCode.Usage,
  REGO_TRAP: ExitCode.Usage,
  REGO_TIMEOUT: ExitCode.Usage,
  REGO_MEMORY: ExitCode.Usage,
  REGO_UNDEFINED: ExitCode.Usage,
  REGO_RESULT_INVALID: ExitCode.Usage,
} as const satisfies ErrorTable;

export type PolicyProgramErrorCode = keyof typeof POLICY_PROGRAM_ERRORS;

export const policyProgramError = defineErrors(POLICY_PROGRAM_ERRORS);

export function isPolicyProgramErrorCode(code: string): code is PolicyProgramErrorCode {
  return Object.hasOwn(POLICY_PROGRAM_ERRORS, code);
}
