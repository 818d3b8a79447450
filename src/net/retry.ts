import { setTimeout as wait } from 'node:timers/promises';
import { abortError, isAppError, type Runtime } from '../core/index.ts';
import type { HttpResponse, RetrySettings, Sleep } from './types.ts';

const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const RETRIED_CODES: ReadonlySet<string> = new Set([
  'NET_CONNECTION_REFUSED',
  'NET_CONNECTION_LOST',
  'NET_UNREACHABLE',
  'NET_TIMEOUT',
]);
/** A deadline is long already: one more try, not all of them. */
const MAX_TIMEOUTS = 2;
/** Bounds what a hostile Retry-After makes us parse. */
const MAX_RETRY_AFTER_CHARS = 64;

export interface RetryParts {
  readonly settings: RetrySettings;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly sleep: Sleep;
}

/** Calls `once` until it gives an answer that is not worth another try, or the tries are used up. */
export async function withRetry(
  once: () => Promise<HttpResponse>,
  signal: AbortSignal,
  parts: RetryParts,
): Promise<HttpResponse> {
  let timeouts = 0;
  for (let attempt = 1; ; attempt += 1) {
    let delayMs: number;
    try {
      const response = await once();
      const asked = RETRIED_STATUS.has(response.status) ? delayAfter(response, attempt, parts) : undefined;
      if (asked === undefined || attempt >= parts.settings.attempts) return response;
      delayMs = asked;
      await response.discard();
    } catch (error) {
      if (!isAppError(error) || !RETRIED_CODES.has(error.code) || attempt >= parts.settings.attempts) throw error;
      if (error.code === 'NET_TIMEOUT') timeouts += 1;
      if (timeouts >= MAX_TIMEOUTS) throw error;
      delayMs = backOffMs(attempt, parts);
    }
    await parts.sleep(delayMs, signal);
  }
}

/** Undefined when the server asks for a longer pause than anyone would wait for. */
function delayAfter(response: HttpResponse, attempt: number, parts: RetryParts): number | undefined {
  const asked = parseRetryAfter(response.header('retry-after'), parts.runtime.now());
  if (asked === undefined) return backOffMs(attempt, parts);
  return asked > parts.settings.retryAfterMs ? undefined : Math.max(asked, backOffMs(attempt, parts));
}

/**
 * `Retry-After` in milliseconds from now: seconds or an HTTP date; undefined when it is neither.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined || value.length > MAX_RETRY_AFTER_CHARS) return undefined;
  const text = value.trim();
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** Doubled for each try, capped; between half and the whole of it by chance, so that many clients do not come back at once. */
export function backOffMs(attempt: number, parts: Pick<RetryParts, 'settings' | 'runtime'>): number {
  const { baseMs, maxMs } = parts.settings;
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  const bytes = parts.runtime.randomBytes(2);
  const chance = (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) / 0xffff;
  return Math.round(full / 2 + (full / 2) * chance);
}

/** Real waiting. */
export async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch {
    throw abortError(signal);
  }
}
