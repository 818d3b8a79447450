import { coreError, isAppError, parseStrictJson, safeText, type AppError, type JsonValue } from '../core/index.ts';
import type { HttpResponse } from '../net/index.ts';
import { registryError, type RegistryErrorCode } from './errors.ts';

const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ERRORS = 5;
const MAX_MESSAGE_CHARS = 400;

const UNREACHABLE: ReadonlySet<string> = new Set([
  'NET_NAME_NOT_FOUND',
  'NET_CONNECTION_REFUSED',
  'NET_CONNECTION_LOST',
  'NET_UNREACHABLE',
  'NET_PROTOCOL',
]);

/** What was asked for: decides what a 404 means. */
export interface Asked {
  /** `manifest app:1.0`, `blob sha256:...` */
  readonly what: string;
  readonly kind: 'manifest' | 'blob' | 'upload' | 'listing' | 'token';
  readonly registry: string;
  /** Whether credentials were sent. */
  readonly authenticated?: boolean;
}

/** The AppError for a status that was not hoped for. Reads and frees the response. */
export async function answerError(response: HttpResponse, asked: Asked): Promise<AppError> {
  const errors = await readErrors(response);
  const said = errors.map(({ code, message }) => [code, message].filter((part) => part !== '').join(': ')).join('; ');
  const codes = errors.map(({ code }) => code);
  const status = response.status;

  const message = `${asked.registry} answered ${status} for ${asked.what}${said === '' ? '' : `: ${said}`}`;
  const retryAfter = response.header('retry-after')?.slice(0, 64);
  const hint = hintFor(status, asked, retryAfter);
  return registryError(codeFor(status, asked, codes), message, {
    ...(hint === undefined ? {} : { hint }),
    details: {
      status,
      registry: asked.registry,
      errors: codes,
      ...(retryAfter === undefined ? {} : { retryAfter: safeText(retryAfter) }),
    },
  });
}

function codeFor(status: number, asked: Asked, codes: readonly string[]): RegistryErrorCode {
  if (status === 401) return 'REGISTRY_UNAUTHORIZED';
  if (status === 403) return 'REGISTRY_FORBIDDEN';
  if (status === 429) return 'REGISTRY_RATE_LIMITED';
  if (status >= 500) return 'REGISTRY_SERVER_ERROR';
  if (status === 404 && asked.kind !== 'token') {
    if (codes.includes('NAME_UNKNOWN') || asked.kind === 'upload') return 'REPOSITORY_NOT_FOUND';
    if (asked.kind === 'manifest') return 'MANIFEST_NOT_FOUND';
    if (asked.kind === 'blob') return 'BLOB_NOT_FOUND';
  }
  if (status >= 400 && asked.kind === 'upload') return 'REGISTRY_REJECTED';
  return 'REGISTRY_UNEXPECTED_ANSWER';
}

function hintFor(status: number, asked: Asked, retryAfter: string | undefined): string | undefined {
  if (status === 401) {
    return asked.authenticated === true
      ? `the credentials for ${asked.registry} were not accepted: log in again. Some registries answer 401 also for repositories that do not exist`
      : `log in to ${asked.registry} (docker login, podman login, or an auth file). Some registries answer 401 also for repositories that do not exist`;
  }
  if (status === 403)
    return `these credentials do not allow this on ${asked.registry}, or the repository does not exist`;
  if (status === 404)
    return 'check the name. Many registries answer 404 also for private repositories without credentials';
  if (status === 429) {
    return retryAfter === undefined
      ? 'wait, or log in: authenticated clients have higher limits'
      : `the registry asks to wait ${safeText(retryAfter)}${/^\d+$/.test(retryAfter) ? ' seconds' : ''}; authenticated clients often have higher limits`;
  }
  return status >= 500 ? 'the registry has a problem of its own: try again later' : undefined;
}

interface RegistryMessage {
  readonly code: string;
  readonly message: string;
}

/**
 * The registry's own list of errors, made safe and short.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
async function readErrors(response: HttpResponse): Promise<readonly RegistryMessage[]> {
  try {
    const bytes = await response.bytes(MAX_ERROR_BYTES);
    if (bytes.byteLength === 0) return [];
    const document = parseStrictJson(bytes, 'error answer', { maxBytes: MAX_ERROR_BYTES, maxDepth: 16 });
    const list =
      isObject(document) && Array.isArray(document['errors']) ? (document['errors'] as JsonValue[]) : [document];
    return list
      .slice(0, MAX_ERRORS)
      .filter(isObject)
      .map(toMessage)
      .filter(({ code, message }) => code !== '' || message !== '');
  } catch {
    // the status says enough
    return [];
  }
}

function toMessage(entry: { readonly [key: string]: JsonValue | undefined }): RegistryMessage {
  const text = (...keys: string[]): string => {
    const value = keys.map((key) => entry[key]).find((candidate) => typeof candidate === 'string');
    return safeText(typeof value === 'string' ? value : '', MAX_MESSAGE_CHARS);
  };
  return { code: text('code', 'error'), message: text('message', 'details', 'error_description') };
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A failure of the line in the registry's terms; everything else as it is. */
export function lineError(error: unknown, asked: Asked): unknown {
  if (!isAppError(error)) return error;
  if (error.code === 'NET_RESPONSE_TOO_LARGE')
    return coreError('LIMIT_EXCEEDED', `${asked.what}: ${error.message}`, { cause: error });
  const code = UNREACHABLE.has(error.code)
    ? 'REGISTRY_UNREACHABLE'
    : error.code === 'NET_TIMEOUT'
      ? 'REGISTRY_TIMEOUT'
      : undefined;
  if (code === undefined) return error;
  return registryError(code, `${asked.what}: ${error.message}`, {
    cause: error,
    hint: error.hint ?? `check that ${asked.registry} is up and can be reached from here`,
    details: { ...error.details, registry: asked.registry, reason: error.code },
  });
}
