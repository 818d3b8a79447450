import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of signing. */
export const SIGNING_ERRORS = {
  /** The signature just made does not verify: a broken signer. Nothing was written. */
  SIGNING_SELF_CHECK_FAILED: ExitCode.Internal,
  /** The bundle would be larger than verifiers accept. */
  SIGNING_TOO_LARGE: ExitCode.Input,
} as const satisfies ErrorTable;

export const signingError = defineErrors(SIGNING_ERRORS);
