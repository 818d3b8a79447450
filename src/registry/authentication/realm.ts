import { hostOf, isLoopbackHost } from '../../net/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { registryError } from '../errors.ts';

/** Registries whose token server is known to live elsewhere. */
const KNOWN_REALMS: Readonly<Record<string, string>> = {
  'docker.io': 'https://auth.docker.io',
  'registry.gitlab.com': 'https://gitlab.com',
};

/**
 * Whether a registry may send us, and our credentials, to this token server: https on its own host, a known pair, listed by the user, loopback for a
 * registry on loopback, or the very origin of a registry that the user allowed to be spoken to in plain HTTP.
 * @param realm hostile
 * @throws AppError REGISTRY_REALM_REFUSED, REGISTRY_AUTH_MALFORMED
 */
export function checkRealm(realm: string | undefined, endpoint: Endpoint, allowed: readonly string[]): URL {
  const url = realm === undefined || realm.length > 4096 ? null : URL.parse(realm);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') {
    throw registryError('REGISTRY_AUTH_MALFORMED', `${endpoint.registry} names no usable token server`);
  }
  url.hash = '';
  const ownHost = hostOf(url) === hostOf(endpoint.origin);
  if (url.protocol === 'https:' && ownHost) return url;
  if (url.origin === KNOWN_REALMS[endpoint.registry]) return url;
  if (isLoopbackHost(hostOf(url)) && isLoopbackHost(hostOf(endpoint.origin))) return url;
  if (url.origin === endpoint.origin.origin) return url;
  if (allowed.some((entry) => isListed(url, entry))) return url;
  throw registryError('REGISTRY_REALM_REFUSED', `${endpoint.registry} wants credentials to be sent to ${url.origin}`, {
    hint: `if ${url.host} is this registry's token server, allow it by name`,
    details: { registry: endpoint.registry, realm: url.origin },
  });
}

/** `https://host[:port][/path]`, or `host[:port]` for https; a path covers itself and what lies below it. */
function isListed(url: URL, entry: string): boolean {
  const listed = URL.parse(entry.includes('://') ? entry : `https://${entry}`);
  if (!listed || listed.origin !== url.origin) return false;
  const path = listed.pathname.replace(/\/$/, '');
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
