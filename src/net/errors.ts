import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** What can go wrong between this process and an HTTP server; answers with a status are results, not errors. */
export const NET_ERRORS = {
  /** The client was made with `offline`. */
  NET_OFFLINE: ExitCode.Remote,
  NET_URL_INVALID: ExitCode.Usage,
  NET_NAME_NOT_FOUND: ExitCode.Remote,
  NET_CONNECTION_REFUSED: ExitCode.Remote,
  /** The connection was made and broke. */
  NET_CONNECTION_LOST: ExitCode.Remote,
  NET_UNREACHABLE: ExitCode.Remote,
  /** A deadline passed: connecting, waiting for headers, or waiting for more of a body. */
  NET_TIMEOUT: ExitCode.Remote,
  /** The server's certificate does not lead to a trusted authority, or is for another name. */
  NET_TLS_UNTRUSTED: ExitCode.Remote,
  /** Not TLS, or not HTTP, at the other end. */
  NET_PROTOCOL: ExitCode.Remote,
  NET_PROXY_FAILED: ExitCode.Remote,
  /** A proxy variable is not a URL. */
  NET_PROXY_INVALID: ExitCode.Usage,
  /** A file of certificate authorities holds none. */
  NET_CA_INVALID: ExitCode.Usage,
  NET_REDIRECT_REFUSED: ExitCode.Remote,
  NET_REDIRECT_LIMIT: ExitCode.Remote,
  /** A name that leads to link-local addresses only. */
  NET_ADDRESS_REFUSED: ExitCode.Remote,
  NET_RESPONSE_TOO_LARGE: ExitCode.Remote,
} as const satisfies ErrorTable;

export type NetErrorCode = keyof typeof NET_ERRORS;

export const netError = defineErrors(NET_ERRORS);
