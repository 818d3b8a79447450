import { defineErrors, type ErrorTable } from './app-error.ts';
import { ExitCode } from './exit-code.ts';

/** Errors of no particular room. */
export const CORE_ERRORS = {
  USAGE: ExitCode.Usage,
  CONFIG_INVALID: ExitCode.Usage,
  INTERRUPTED: ExitCode.Interrupted,
  DEADLINE_EXCEEDED: ExitCode.Remote,
  FILE_NOT_FOUND: ExitCode.Input,
  FILE_UNREADABLE: ExitCode.Input,
  FILE_NOT_REGULAR: ExitCode.Input,
  FILE_EXISTS: ExitCode.Usage,
  FILE_UNWRITABLE: ExitCode.Usage,
  LIMIT_EXCEEDED: ExitCode.Input,
  DIGEST_INVALID: ExitCode.Input,
  DIGEST_MISMATCH: ExitCode.Input,
  JSON_INVALID: ExitCode.Input,
  HELPER_NOT_FOUND: ExitCode.Usage,
  HELPER_FAILED: ExitCode.Auth,
  INTERNAL: ExitCode.Internal,
} as const satisfies ErrorTable;

export const coreError = defineErrors(CORE_ERRORS);
