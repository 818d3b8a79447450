import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of asking for a verification; a bundle that does not verify is a verdict, not an error. */
export const VERIFICATION_ERRORS = {
  /** Neither key nor identity was given: "anybody" is never meant. */
  VERIFICATION_NO_KEYS: ExitCode.Usage,
  /** Identities without a trusted root: certificates prove nothing without it. */
  VERIFICATION_NO_TRUST_ROOT: ExitCode.Usage,
  /** A rule for identities that says nothing, or an expression that is not RE2 syntax. */
  VERIFICATION_IDENTITY: ExitCode.Usage,
  /** A trusted root, or certificates in its place, that do not parse. */
  TRUST_ROOT_MALFORMED: ExitCode.Input,
  /** A threshold that is not a whole number from 1 to the number of keys and identities. */
  VERIFICATION_THRESHOLD: ExitCode.Usage,
} as const satisfies ErrorTable;

export const verificationError = defineErrors(VERIFICATION_ERRORS);
