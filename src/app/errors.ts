import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors that belong to a use case rather than to a room. */
export const APP_ERRORS = {
  NOTHING_CATALOGUED: ExitCode.Partial,
  SOURCE_DATE_EPOCH_INVALID: ExitCode.Usage,
  OUTPUT_CONFLICT: ExitCode.Usage,
  NEEDS_REGISTRY_OR_LAYOUT: ExitCode.Usage,
  AS_NEEDS_ONE_IMAGE: ExitCode.Usage,
  AS_INVALID: ExitCode.Usage,
  NO_IMAGES: ExitCode.Usage,
  STDIN_TWICE: ExitCode.Usage,
  PINS_NEED_FILES: ExitCode.Usage,
  CONTAINERD_REQUEST_INVALID: ExitCode.Usage,
  OUTPUT_FORMAT_UNKNOWN: ExitCode.Usage,
  SELF_VERIFICATION_FAILED: ExitCode.Remote,
  BASE_ENTRY_UNKNOWN: ExitCode.Usage,
  NOTHING_TO_LOCK: ExitCode.Usage,
  LOCK_HEAD_NOT_PINNED: ExitCode.Usage,
  LOCK_ARTIFACT_INVALID: ExitCode.Input,
  LOCK_DIVERGED: ExitCode.Input,
  LOCK_UNTRUSTED: ExitCode.Input,
  BASE_UNKNOWN: ExitCode.Input,
  BASE_LOCK_EMPTY: ExitCode.Usage,
  FOLDER_TOO_LARGE: ExitCode.Input,
  POLICY_TESTS_MISSING: ExitCode.Input,
  POLICY_TESTS_FILE_MISSING: ExitCode.Input,
  POLICY_TESTS_OUTSIDE: ExitCode.Usage,
  EVIDENCE_MISSING: ExitCode.Input,
  KEY_OUTSIDE_POLICY: ExitCode.Usage,
  INPUT_CHOICE: ExitCode.Usage,
  REGO_COMPILE_FAILED: ExitCode.Usage,
} as const satisfies ErrorTable;

export const appError = defineErrors(APP_ERRORS);
