import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** What a registry can answer or do wrong. `DIGEST_MISMATCH` and `LIMIT_EXCEEDED` are core's; other failures of the line are `NET_*`. */
export const REGISTRY_ERRORS = {
  /** 401, credentials or not. */
  REGISTRY_UNAUTHORIZED: ExitCode.Auth,
  /** 403. */
  REGISTRY_FORBIDDEN: ExitCode.Auth,
  /** A bearer realm on a host that credentials must not go to. */
  REGISTRY_REALM_REFUSED: ExitCode.Auth,
  /** A challenge or token answer that cannot be understood. */
  REGISTRY_AUTH_MALFORMED: ExitCode.Auth,
  /** A credentials file that cannot be understood. */
  REGISTRY_CREDENTIALS_INVALID: ExitCode.Usage,
  /** A credential helper that failed (not: had nothing). */
  REGISTRY_CREDENTIAL_HELPER: ExitCode.Auth,
  /** 429. */
  REGISTRY_RATE_LIMITED: ExitCode.Remote,
  /** 5xx. */
  REGISTRY_SERVER_ERROR: ExitCode.Remote,
  /** No connection, or one that broke. */
  REGISTRY_UNREACHABLE: ExitCode.Remote,
  REGISTRY_TIMEOUT: ExitCode.Remote,
  /** Any other status or shape. */
  REGISTRY_UNEXPECTED_ANSWER: ExitCode.Remote,
  /** 4xx to an upload: the registry does not take it. */
  REGISTRY_REJECTED: ExitCode.Remote,
  /** The registry deletes no manifests. */
  REGISTRY_DELETE_UNSUPPORTED: ExitCode.Remote,
  MANIFEST_NOT_FOUND: ExitCode.Input,
  REPOSITORY_NOT_FOUND: ExitCode.Input,
  BLOB_NOT_FOUND: ExitCode.Input,
  /** Content-Type and `mediaType` of a manifest differ. */
  MEDIA_TYPE_CONFLICT: ExitCode.Input,
  /** More or fewer bytes than the descriptor says. */
  BLOB_SIZE_MISMATCH: ExitCode.Input,
  /** A transfer broke and could not be taken up again. */
  BLOB_TRANSFER_BROKEN: ExitCode.Remote,
  REFERRERS_MALFORMED: ExitCode.Remote,
  /** DOCKER_HOST and its companions. */
  ENGINE_ADDRESS_INVALID: ExitCode.Usage,
  /** No connection to a container engine, or one that broke. */
  ENGINE_UNREACHABLE: ExitCode.Remote,
  ENGINE_UNEXPECTED_ANSWER: ExitCode.Remote,
  ENGINE_IMAGE_NOT_FOUND: ExitCode.Input,
  /** The registry stored a referrer but does not list it. */
  REFERRER_NOT_LISTED: ExitCode.Remote,
  /** The fallback tag goes on listing what was removed. */
  REFERRER_STILL_LISTED: ExitCode.Remote,
} as const satisfies ErrorTable;

export type RegistryErrorCode = keyof typeof REGISTRY_ERRORS;

export const registryError = defineErrors(REGISTRY_ERRORS);
