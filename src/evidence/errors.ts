import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

export const EVIDENCE_ERRORS = {
  EVIDENCE_MALFORMED: ExitCode.Input,
  EVIDENCE_BLOB_MISMATCH: ExitCode.Input,
  EVIDENCE_BLOB_MISSING: ExitCode.Input,
  EVIDENCE_CONTRADICTION: ExitCode.Input,
  EVIDENCE_TOO_LARGE: ExitCode.Input,
} as const satisfies ErrorTable;

/** What to do about evidence that nobody collected so. */
export const ALTERED = 'the evidence was altered or damaged: collect it again';

export const evidenceError = defineErrors(EVIDENCE_ERRORS);

/** @throws AppError EVIDENCE_CONTRADICTION */
export function contradiction(what: string): never {
  throw evidenceError('EVIDENCE_CONTRADICTION', what, { hint: ALTERED });
}
