import { isDigest, safeText, type Digest } from '../core/index.ts';
import { imageError } from './errors.ts';
import type { EngineReference, ImageReference, LocalReference, RegistryReference } from './reference.ts';

const MAX_REFERENCE_CHARS = 4096;
const MAX_NAME_CHARS = 255;
const MAX_LOCAL_TAG_CHARS = 512;

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])$/;
const PORT = /^[1-9][0-9]{0,4}$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** What `org.opencontainers.image.ref.name` may be: also whole names. */
const LOCAL_TAG = /^[A-Za-z0-9_][A-Za-z0-9._:/@+-]*$/;

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ALIASES: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io']);
const LOCAL_TRANSPORTS = ['oci', 'oci-archive', 'docker-archive', 'dir'] as const;
const UNSUPPORTED_TRANSPORTS = ['containers-storage'] as const;
const ENGINE = 'docker-daemon:';

const FORMS =
  'write HOST/REPOSITORY[:TAG][@DIGEST], oci:DIR[:TAG|@DIGEST], oci-archive:FILE[:TAG|@DIGEST], docker-archive:FILE[:TAG|:@N], docker-daemon:NAME[:TAG] or dir:ROOTFS';

/**
 * Parses how a user names an image, into canonical form: host in lower case, Docker Hub's aliases and `library/` as Docker resolves them, port 443 dropped,
 * `latest` when neither tag nor digest is given. Hostile input: capped; `..`, non-ASCII and odd characters of registry names are refused. Does no I/O.
 * @throws AppError REFERENCE_INVALID, TRANSPORT_UNSUPPORTED
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export function parseImageReference(text: string): ImageReference {
  if (text === '') throw invalid(text, 'it is empty');
  if (text.length > MAX_REFERENCE_CHARS) throw invalid(text, `it is longer than ${MAX_REFERENCE_CHARS} characters`);
  for (const transport of UNSUPPORTED_TRANSPORTS) {
    if (text.startsWith(`${transport}:`)) {
      throw imageError('TRANSPORT_UNSUPPORTED', `images in ${transport}: are not supported yet`, {
        hint: 'write the image to a file first (podman save -o image.tar NAME) and use docker-archive:image.tar',
      });
    }
  }
  if (text.startsWith(ENGINE)) return parseEngine(text.slice(ENGINE.length), text);
  for (const transport of LOCAL_TRANSPORTS) {
    if (text.startsWith(`${transport}:`)) return parseLocal(transport, text.slice(transport.length + 1), text);
  }
  return parseRegistry(text.startsWith('docker://') ? text.slice('docker://'.length) : text, text);
}

/** The canonical text of a reference; `parseImageReference` of it gives the same reference. */
export function formatImageReference(reference: ImageReference): string {
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  if (reference.transport !== 'registry') return `${reference.transport}:${reference.path}${tag}${digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** Host and repository, the name that policies match: `docker.io/library/debian`. */
export function canonicalRepository(reference: RegistryReference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** Whether two spellings (`app:1`, `docker.io/library/app:1`) are one name. */
export function isSameName(a: string, b: string): boolean {
  return a === b || (canonicalName(a) ?? a) === (canonicalName(b) ?? b);
}

function canonicalName(text: string): string | undefined {
  try {
    const reference = parseImageReference(text);
    return reference.transport === 'registry' ? `${canonicalRepository(reference)}:${reference.tag ?? ''}` : undefined;
  } catch {
    return undefined;
  }
}

function invalid(text: string, why: string, hint = FORMS): Error {
  return imageError('REFERENCE_INVALID', `not an image reference: ${safeText(JSON.stringify(text), 300)}: ${why}`, {
    hint,
  });
}

/** The position, from 0, of an image in its archive that `@N` in the place of a tag stands for. */
export function tagPosition(tag: string): number | undefined {
  const match = /^@([0-9]{1,6})$/.exec(tag);
  return match === null ? undefined : Number(match[1]);
}

/** Engines list ids by their first twelve digits and take fewer. */
const ID_PREFIX = /^[0-9a-f]{4,63}$/;

/** An image id (whole, or `sha256:` and its digits), else a name as registries have them; `latest` when it has neither tag nor digest. */
function parseEngine(name: string, text: string): EngineReference {
  if (name === '') throw invalid(text, 'the name is missing');
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(name)) return { transport: 'docker-daemon', path: name };
  checkCharacters(name, text);
  // judged in the long form, handed on in the user's: engines complete short names by rules of their own
  const { tag, digest } = parseRegistry(name, text);
  const named = digest !== undefined || name.lastIndexOf(':') > name.lastIndexOf('/');
  const path = named ? name : `${name}:${tag ?? 'latest'}`;
  return { transport: 'docker-daemon', path, ...(ID_PREFIX.test(name) ? { idPrefix: name } : {}) };
}

function parseLocal(transport: LocalReference['transport'], rest: string, text: string): LocalReference {
  if (rest.includes('\0')) throw invalid(text, 'it contains a NUL character');
  if (transport === 'dir') {
    if (rest === '') throw invalid(text, 'the path is missing');
    return { transport, path: rest };
  }
  const at = /@(sha(?:256|512):[0-9A-Za-z]*)$/.exec(rest);
  const beforeDigest = at === null ? rest : rest.slice(0, at.index);
  const colon = beforeDigest.indexOf(':');
  const path = colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon === -1 ? undefined : beforeDigest.slice(colon + 1);
  if (path === '') throw invalid(text, 'the path is missing');
  const byPosition = transport === 'docker-archive' && tagPosition(tag ?? '') !== undefined;
  if (tag !== undefined && !byPosition && (tag.length > MAX_LOCAL_TAG_CHARS || !LOCAL_TAG.test(tag))) {
    throw invalid(text, `${safeText(JSON.stringify(tag), 100)} is not a tag`);
  }
  const digest = at === null ? undefined : digestOf(at[1] ?? '', text);
  return { transport, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function digestOf(candidate: string, text: string): Digest {
  if (isDigest(candidate)) return candidate;
  throw invalid(
    text,
    'what follows @ is not a digest',
    'a digest is sha256: and 64 hexadecimal digits in lower case (or sha512: and 128)',
  );
}

function parseRegistry(name: string, text: string): RegistryReference {
  checkCharacters(name, text);
  const at = name.indexOf('@');
  const digest = at === -1 ? undefined : digestOf(name.slice(at + 1), text);
  const beforeDigest = at === -1 ? name : name.slice(0, at);
  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    throw invalid(
      text,
      `${JSON.stringify(tag.slice(0, 140))} is not a tag: letters, digits, and _ . - after the first, at most 128`,
    );
  }
  const { registry, repository } = splitName(hasTag ? beforeDigest.slice(0, colon) : beforeDigest, text);
  const known = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    transport: 'registry',
    registry,
    repository,
    ...(known === undefined ? {} : { tag: known }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function checkCharacters(name: string, text: string): void {
  if (/^(?:[a-z]+:\/\/)?[^/@]*:[^@]*@(?!sha(?:256|512):)[^/@]*[/.:]/i.test(name)) {
    throw imageError('REFERENCE_INVALID', 'not an image reference: it seems to hold a user name and a password', {
      hint: 'credentials come from the docker or podman file: docker login HOST',
    });
  }
  if (/^https?:\/\//i.test(name)) throw invalid(text, 'it is a URL', 'leave the scheme out: HOST/REPOSITORY[:TAG]');
  if (/^\.{0,2}\//.test(name)) {
    throw invalid(
      text,
      'it looks like a path',
      'for a file or directory write oci:DIR, oci-archive:FILE, docker-archive:FILE or dir:ROOTFS',
    );
  }
  if (!/^[\x21-\x7e]*$/.test(name))
    throw invalid(text, 'it contains spaces, control characters or characters other than ASCII');
}

function splitName(name: string, text: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasHost = /[.:[]/.test(first) || first.toLowerCase() === 'localhost';
  const registry = hasHost ? canonicalHost(first, text) : DOCKER_HUB;
  let repository = hasHost ? name.slice(slash + 1) : name;
  checkRepository(repository, text);
  if (registry === DOCKER_HUB && !repository.includes('/')) repository = `library/${repository}`;
  if (registry.length + 1 + repository.length > MAX_NAME_CHARS) {
    throw invalid(text, `the name is longer than ${MAX_NAME_CHARS} characters`);
  }
  return { registry, repository };
}

function canonicalHost(written: string, text: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(written.toLowerCase());
  const host = match?.[1] ?? '';
  const port = match?.[2];
  if (!HOST.test(host)) throw invalid(text, `${JSON.stringify(written.slice(0, 100))} is not a host name`);
  if (port !== undefined && (!PORT.test(port) || Number(port) > 65535)) {
    throw invalid(text, `${JSON.stringify(port.slice(0, 20))} is not a port`);
  }
  const canonical = DOCKER_HUB_ALIASES.has(host) ? DOCKER_HUB : host;
  // a host of one word is only known for a host by its port
  const isPlainHost = /[.[]/.test(canonical) || canonical === 'localhost';
  return port === undefined || (port === '443' && isPlainHost) ? canonical : `${canonical}:${port}`;
}

function checkRepository(repository: string, text: string): void {
  if (repository === '') throw invalid(text, 'the repository is missing');
  if (/[A-Z]/.test(repository)) {
    throw invalid(text, 'the repository has upper-case letters', 'repositories are written in lower case');
  }
  for (const component of repository.split('/')) {
    if (component === '..' || component === '.')
      throw invalid(text, `${JSON.stringify(component)} is not allowed in a repository`);
    if (!PATH_COMPONENT.test(component)) {
      throw invalid(
        text,
        `${JSON.stringify(component.slice(0, 100))} is not part of a repository name: letters and digits, single . _ or __ or - between them`,
      );
    }
  }
  if (/^[0-9a-f]{64}$/.test(repository)) {
    throw invalid(text, 'it is an image ID, not a name', 'write the digest after the name: HOST/REPOSITORY@sha256:...');
  }
}
