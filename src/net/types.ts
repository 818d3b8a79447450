import type { Agent as HttpAgent } from 'node:http';
import type { Readable } from 'node:stream';
import type { Runtime } from '../core/index.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request body. Bytes and factories can be sent again after a failure; a bare stream cannot. */
export type HttpBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'factory'; readonly open: () => AsyncIterable<Uint8Array>; readonly sizeBytes: number }
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<Uint8Array>; readonly sizeBytes: number };

export interface HttpRequest {
  readonly method?: HttpMethod;
  readonly url: URL;
  /** Names in lower case. `authorization` goes to the origin of `url` only, whatever redirects say. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  readonly signal: AbortSignal;
  /** `follow` (default) obeys the redirect rules; `manual` returns the 3xx answer. */
  readonly redirect?: 'follow' | 'manual';
  /** Whether sending twice does no harm. Default: GET, HEAD, PUT and DELETE. */
  readonly idempotent?: boolean;
  /** Tries in all, in place of the client's setting. */
  readonly attempts?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** One header; several of one name are joined by `, `. */
  header(name: string): string | undefined;
  /**
   * The body, once. Ends with an error when the connection breaks, nothing comes for the idle time, or less arrives than Content-Length says.
   * A response whose body is not wanted is `discard`ed.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** @throws AppError NET_RESPONSE_TOO_LARGE beyond `maxBytes`, and what `body` throws */
  bytes(maxBytes: number): Promise<Uint8Array>;
  /** Frees the connection. Harmless after the body was read. */
  discard(): Promise<void>;
}

export interface Timeouts {
  /** TCP and TLS; 15 s. */
  readonly connectMs: number;
  /** From the end of the request to the answer's headers; 60 s. */
  readonly headersMs: number;
  /** Between two pieces of a body, either way, and how long an answer may come slower than 2048 bytes a second; 60 s. */
  readonly idleMs: number;
}

export interface RetrySettings {
  /** Tries in all; 4. */
  readonly attempts: number;
  /** Delay before the second try; doubled for each further one; 400 ms. */
  readonly baseMs: number;
  /** Longest delay of the back-off; 10 s. */
  readonly maxMs: number;
  /** Longest `Retry-After` that is waited for; a longer one ends the tries; 60 s. */
  readonly retryAfterMs: number;
}

/** Waits, or rejects when the signal is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface HttpClientOptions {
  /** Environment for proxies, randomness for jitter, clock for Retry-After dates. */
  readonly runtime: Pick<Runtime, 'env' | 'now' | 'randomBytes'>;
  /** Refuses every request with NET_OFFLINE. */
  readonly offline?: boolean;
  /** PEM file of certificate authorities trusted beside the usual ones. */
  readonly caFile?: string;
  /** How users name that file (`--registry-ca`): told when a certificate is not trusted. */
  readonly caFlag?: string;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetrySettings>;
  /** In place of real waiting, for tests. */
  readonly sleep?: Sleep;
  /** In place of node-fetch. */
  readonly fetch?: FetchFunction;
}

export interface HttpClient extends AsyncDisposable {
  /**
   * Sends a request: tries again on 429, 502, 503, 504 and broken connections if that does no harm, follows redirects within the rules.
   * Any status is an answer, not an error. The answer is hostile.
   * @throws AppError of NET_ERRORS, INTERRUPTED
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Waits as long as before try `attempt` (1 = the first repetition). */
  backOff(attempt: number, signal: AbortSignal): Promise<void>;
}

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array | Readable;
  readonly redirect: 'manual';
  readonly compress: false;
  readonly signal: AbortSignal;
  readonly agent?: HttpAgent;
}

/** What is used of a fetch response. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** The part of node-fetch that the client needs. */
export type FetchFunction = (url: string, init: FetchInit) => Promise<FetchResponse>;
