import { isAppError, type AppError } from '../core/index.ts';
import { netError, type NetErrorCode } from './errors.ts';

const BY_CODE: Readonly<Record<string, readonly [NetErrorCode, string]>> = {
  ENOTFOUND: ['NET_NAME_NOT_FOUND', 'the name is not known'],
  EAI_AGAIN: ['NET_UNREACHABLE', 'the name cannot be looked up at the moment'],
  ECONNREFUSED: ['NET_CONNECTION_REFUSED', 'nothing listens there'],
  ECONNRESET: ['NET_CONNECTION_LOST', 'the connection was closed before the answer was complete'],
  ECONNABORTED: ['NET_CONNECTION_LOST', 'the connection was aborted'],
  EPIPE: ['NET_CONNECTION_LOST', 'the connection was closed while sending'],
  ERR_STREAM_PREMATURE_CLOSE: ['NET_CONNECTION_LOST', 'the connection was closed before the answer was complete'],
  ERR_STREAM_DESTROYED: ['NET_CONNECTION_LOST', 'the connection was closed'],
  ENETUNREACH: ['NET_UNREACHABLE', 'there is no route to it'],
  EHOSTUNREACH: ['NET_UNREACHABLE', 'there is no route to it'],
  ENETDOWN: ['NET_UNREACHABLE', 'the network is down'],
  ETIMEDOUT: ['NET_TIMEOUT', 'the connection timed out'],
  EPROTO: ['NET_PROTOCOL', 'the TLS handshake failed'],
  // made by our own agents, and known by their code once fetch has wrapped them
  NET_TIMEOUT: ['NET_TIMEOUT', 'no connection was made in time'],
  NET_ADDRESS_REFUSED: ['NET_ADDRESS_REFUSED', 'the name leads to link-local addresses only'],
};

const UNTRUSTED =
  /^(?:CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

/**
 * The AppError that a failed exchange stands for.
 * @param what names request and URL, without query
 * @param caFlag flag that takes a CA file for this server
 */
export function connectionError(cause: unknown, what: string, caFlag?: string): AppError {
  if (isAppError(cause)) return cause;
  const code = systemCode(cause);
  const details = { systemCode: code ?? 'unknown' };
  if (code !== undefined && UNTRUSTED.test(code)) {
    return netError('NET_TLS_UNTRUSTED', `${what}: the server's certificate is not trusted (${code})`, {
      cause,
      details,
      hint: `if a private authority issued it, name that authority in a CA file${caFlag === undefined ? '' : `: ${caFlag} FILE`}`,
    });
  }
  if (code !== undefined && (code.startsWith('HPE_') || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))) {
    return netError('NET_PROTOCOL', `${what}: the server does not speak the expected protocol (${code})`, {
      cause,
      details,
    });
  }
  if (code === 'NET_PROXY_FAILED') return netError(code, `${what}: ${messageOf(cause)}`, { cause });
  const [kind, words] = (code === undefined ? undefined : BY_CODE[code]) ?? ['NET_CONNECTION_LOST', messageOf(cause)];
  return netError(kind, `${what}: ${words}`, { cause, details });
}

function systemCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  if (cause instanceof AggregateError && cause.errors.length > 0) return systemCode(cause.errors[0]);
  if (cause.message === 'Premature close') return 'ERR_STREAM_PREMATURE_CLOSE';
  return systemCode(cause.cause);
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'the exchange failed';
  // node-fetch repeats the URL, with its query, before the reason
  return cause.message.replace(/^.*, reason: /s, '').slice(0, 300);
}
