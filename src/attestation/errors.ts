import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of statements, bundles and what is attached to an image. */
export const ATTESTATION_ERRORS = {
  BUNDLE_MALFORMED: ExitCode.Input,
  BUNDLE_TOO_LARGE: ExitCode.Input,
  /** A bundle version that is not known, or older than what is asked for. */
  BUNDLE_VERSION: ExitCode.Input,
  STATEMENT_MALFORMED: ExitCode.Input,
  /** A predicate that is not JSON, or is over the cap. */
  PREDICATE_INVALID: ExitCode.Input,
  /** A predicate type that is neither a known short name nor a URI. */
  PREDICATE_TYPE_UNKNOWN: ExitCode.Usage,
  /** A referrer whose manifest is not that of a bundle for this subject. */
  REFERRER_MALFORMED: ExitCode.Input,
  /** More referrers at one subject than the cap. */
  REFERRERS_TOO_MANY: ExitCode.Input,
} as const satisfies ErrorTable;

export const attestationError = defineErrors(ATTESTATION_ERRORS);
