import { abortError, LIMITS, parseStrictJson, redactSecrets, safeText, type JsonValue } from '../../core/index.ts';
import { isRedirect, type HttpClient, type HttpMethod, type HttpResponse } from '../../net/index.ts';
import { signingError } from '../errors.ts';

export interface ServiceCall {
  /** Names the service in messages: `the certificate authority`. */
  readonly what: string;
  readonly url: URL;
  readonly method: HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** For all tries together. */
  readonly timeLimitMs: number;
  readonly maxAnswerBytes: number;
  /** Statuses that are answers beside the 2xx. */
  readonly accept?: readonly number[];
  /** Words that no message may repeat, whatever the service answers. */
  readonly secrets?: readonly string[];
  readonly signal: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
  header(name: string): string | undefined;
}

/** Tries of a call that ends in status 500; other faults are the HTTP client's to repeat. */
const MAX_TRIES = 3;
const MAX_QUOTED_CHARS = 300;

/**
 * Calls one of Sigstore's services. Everything that is sent may be sent twice without harm. Redirects are never followed: a request carries a token or
 * asks for trust, and goes to the host it was meant for only.
 * @throws AppError SERVICE_REFUSED, SERVICE_UNAUTHORIZED, SERVICE_UNAVAILABLE, SERVICE_REDIRECTED, SERVICE_TIMEOUT, SIGNING_TOO_LARGE, and those of the
 * client (NET_*)
 */
export async function callService(client: HttpClient, call: ServiceCall): Promise<ServiceAnswer> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(
      signingError('SERVICE_TIMEOUT', `${call.what} (${call.url.host}) did not answer within ${call.timeLimitMs} ms`),
    );
  }, call.timeLimitMs);
  const signal = AbortSignal.any([call.signal, limit.signal]);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(client, call, signal);
      if (answer.status !== 500 || attempt >= MAX_TRIES) return judged(answer, call);
      await client.backOff(attempt, signal);
    }
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The answer's JSON, strictly. @throws AppError SERVICE_ANSWER_INVALID */
export function answerJson(answer: ServiceAnswer, call: Pick<ServiceCall, 'what' | 'url'>): JsonValue {
  try {
    return parseStrictJson(answer.bytes, 'the answer', { maxBytes: LIMITS.bundleBytes * 2, maxDepth: 32 });
  } catch {
    // the parser's words would quote the answer, which may repeat a token
    throw invalidAnswer(call, 'is not JSON');
  }
}

/** For answers that are well-formed HTTP and wrong. */
export function invalidAnswer(call: Pick<ServiceCall, 'what' | 'url'>, why: string): Error {
  return signingError('SERVICE_ANSWER_INVALID', `the answer of ${call.what} (${call.url.host}) ${why}`);
}

async function once(client: HttpClient, call: ServiceCall, signal: AbortSignal): Promise<ServiceAnswer> {
  const response: HttpResponse = await client.request({
    method: call.method,
    url: call.url,
    headers: call.headers ?? {},
    ...(call.body === undefined ? {} : { body: { kind: 'bytes', bytes: call.body } }),
    redirect: 'manual',
    idempotent: true,
    signal,
  });
  if (isRedirect(response.status)) {
    await response.discard();
    throw signingError('SERVICE_REDIRECTED', `${call.what} (${call.url.host}) answers with a redirect`, {
      hint: 'give the URL where the service really is; requests of signing are never sent elsewhere',
    });
  }
  const bytes = await response.bytes(call.maxAnswerBytes);
  return { status: response.status, bytes, header: (name) => response.header(name) };
}

function judged(answer: ServiceAnswer, call: ServiceCall): ServiceAnswer {
  const { status } = answer;
  if ((status >= 200 && status < 300) || call.accept?.includes(status) === true) return answer;
  const words = `${call.what} (${call.url.host}) answered ${status}${quoted(answer, call)}`;
  if (status === 401 || status === 403) throw signingError('SERVICE_UNAUTHORIZED', words);
  if (status === 413) {
    throw signingError('SIGNING_TOO_LARGE', words, {
      hint: 'a log of version 2 is sent the hash only; or attest a document that refers to the large one by digest',
    });
  }
  if (status === 429 || status >= 500) throw signingError('SERVICE_UNAVAILABLE', words);
  throw signingError('SERVICE_REFUSED', words);
}

/** What the service says about its refusal: one line, harmless, without any of the secrets. */
function quoted(answer: ServiceAnswer, call: ServiceCall): string {
  let text = Buffer.from(answer.bytes.subarray(0, 16_384)).toString('utf8');
  for (const secret of call.secrets ?? []) {
    for (const part of [secret, ...secret.split('.')]) if (part.length >= 8) text = text.replaceAll(part, '***');
  }
  const line = safeText(redactSecrets(text)).replaceAll(/\s+/g, ' ').trim().slice(0, MAX_QUOTED_CHARS);
  return line === '' || line.startsWith('<') ? '' : `: ${line}`;
}
