import { globProblem } from '../../core/index.ts';

const REPOSITORY_SEGMENT = /^[a-z0-9*]+(?:(?:\.|_{1,2}|-+)[a-z0-9*]+)*$|^[a-z0-9._*-]+$/;
const HOST = /^[a-z0-9*](?:[a-z0-9.*-]*[a-z0-9*])?(?::[0-9]{1,5})?$|^\[[0-9a-f:]+\](?::[0-9]{1,5})?$/;

/** A name pattern in canonical form, or what is wrong with it. */
export type NamePattern =
  | { readonly ok: true; readonly pattern: string; readonly open: boolean }
  | { readonly ok: false; readonly problem: string; readonly hint?: string };

/**
 * Makes a pattern of image names canonical the way image names are: host in lower case, Docker Hub's aliases, default port. Refused: no registry host,
 * a tag or digest, `..`, characters no name has.
 */
export function canonicalPattern(text: string): NamePattern {
  const problem = globProblem(text);
  if (problem !== undefined) return { ok: false, problem };
  if (text === '**') return { ok: true, pattern: text, open: true };
  const slash = text.indexOf('/');
  if (slash < 1) {
    const hint = `write the registry too: "docker.io/library/${text.replaceAll('/', '')}", or "registry.example.com/**"`;
    return { ok: false, problem: 'a pattern names registry and repository', hint };
  }
  const host = canonicalHost(text.slice(0, slash));
  const repository = text.slice(slash + 1);
  if (text.slice(0, slash) === '**') return repositoryPattern('**', repository, true);
  if (host === undefined) {
    const hint = 'a registry host has a dot or a port, or is localhost; Docker Hub is docker.io';
    return { ok: false, problem: `"${text.slice(0, slash)}" is not a registry host`, hint };
  }
  // Docker Hub's official images are named without their folder
  const whole =
    host === 'docker.io' && !repository.includes('/') && repository !== '**' ? `library/${repository}` : repository;
  return repositoryPattern(host, whole, host.includes('*'));
}

function repositoryPattern(host: string, repository: string, open: boolean): NamePattern {
  if (/[:@]/.test(repository)) {
    return {
      ok: false,
      problem: 'a pattern names a repository without tag or digest',
      hint: 'remove the tag or digest',
    };
  }
  for (const segment of repository.split('/')) {
    if (segment !== '**' && (segment === '.' || segment === '..' || !REPOSITORY_SEGMENT.test(segment))) {
      return { ok: false, problem: `"${segment}" is not a part of a repository name` };
    }
  }
  return { ok: true, pattern: `${host}/${repository}`, open };
}

/** `docker.io` for Docker Hub's other names, no default port, lower case; undefined when it cannot be a host. */
function canonicalHost(text: string): string | undefined {
  const host = text.toLowerCase().replace(/:443$/, '');
  if (['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host)) return 'docker.io';
  if (!HOST.test(host) || host.includes('..')) return undefined;
  return host.includes('.') || host.includes(':') || host.includes('*') || host === 'localhost' ? host : undefined;
}

/** A whole canonical name without wildcards: what `bases.entries[].image` must be. */
export function canonicalRepository(text: string): NamePattern {
  if (text.includes('*')) {
    return {
      ok: false,
      problem: 'a base names one whole repository, without wildcards',
      hint: 'add an entry for each repository',
    };
  }
  return canonicalPattern(text);
}
