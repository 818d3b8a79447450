import { hostOf, isLoopbackHost } from '../../net/index.ts';
import { signingError } from '../errors.ts';

const MAX_URL_CHARS = 2048;

/**
 * The URL of a service: https, or http to this machine; `http` anywhere when nothing secret is sent (timestamp authorities, whose answers are signed).
 * @throws AppError SIGNING_URL_INVALID
 */
export function parseServiceUrl(text: string, what: string, options: { readonly plainHttp?: boolean } = {}): URL {
  const url = text.length > MAX_URL_CHARS ? null : URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw signingError('SIGNING_URL_INVALID', `the URL of ${what} is not an https URL`, { details: { what } });
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw signingError('SIGNING_URL_INVALID', `the URL of ${what} has a user name, a password or a fragment in it`);
  }
  if (url.protocol === 'http:' && options.plainHttp !== true && !isLoopbackHost(hostOf(url))) {
    throw signingError('SIGNING_URL_INVALID', `${what} (${url.host}) would be asked over http`, {
      hint: 'use https; plain http is for services on this machine',
    });
  }
  return url;
}

/** `path` (`/api/v2/...`) below a service's base URL. */
export function serviceEndpoint(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  return url;
}
