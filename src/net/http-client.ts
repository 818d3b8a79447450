import { throwIfAborted } from '../core/index.ts';
import { createAgents } from './agents.ts';
import { netError } from './errors.ts';
import { exchange, type Exchange, type ExchangeParts } from './exchange.ts';
import {
  isRedirect,
  MAX_REDIRECTS,
  redirectedMethod,
  resolveLocation,
  sameOrigin,
  withoutCredentials,
} from './redirect.ts';
import { backOffMs, sleepFor, withRetry, type RetryParts } from './retry.ts';
import type {
  FetchFunction,
  HttpClient,
  HttpClientOptions,
  HttpRequest,
  HttpResponse,
  RetrySettings,
  Timeouts,
} from './types.ts';

const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 15_000, headersMs: 60_000, idleMs: 60_000 };
const DEFAULT_RETRY: RetrySettings = { attempts: 4, baseMs: 400, maxMs: 10_000, retryAfterMs: 60_000 };

/** An HTTP client. Opens nothing until the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const settings = { ...DEFAULT_RETRY, ...options.retry };
  const agents = createAgents({ env: options.runtime.env, caFile: options.caFile, connectMs: timeouts.connectMs });
  const retryParts: RetryParts = { settings, runtime: options.runtime, sleep: options.sleep ?? sleepFor };
  return {
    async request(request) {
      throwIfAborted(request.signal);
      checkUrl(request.url);
      if (options.offline === true) {
        throw netError('NET_OFFLINE', `${request.url.host} would have to be asked, which --offline forbids`);
      }
      const parts = { fetch: options.fetch ?? (await loadFetch()), agents, timeouts, caFlag: options.caFlag };
      const attempts = maySendAgain(request) ? (request.attempts ?? settings.attempts) : 1;
      return withRetry(() => follow(request, parts), request.signal, {
        ...retryParts,
        settings: { ...settings, attempts },
      });
    },
    backOff: (attempt, signal) => retryParts.sleep(backOffMs(attempt, retryParts), signal),
    [Symbol.asyncDispose]: () => agents.close(),
  };
}

async function loadFetch(): Promise<FetchFunction> {
  const { default: fetch } = await import('node-fetch');
  return fetch as unknown as FetchFunction;
}

function checkUrl(url: URL): void {
  const web = url.protocol === 'http:' || url.protocol === 'https:';
  if (!web || url.username !== '' || url.password !== '') {
    throw netError('NET_URL_INVALID', `${url.protocol}//${url.host} is not a plain http or https URL`);
  }
}

function maySendAgain(request: HttpRequest): boolean {
  if (request.body?.kind === 'stream') return false;
  const method = request.method ?? 'GET';
  return request.idempotent ?? (method !== 'POST' && method !== 'PATCH');
}

/** One request with its redirects. Credentials that were dropped on the way stay dropped. */
async function follow(request: HttpRequest, parts: ExchangeParts): Promise<HttpResponse> {
  let current: Exchange = {
    method: request.method ?? 'GET',
    url: request.url,
    headers: request.headers ?? {},
    body: request.body,
    signal: request.signal,
  };
  for (let hops = 0; ; hops += 1) {
    const response = await exchange(current, parts);
    if (request.redirect === 'manual' || !isRedirect(response.status)) return response;
    await response.discard();
    if (hops >= MAX_REDIRECTS) {
      throw netError('NET_REDIRECT_LIMIT', `${request.url.origin} redirects more than ${MAX_REDIRECTS} times`);
    }
    current = redirected(current, response);
  }
}

function redirected(current: Exchange, response: HttpResponse): Exchange {
  const url = resolveLocation(response.header('location'), current.url);
  const method = redirectedMethod(response.status, current.method);
  if (method === undefined || current.body?.kind === 'stream') {
    throw netError(
      'NET_REDIRECT_REFUSED',
      `${current.url.origin} redirects a ${current.method} with ${response.status}, which cannot be followed`,
    );
  }
  const headers = sameOrigin(url, current.url) ? current.headers : withoutCredentials(current.headers);
  return { ...current, url, method, headers };
}
