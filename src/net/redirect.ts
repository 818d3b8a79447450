import { hostOf, isLinkLocalHost, isLoopbackHost } from './addresses.ts';
import { netError } from './errors.ts';
import type { HttpMethod } from './types.ts';

export const MAX_REDIRECTS = 5;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** Same scheme, host and port. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

/**
 * Where a Location leads, if that is allowed: http or https, never from https to http, no userinfo, never to link-local addresses, and to
 * loopback only from loopback. Used for redirects and for upload locations.
 * @param location hostile
 * @throws AppError NET_REDIRECT_REFUSED
 */
export function resolveLocation(location: string | undefined, from: URL): URL {
  const refuse = (why: string): Error =>
    netError('NET_REDIRECT_REFUSED', `${from.origin} redirects ${why}`, { details: { from: from.origin } });
  if (location === undefined || location === '') throw refuse('without saying where to');
  const target = location.length > 16_384 ? null : URL.parse(location, from.href);
  if (!target) throw refuse('to something that is not a URL');
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw refuse(`to the scheme ${target.protocol}`);
  if (from.protocol === 'https:' && target.protocol === 'http:') throw refuse(`from https to http (${target.host})`);
  if (target.username !== '' || target.password !== '') throw refuse('to a URL with a user name in it');
  const host = hostOf(target);
  if (isLinkLocalHost(host)) throw refuse(`to the link-local address ${host}`);
  if (isLoopbackHost(host) && !isLoopbackHost(hostOf(from))) throw refuse(`to this machine (${host})`);
  target.hash = '';
  return target;
}

/** The method after a redirect, or undefined when it cannot be followed without changing what was asked. */
export function redirectedMethod(status: number, method: HttpMethod): HttpMethod | undefined {
  if (method === 'GET' || method === 'HEAD') return method;
  return status === 307 || status === 308 ? method : undefined;
}

/** Headers that go no further than the origin they were meant for. */
export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization: _authorization, cookie: _cookie, ...rest } = headers;
  return rest;
}
