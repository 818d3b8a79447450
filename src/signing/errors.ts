import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of signing: identities, services, and what is made of them. */
export const SIGNING_ERRORS = {
  /** What was just made does not verify: a broken signer or service. Nothing was written. */
  SIGNING_SELF_CHECK_FAILED: ExitCode.Internal,
  /** The bundle would be larger than verifiers accept, or a log refuses the size. */
  SIGNING_TOO_LARGE: ExitCode.Input,
  /** A key and a service that do not go together. */
  SIGNING_UNSUPPORTED: ExitCode.Usage,
  /** A service's URL that is no URL, or would send secrets in the clear. */
  SIGNING_URL_INVALID: ExitCode.Usage,
  SIGNING_CONFIG_INVALID: ExitCode.Usage,
  /** The signing configuration names no service that can be used now. */
  SIGNING_CONFIG_UNSATISFIED: ExitCode.Usage,
  /** A certificate that does not belong to the key, or must not sign. */
  SIGNING_CERTIFICATE_UNUSABLE: ExitCode.Input,
  /** An external signer answered wrongly or refused. */
  SIGNER_PLUGIN_FAILED: ExitCode.Remote,
  /** No identity was given and the environment offers none. */
  IDENTITY_NOT_FOUND: ExitCode.Auth,
  IDENTITY_PROVIDER_UNKNOWN: ExitCode.Usage,
  /** A provider of identities answered wrongly or refused. */
  IDENTITY_PROVIDER_FAILED: ExitCode.Auth,
  IDENTITY_TOKEN_MALFORMED: ExitCode.Auth,
  /** Expired, about to expire, or not valid yet. */
  IDENTITY_TOKEN_EXPIRED: ExitCode.Auth,
  /** The token was made for somebody else. */
  IDENTITY_TOKEN_AUDIENCE: ExitCode.Auth,
  /** A service refused what it was asked. */
  SERVICE_REFUSED: ExitCode.Remote,
  /** A log has this very entry already and does not give it out: an earlier try was lost on the way. */
  SERVICE_ENTRY_EXISTS: ExitCode.Remote,
  SERVICE_UNAUTHORIZED: ExitCode.Auth,
  /** A service failed, after every try. */
  SERVICE_UNAVAILABLE: ExitCode.Remote,
  /** A service sends elsewhere; what is sent to a service goes nowhere else. */
  SERVICE_REDIRECTED: ExitCode.Remote,
  SERVICE_TIMEOUT: ExitCode.Remote,
  /** A service answered something that is not what was asked for. */
  SERVICE_ANSWER_INVALID: ExitCode.Remote,
} as const satisfies ErrorTable;

export const signingError = defineErrors(SIGNING_ERRORS);
