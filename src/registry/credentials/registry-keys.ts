/** What credential helpers and old configuration files call Docker Hub. */
export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

const DOCKER_HUB_KEYS = ['index.docker.io', 'docker.io', 'registry-1.docker.io'];

/**
 * The names under which a repository's credentials may be kept, the most specific first: `host/org/app`, `host/org`, `host`. Compared as a whole with
 * `normalizeKey` of what is found in files, never as prefixes or substrings.
 */
export function keysFor(registry: string, repository: string): readonly string[] {
  const hosts = registry === 'docker.io' ? DOCKER_HUB_KEYS : [registry];
  const segments = repository.split('/');
  const paths = segments.map((_, index) => segments.slice(0, segments.length - index).join('/'));
  return [...hosts.flatMap((host) => paths.map((path) => `${host}/${path}`)), ...hosts];
}

/** `https://host/v1/` and `https://host` are `host`; a path other than `v1` and `v2` stays. */
export function normalizeKey(key: string): string {
  const bare = key
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
  const slash = bare.indexOf('/');
  return slash < 0 ? bare.toLowerCase() : bare.slice(0, slash).toLowerCase() + bare.slice(slash);
}

/** What a helper is asked for. */
export function helperKey(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB_KEY : registry;
}
