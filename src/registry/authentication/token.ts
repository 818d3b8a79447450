import { parseStrictJson, type JsonValue } from '../../core/index.ts';
import type { HttpBody, HttpClient, HttpResponse } from '../../net/index.ts';
import type { Credentials } from '../credentials/types.ts';
import { answerError, lineError, type Asked } from '../error-response.ts';
import { registryError } from '../errors.ts';

const MAX_TOKEN_ANSWER_BYTES = 256 * 1024;
const MAX_TOKEN_CHARS = 64 * 1024;
/** What the specification says for answers without `expires_in`. */
const DEFAULT_EXPIRY_SECONDS = 60;
/** Tokens are given up this long before they expire, for clocks and slow lines. */
const MARGIN_SECONDS = 10;

export interface TokenRequest {
  /** Checked by the realm rule. */
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly registry: string;
}

export interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
}

/**
 * Asks a token server for a token: GET with Basic credentials or none; POST with a refresh token where one is kept.
 * @throws AppError REGISTRY_UNAUTHORIZED, REGISTRY_AUTH_MALFORMED, and the registry's
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(
  request: TokenRequest,
  parts: { readonly client: HttpClient; readonly now: () => Date; readonly signal: AbortSignal },
): Promise<Token> {
  const asked: Asked = {
    what: `a token of ${request.realm.host}`,
    kind: 'token',
    registry: request.registry,
    authenticated: request.credentials !== undefined,
  };
  try {
    const response = await send(request, parts.client, parts.signal);
    if (response.status !== 200) throw await answerError(response, asked);
    return readToken(await response.bytes(MAX_TOKEN_ANSWER_BYTES), request.registry, parts.now());
  } catch (error) {
    throw lineError(error, asked);
  }
}

function send(request: TokenRequest, client: HttpClient, signal: AbortSignal): Promise<HttpResponse> {
  const { realm, service, scopes, credentials } = request;
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.token,
      client_id: 'waybill',
    });
    if (service !== undefined) form.set('service', service);
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const body: HttpBody = { kind: 'bytes', bytes: Buffer.from(form.toString()) };
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    return client.request({ method: 'POST', url: realm, headers, body, signal, idempotent: true, redirect: 'manual' });
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = {
    accept: 'application/json',
    ...(credentials?.kind === 'password' ? { authorization: basicAuthorization(credentials) } : {}),
  };
  return client.request({ url, headers, signal });
}

export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}

function readToken(bytes: Uint8Array, registry: string, now: Date): Token {
  const malformed = (cause?: unknown): Error =>
    registryError('REGISTRY_AUTH_MALFORMED', `the token server of ${registry} answered without a usable token`, {
      cause,
    });
  let document: JsonValue;
  try {
    document = parseStrictJson(bytes, 'token answer', { maxBytes: MAX_TOKEN_ANSWER_BYTES, maxDepth: 16 });
  } catch (cause) {
    throw malformed(cause);
  }
  if (typeof document !== 'object' || document === null) throw malformed();
  const fields = document as { readonly [key: string]: JsonValue | undefined };
  const value = fields['token'] ?? fields['access_token'];
  // a token goes into a header: nothing but visible ASCII
  if (typeof value !== 'string' || value.length > MAX_TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(value)) throw malformed();
  const stated = fields['expires_in'];
  const seconds = typeof stated === 'number' && stated > 0 ? Math.min(stated, 86_400) : DEFAULT_EXPIRY_SECONDS;
  return { value, expiresAtMs: now.getTime() + Math.max(seconds - MARGIN_SECONDS, seconds / 2) * 1000 };
}
