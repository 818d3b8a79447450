import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors that belong to a use case rather than to a room. */
export const APP_ERRORS = {
  NOTHING_CATALOGUED: ExitCode.Partial,
  SOURCE_DATE_EPOCH_INVALID: ExitCode.Usage,
  OUTPUT_CONFLICT: ExitCode.Usage,
  NEEDS_REGISTRY_OR_LAYOUT: ExitCode.Usage,
  AS_NEEDS_ONE_IMAGE: ExitCode.Usage,
  AS_INVALID: ExitCode.Usage,
  SELF_VERIFICATION_FAILED: ExitCode.Remote,
  BASE_ENTRY_UNKNOWN: ExitCode.Usage,
  NOTHING_TO_LOCK: ExitCode.Usage,
} as const satisfies ErrorTable;

export const appError = defineErrors(APP_ERRORS);
