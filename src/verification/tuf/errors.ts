import { defineErrors, ExitCode, type ErrorTable } from '../../core/index.ts';

/** What can go wrong between a TUF repository and a file taken from it. */
export const TUF_ERRORS = {
  /** The mirror is not an https URL (http: loopback only), or has a user name, a query or a fragment. */
  TUF_MIRROR_INVALID: ExitCode.Usage,
  /** A mirror whose root does not ship with waybill, and no root file. */
  TUF_ROOT_REQUIRED: ExitCode.Usage,
  /** The root to start from is not signed root metadata. */
  TUF_ROOT_INVALID: ExitCode.Input,
  /** The mirror answers with an error, or not at all. */
  TUF_MIRROR_UNAVAILABLE: ExitCode.Remote,
  /** The mirror sends its clients to another host. */
  TUF_MIRROR_REDIRECT: ExitCode.Remote,
  TUF_TIMEOUT: ExitCode.Remote,
  /** Offline, and nothing usable was kept or ships with waybill. */
  TUF_NOTHING_KEPT: ExitCode.Remote,
  TUF_TOO_LARGE: ExitCode.Remote,
  TUF_METADATA_INVALID: ExitCode.Remote,
  /** Fewer keys signed than the root asks for. */
  TUF_SIGNATURE_THRESHOLD: ExitCode.Remote,
  /** A version older than one seen before: an old state is served again. */
  TUF_ROLLBACK: ExitCode.Remote,
  /** A version other than the one announced. */
  TUF_VERSION_MISMATCH: ExitCode.Remote,
  /** Size or digest differ from what signed metadata says. */
  TUF_CONTENT_MISMATCH: ExitCode.Remote,
  TUF_EXPIRED: ExitCode.Remote,
  TUF_TARGET_NOT_FOUND: ExitCode.Remote,
} as const satisfies ErrorTable;

export type TufErrorCode = keyof typeof TUF_ERRORS;

export const tufError = defineErrors(TUF_ERRORS);
