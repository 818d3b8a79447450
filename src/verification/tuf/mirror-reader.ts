import { isAppError, type AppError } from '../../core/index.ts';
import { isRedirect, resolveLocation, sameOrigin, type HttpClient, type HttpResponse } from '../../net/index.ts';
import { tufError } from './errors.ts';
import { TUF_LIMITS } from './limits.ts';

/** Files of a mirror, by path. Redirects stay on its origin; bodies are capped while they are read. */
export interface MirrorReader {
  /** undefined when the mirror says that it has no such file (403, 404). */
  find(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** @throws AppError TUF_MIRROR_UNAVAILABLE when there is no such file */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
}

/** Stores of objects answer 403 for a file that is not there. */
const MISSING: ReadonlySet<number> = new Set([403, 404]);

/** Tries for one file: the deadline is for all of them. */
const ATTEMPTS = 2;

/** @param mirror without a slash at its end */
export function createMirrorReader(http: HttpClient, mirror: string, signal: AbortSignal): MirrorReader {
  const find = async (path: string, maxBytes: number): Promise<Uint8Array | undefined> => {
    const response = await followOnOrigin(http, new URL(`${mirror}/${path}`), signal);
    if (response.status === 200) return readCapped(response, path, maxBytes);
    await response.discard();
    if (MISSING.has(response.status)) return undefined;
    throw unavailable(mirror, path, `status ${response.status}`);
  };
  return {
    find,
    async read(path, maxBytes) {
      const bytes = await find(path, maxBytes);
      if (bytes === undefined) throw unavailable(mirror, path, 'it is not there, or refused');
      return bytes;
    },
  };
}

async function followOnOrigin(http: HttpClient, start: URL, signal: AbortSignal): Promise<HttpResponse> {
  let url = start;
  for (let hops = 0; ; hops += 1) {
    const response = await http.request({ url, signal, redirect: 'manual', attempts: ATTEMPTS });
    if (!isRedirect(response.status)) return response;
    await response.discard();
    const next = resolveLocation(response.header('location'), url);
    if (sameOrigin(next, start) && hops < TUF_LIMITS.redirects) {
      url = next;
      continue;
    }
    throw tufError(
      'TUF_MIRROR_REDIRECT',
      `the TUF mirror ${start.host} redirects to ${next.host}, which is not followed`,
      {
        hint: 'name the mirror by its own address with --tuf-mirror',
      },
    );
  }
}

async function readCapped(response: HttpResponse, path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await response.bytes(maxBytes);
  } catch (cause) {
    if (!isAppError(cause) || cause.code !== 'NET_RESPONSE_TOO_LARGE') throw cause;
    throw tufError('TUF_TOO_LARGE', `${path} is larger than the ${maxBytes} bytes allowed`, { cause });
  }
}

function unavailable(mirror: string, path: string, why: string): Error {
  return tufError('TUF_MIRROR_UNAVAILABLE', `the TUF mirror ${mirror} does not give ${path}: ${why}`);
}

const AWAY: ReadonlySet<string> = new Set([
  'TUF_MIRROR_UNAVAILABLE',
  'TUF_TIMEOUT',
  'NET_NAME_NOT_FOUND',
  'NET_CONNECTION_REFUSED',
  'NET_CONNECTION_LOST',
  'NET_UNREACHABLE',
  'NET_TIMEOUT',
  'NET_TLS_UNTRUSTED',
  'NET_PROXY_FAILED',
]);

/** Whether a failure means that the mirror could not be asked, rather than that it answered wrongly. */
export function isAway(error: unknown): error is AppError {
  return isAppError(error) && AWAY.has(error.code);
}
