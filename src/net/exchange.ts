import { Readable } from 'node:stream';
import { TOOL_NAME, TOOL_VERSION } from '../core/index.ts';
import type { Agents } from './agents.ts';
import { connectionError } from './connection-error.ts';
import { Deadline } from './deadline.ts';
import { netError } from './errors.ts';
import { responseBody } from './response-body.ts';
import type { FetchFunction, FetchResponse, HttpBody, HttpMethod, HttpResponse, Timeouts } from './types.ts';

/** One request to one server, and its answer. */
export interface Exchange {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HttpBody | undefined;
  readonly signal: AbortSignal;
}

export interface ExchangeParts {
  readonly fetch: FetchFunction;
  readonly agents: Agents;
  readonly timeouts: Timeouts;
  readonly caFlag: string | undefined;
}

/** Bytes are sent in pieces of this size, so that a slow line is told from a dead one. */
const PIECE_BYTES = 256 * 1024;

/** @throws AppError of NET_ERRORS, INTERRUPTED */
export async function exchange(request: Exchange, parts: ExchangeParts): Promise<HttpResponse> {
  const what = describe(request);
  const deadline = new Deadline(request.signal, what);
  try {
    if (deadline.failure) throw deadline.failure;
    const agent = await parts.agents.for(request.url);
    deadline.arm('headers', parts.timeouts.headersMs);
    const response = await parts.fetch(request.url.href, {
      method: request.method,
      headers: headersOf(request),
      ...(request.body
        ? { body: Readable.from(sending(request.body, deadline, parts.timeouts), { objectMode: false }) }
        : {}),
      redirect: 'manual',
      compress: false,
      signal: deadline.signal,
      agent,
    });
    deadline.disarm();
    if (response.status === 407)
      throw netError('NET_PROXY_FAILED', `${what}: the proxy asks for credentials`, {
        hint: 'put them into the proxy variable: http://USER:PASSWORD@HOST:PORT',
      });
    return toResponse(request, response, { deadline, what, idleMs: parts.timeouts.idleMs });
  } catch (cause) {
    const failure = deadline.failure ?? connectionError(cause, what, parts.caFlag);
    deadline.cancel();
    throw failure;
  }
}

/** Method and URL without query and userinfo: queries of uploads and downloads carry signatures. */
function describe(request: Exchange): string {
  return `${request.method} ${request.url.origin}${request.url.pathname}`;
}

function headersOf(request: Exchange): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': `${TOOL_NAME}/${TOOL_VERSION}`, ...request.headers };
  if (request.body) headers['content-length'] = String(sizeOf(request.body));
  else if (request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH')
    headers['content-length'] = '0';
  return headers;
}

function sizeOf(body: HttpBody): number {
  return body.kind === 'bytes' ? body.bytes.byteLength : body.sizeBytes;
}

async function* sending(body: HttpBody, deadline: Deadline, timeouts: Timeouts): AsyncGenerator<Uint8Array> {
  const pieces = body.kind === 'bytes' ? slices(body.bytes) : body.kind === 'factory' ? body.open() : body.stream;
  for await (const piece of pieces) {
    deadline.arm('upload', timeouts.idleMs);
    yield piece;
  }
  deadline.arm('headers', timeouts.headersMs);
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES) {
    yield bytes.subarray(offset, offset + PIECE_BYTES);
  }
}

function toResponse(
  request: Exchange,
  response: FetchResponse,
  reading: { readonly deadline: Deadline; readonly what: string; readonly idleMs: number },
): HttpResponse {
  const expected = request.method !== 'HEAD' && response.status !== 204 && response.status !== 304;
  return {
    status: response.status,
    url: request.url,
    header: (name) => response.headers.get(name) ?? undefined,
    ...responseBody({ response, expected, ...reading }),
  };
}
