import { isDigest } from '../../../src/core/index.ts';
import { errorAnswer, json } from './authorization.ts';
import type { BlobRequest } from './blobs.ts';
import type { Answer } from './faults.ts';
import { digestOf, findManifest, type Repository } from './storage.ts';

const EMPTY = new Uint8Array(0);
const INDEX = 'application/vnd.oci.image.index.v1+json';

/**
 * How the registry lists referrers: as the specification says; not at all (404); as an in-memory registry seen in the wild, which
 * states the config's media type as artifact type and sends no OCI-Subject; with HTML; with a redirect to another host.
 */
export type ReferrersMode = 'api' | 'none' | 'config-type' | 'html' | 'redirect';

export interface ManifestSettings {
  readonly referrers: ReferrersMode;
  /** ETags on manifests, and conditional PUTs. */
  readonly etags: boolean;
  /** Entries of one page of referrers and tags. */
  readonly pageSize: number;
}

export function serveManifest(context: BlobRequest, reference: string, settings: ManifestSettings): Answer {
  const { request, name, storage } = context;
  if (request.method === 'PUT') return putManifest(context, reference, settings);
  const repository = storage.find(name);
  const manifest = findManifest(repository, reference);
  if (!repository) return errorAnswer(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  if (!manifest) return errorAnswer(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  if (request.method === 'DELETE') {
    if (isDigest(reference)) repository.manifests.delete(reference);
    else repository.tags.delete(reference);
    return { status: 202, headers: {}, body: EMPTY };
  }
  return {
    status: 200,
    headers: {
      'content-type': manifest.mediaType,
      'docker-content-digest': manifest.digest,
      ...(settings.etags ? { etag: `"${manifest.digest}"` } : {}),
    },
    body: manifest.bytes,
  };
}

function putManifest(context: BlobRequest, reference: string, settings: ManifestSettings): Answer {
  const { request, name, storage, body } = context;
  const repository = storage.open(name);
  const digest = digestOf(body, isDigest(reference) ? reference : undefined);
  if (isDigest(reference) && digest !== reference) {
    return errorAnswer(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const current = findManifest(repository, reference)?.digest;
  if (settings.etags && !conditionHolds(request.headers['if-match'], request.headers['if-none-match'], current)) {
    return errorAnswer(412, 'PRECONDITION_FAILED', 'the tag has moved');
  }
  const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
  repository.manifests.set(digest, { bytes: body, mediaType });
  if (!isDigest(reference)) repository.tags.set(reference, digest);
  const subject = subjectOf(body);
  return {
    status: 201,
    headers: {
      location: `/v2/${name}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(subject && settings.referrers === 'api' ? { 'oci-subject': subject } : {}),
    },
    body: EMPTY,
  };
}

function conditionHolds(
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
  current: string | undefined,
): boolean {
  if (ifNoneMatch === '*') return current === undefined;
  if (ifMatch !== undefined) return ifMatch === `"${current}"`;
  return true;
}

function subjectOf(bytes: Uint8Array): string | undefined {
  return parse(bytes)?.subject?.digest;
}

interface ManifestDocument {
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
  readonly config?: { readonly mediaType: string };
  readonly annotations?: Record<string, string>;
}

function parse(bytes: Uint8Array): ManifestDocument | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as ManifestDocument;
  } catch {
    return undefined;
  }
}

export function serveReferrers(context: BlobRequest, digest: string, settings: ManifestSettings): Answer {
  if (settings.referrers === 'none') return errorAnswer(404, 'UNSUPPORTED', 'page not found');
  if (settings.referrers === 'html') {
    return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>not here</html>') };
  }
  if (settings.referrers === 'redirect') {
    return { status: 303, headers: { location: 'https://elsewhere.invalid/pkgs' }, body: EMPTY };
  }
  const all = referrersOf(context.storage.find(context.name), digest, settings.referrers);
  const start = Number(context.url.searchParams.get('last') ?? '0');
  const end = start + settings.pageSize;
  const next = `/v2/${context.name}/referrers/${digest}?last=${end}`;
  return json(
    200,
    { schemaVersion: 2, mediaType: INDEX, manifests: all.slice(start, end) },
    { 'content-type': INDEX, ...(end < all.length ? { link: `<${next}>; rel="next"` } : {}) },
  );
}

function referrersOf(repository: Repository | undefined, subject: string, mode: ReferrersMode): object[] {
  return [...(repository?.manifests ?? [])].flatMap(([digest, manifest]) => {
    const document = parse(manifest.bytes);
    if (document?.subject?.digest !== subject) return [];
    const artifactType =
      mode === 'config-type' ? document.config?.mediaType : (document.artifactType ?? document.config?.mediaType);
    const { annotations } = document;
    return [{ mediaType: manifest.mediaType, digest, size: manifest.bytes.byteLength, artifactType, annotations }];
  });
}

export function serveTags({ name, storage, url }: BlobRequest, settings: ManifestSettings): Answer {
  const repository = storage.find(name);
  if (!repository) return errorAnswer(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const all = [...repository.tags.keys()].sort();
  const last = url.searchParams.get('last');
  const start = last === null ? 0 : all.indexOf(last) + 1;
  const tags = all.slice(start, start + settings.pageSize);
  const more = start + settings.pageSize < all.length;
  return json(200, { name, tags }, more ? { link: `</v2/${name}/tags/list?last=${tags.at(-1)}>; rel="next"` } : {});
}
