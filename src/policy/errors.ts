import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

export const POLICY_ERRORS = {
  POLICY_INVALID: ExitCode.Usage,
  POLICY_FILE_OUTSIDE: ExitCode.Usage,
  POLICY_FILE_MISSING: ExitCode.Usage,
  POLICY_DIGEST_MISMATCH: ExitCode.Usage,
  POLICY_LOCK_HEAD_MISMATCH: ExitCode.Input,
  POLICY_KEY_INVALID: ExitCode.Usage,
  POLICY_TESTS_INVALID: ExitCode.Usage,
} as const satisfies ErrorTable;

export const policyError = defineErrors(POLICY_ERRORS);
