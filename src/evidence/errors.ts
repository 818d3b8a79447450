import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

export const EVIDENCE_ERRORS = {
  EVIDENCE_MALFORMED: ExitCode.Input,
  EVIDENCE_BLOB_MISMATCH: ExitCode.Input,
  EVIDENCE_BLOB_MISSING: ExitCode.Input,
  EVIDENCE_CONTRADICTION: ExitCode.Input,
  EVIDENCE_TOO_LARGE: ExitCode.Input,
} as const satisfies ErrorTable;

export const evidenceError = defineErrors(EVIDENCE_ERRORS);
