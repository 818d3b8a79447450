import { connectionError } from './connection-error.ts';
import type { Deadline } from './deadline.ts';
import { netError } from './errors.ts';
import type { FetchResponse, HttpResponse } from './types.ts';

/** Bytes read of an unwanted body so that its connection can be used again; more than that, and it is closed. */
const DRAIN_BYTES = 64 * 1024;
/** What a body must bring per second of waiting, on average over the idle time: a byte now and then would keep a connection for days. */
const SLOWEST_BYTES_PER_SECOND = 2048;

export interface BodySource {
  readonly response: FetchResponse;
  readonly deadline: Deadline;
  readonly idleMs: number;
  /** Names the request in messages. */
  readonly what: string;
  /** Whether a body belongs to the answer (not to HEAD, 204, 304). */
  readonly expected: boolean;
}

/** Body, bytes and discard of a response. */
export function responseBody(source: BodySource): Pick<HttpResponse, 'body' | 'bytes' | 'discard'> {
  const body = readBody(source);
  return {
    body,
    bytes: (maxBytes) => collect(body, maxBytes, source.what),
    discard: () => discard(source, body),
  };
}

async function* readBody(source: BodySource): AsyncGenerator<Uint8Array, void, undefined> {
  const { response, deadline, idleMs, what } = source;
  const stream = response.body?.[Symbol.asyncIterator]();
  let completed = false;
  let received = 0;
  let patienceMs = idleMs;
  try {
    if (!stream) {
      completed = true;
      return;
    }
    for (;;) {
      // time that the reader of this body takes does not count
      deadline.arm(patienceMs < idleMs / 2 ? 'slow' : 'body', patienceMs);
      const start = performance.now();
      const next = await stream.next();
      deadline.disarm();
      if (deadline.failure) throw deadline.failure;
      if (next.done === true) break;
      received += next.value.byteLength;
      const earnedMs = (next.value.byteLength / SLOWEST_BYTES_PER_SECOND) * 1000;
      patienceMs = Math.max(1, Math.min(idleMs, patienceMs - (performance.now() - start) + earnedMs));
      yield next.value;
    }
    const announced = source.expected ? response.headers.get('content-length') : null;
    if (announced !== null && /^\d{1,15}$/.test(announced) && received < Number(announced)) {
      throw netError('NET_CONNECTION_LOST', `${what}: ${received} of ${announced} bytes came`);
    }
    completed = true;
  } catch (cause) {
    throw deadline.failure ?? connectionError(cause, what);
  } finally {
    if (completed) deadline.release();
    else deadline.cancel();
  }
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > maxBytes) {
      throw netError('NET_RESPONSE_TOO_LARGE', `${what}: the answer is larger than the ${maxBytes} bytes allowed`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

async function discard(source: BodySource, body: AsyncGenerator<Uint8Array, void, undefined>): Promise<void> {
  const announced = Number(source.response.headers.get('content-length') ?? '0');
  if (announced <= DRAIN_BYTES && !source.deadline.signal.aborted) {
    try {
      await collect(body, DRAIN_BYTES, source.what);
    } catch {
      // what was not wanted need not be complete
    }
  }
  source.deadline.cancel();
  await body.return();
}
