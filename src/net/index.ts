export { hostOf, isLinkLocalHost, isLoopbackHost } from './addresses.ts';
export type { NetErrorCode } from './errors.ts';
export { createHttpClient } from './http-client.ts';
export { proxyFor } from './proxy.ts';
export { isRedirect, resolveLocation, sameOrigin } from './redirect.ts';
export { parseRetryAfter } from './retry.ts';
export type {
  FetchFunction,
  FetchInit,
  FetchResponse,
  HttpBody,
  HttpClient,
  HttpClientOptions,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  RetrySettings,
  Sleep,
  Timeouts,
} from './types.ts';
