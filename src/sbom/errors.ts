import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of the SBOM room. */
export const SBOM_ERRORS = {
  /** `-o` names no format that is written here. */
  SBOM_FORMAT_UNKNOWN: ExitCode.Usage,
  /** What was written breaks the official schema: a bug. */
  SBOM_INVALID: ExitCode.Internal,
  /** A document that was read is no CycloneDX JSON, or breaks its rules. */
  SBOM_MALFORMED: ExitCode.Input,
  /** More components or nesting than anything real has. */
  SBOM_TOO_LARGE: ExitCode.Input,
} as const satisfies ErrorTable;

export const sbomError = defineErrors(SBOM_ERRORS);
