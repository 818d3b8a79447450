import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of asking for a verification; a bundle that does not verify is a verdict, not an error. */
export const VERIFICATION_ERRORS = {
  /** No key was given: "anybody" is never meant. */
  VERIFICATION_NO_KEYS: ExitCode.Usage,
  /** A threshold that is not a whole number from 1 to the number of keys. */
  VERIFICATION_THRESHOLD: ExitCode.Usage,
} as const satisfies ErrorTable;

export const verificationError = defineErrors(VERIFICATION_ERRORS);
