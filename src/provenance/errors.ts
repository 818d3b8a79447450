import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

export const PROVENANCE_ERRORS = {
  LOCK_MALFORMED: ExitCode.Input,
  LOCK_CHAIN_BROKEN: ExitCode.Input,
  LOCK_BLOB_MISMATCH: ExitCode.Input,
  LOCK_BLOB_MISSING: ExitCode.Input,
  LOCK_PLATFORM_MISMATCH: ExitCode.Input,
  LOCK_FILE_LIST_MALFORMED: ExitCode.Input,
  LOCK_FILE_LIST_TOO_LARGE: ExitCode.Input,
  LOCK_TOO_LARGE: ExitCode.Input,
  LOCK_MERGE_CONFLICT: ExitCode.Input,
} as const satisfies ErrorTable;

export const provenanceError = defineErrors(PROVENANCE_ERRORS);
