import { isAppError, isDigest, type Digest } from '../../core/index.ts';
import { canonicalRepository, parseImageReference } from '../../image/index.ts';

/** An image as provenance names it. */
export interface ImageName {
  /** Canonical registry and repository; absent when what is written is no whole name. */
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** Two digests that are not the same are written for it. */
  readonly ambiguous?: boolean;
}

/** An image reference in a registry; undefined for anything else. Hostile input. */
export function parseImageName(text: string): ImageName | undefined {
  try {
    const reference = parseImageReference(text);
    if (reference.transport !== 'registry') return undefined;
    // `latest` is what the parser adds; only a tag that is written says something
    const tag = reference.tag !== undefined && text.includes(`:${reference.tag}`) ? { tag: reference.tag } : {};
    const digest = reference.digest === undefined ? {} : { digest: reference.digest };
    return { repository: canonicalRepository(reference), ...tag, ...digest };
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/**
 * An image named by a package URL: `pkg:docker/NAME@TAG?platform=...` as BuildKit writes it, with the registry in front of the name or as `repository_url`;
 * `pkg:oci/NAME@DIGEST?repository_url=HOST/REPOSITORY`. A name that is not whole gives no repository.
 * @returns undefined for a package URL of another type or one that cannot be read. Hostile input
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/docker-definition.md
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export function parseImagePurl(purl: string): ImageName | undefined {
  const parts = splitPurl(purl);
  if (parts === undefined) return undefined;
  const { type, path, version, qualifiers } = parts;
  const url = qualifiers.get('repository_url');
  const name = type === 'docker' ? dockerName(path, url) : ociName(path, url);
  const written = [version, qualifiers.get('digest')].filter((text) => isDigest(text));
  const tag = isDigest(version) ? qualifiers.get('tag') : (version ?? qualifiers.get('tag'));
  const repository = name === undefined ? undefined : parseImageName(name)?.repository;
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(tag === undefined || tag === '' ? {} : { tag }),
    ...(new Set(written).size === 1 ? { digest: written[0]! } : {}),
    ...(new Set(written).size > 1 ? { ambiguous: true } : {}),
  };
}

/** The registry is either the first part of the path, as Docker writes names, or stands apart. */
function dockerName(path: string, url: string | undefined): string {
  return url === undefined ? path : `${withoutScheme(url)}/${path}`;
}

/** `repository_url` is the whole name and ends with the package's; without it only a last segment is known. */
function ociName(path: string, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const name = withoutScheme(url);
  return name.endsWith(`/${path}`) ? name : undefined;
}

function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

interface PurlParts {
  readonly type: 'docker' | 'oci';
  readonly path: string;
  readonly version?: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

function splitPurl(purl: string): PurlParts | undefined {
  const match = /^pkg:\/{0,2}(docker|oci)\//i.exec(purl);
  if (match === null) return undefined;
  try {
    const type = match[1]!.toLowerCase() === 'oci' ? 'oci' : 'docker';
    const [rest = ''] = purl.slice(match[0].length).split('#');
    const question = rest.indexOf('?');
    const before = question === -1 ? rest : rest.slice(0, question);
    const qualifiers = new Map<string, string>();
    for (const pair of question === -1 ? [] : rest.slice(question + 1).split('&')) {
      const equals = pair.indexOf('=');
      const key = pair.slice(0, Math.max(0, equals)).toLowerCase();
      // a key that stands there twice can be read in two ways
      if (equals <= 0 || qualifiers.has(key)) return undefined;
      qualifiers.set(key, decodeURIComponent(pair.slice(equals + 1)));
    }
    const at = before.indexOf('@');
    const path = decodeURIComponent(at === -1 ? before : before.slice(0, at));
    if (path === '') return undefined;
    return { type, path, qualifiers, ...(at === -1 ? {} : { version: decodeURIComponent(before.slice(at + 1)) }) };
  } catch {
    return undefined;
  }
}
