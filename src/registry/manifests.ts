import {
  coreError,
  createDigester,
  digestAlgorithm,
  isDigest,
  LIMITS,
  parseStrictJson,
  safeText,
  type Digest,
} from '../core/index.ts';
import type { Descriptor, RawManifest } from '../image/index.ts';
import type { HttpResponse } from '../net/index.ts';
import { isObject } from './descriptor.ts';
import { registryError } from './errors.ts';
import type { RegistryRequest, RepositoryClient } from './repository-client.ts';

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Types that say nothing: some registries serve manifests as these. */
const GENERIC_TYPES: ReadonlySet<string> = new Set(['', 'application/json', 'application/octet-stream', 'text/plain']);

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export interface FetchedManifest extends RawManifest {
  /** For conditional updates of a tag. */
  readonly etag: string | undefined;
}

/**
 * Reads a manifest. Its digest is computed and compared with the one asked for and with what the registry states.
 * @throws AppError MANIFEST_NOT_FOUND, DIGEST_MISMATCH, MEDIA_TYPE_CONFLICT, LIMIT_EXCEEDED, JSON_INVALID, and the registry's
 */
export async function fetchManifest(
  client: RepositoryClient,
  reference: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const request = manifestRequest(client, reference, signal);
  const response = await client.expect(request, [200]);
  await refuseWebPage(response, `${request.what} of ${client.name}`);
  const bytes = await client.reading(request, () => response.bytes(LIMITS.manifestBytes));
  const digest = checkDigest(bytes, { reference, response, client });
  const mediaType = agreedMediaType(bytes, response.header('content-type'), `${request.what} of ${client.name}`);
  return { bytes, mediaType, digest, etag: response.header('etag') };
}

/** Login pages of networks and proxies answer 200 to everything. */
async function refuseWebPage(response: HttpResponse, what: string): Promise<void> {
  if (bareType(response.header('content-type')) !== 'text/html') return;
  await response.discard();
  throw registryError('REGISTRY_UNEXPECTED_ANSWER', `${what}: a web page was served in its place`, {
    hint: 'is this host a registry? A proxy or a login page may be answering for it',
  });
}

function manifestRequest(client: RepositoryClient, reference: string, signal: AbortSignal): RegistryRequest {
  checkReference(reference, client.name);
  return {
    path: `manifests/${reference}`,
    headers: { accept: ACCEPT },
    signal,
    what: `manifest ${reference}`,
    kind: 'manifest',
  };
}

function checkReference(reference: string, name: string): void {
  if (!isDigest(reference) && !TAG.test(reference)) {
    throw coreError('USAGE', `${JSON.stringify(reference.slice(0, 140))} is neither a tag nor a digest of ${name}`);
  }
}

interface Served {
  readonly reference: string;
  readonly response: HttpResponse;
  readonly client: RepositoryClient;
}

function checkDigest(bytes: Uint8Array, { reference, response, client }: Served): Digest {
  const asked = isDigest(reference) ? reference : undefined;
  const header = response.header('docker-content-digest');
  const stated = isDigest(header) ? header : undefined;
  for (const expected of [asked, stated]) {
    if (expected !== undefined && digestLike(expected, bytes) !== expected) {
      throw coreError(
        'DIGEST_MISMATCH',
        `the bytes served for manifest ${reference} of ${client.name} have another digest`,
        {
          details: { expected, computed: digestLike(expected, bytes) },
        },
      );
    }
  }
  return asked ?? digestLike(undefined, bytes);
}

function digestLike(expected: Digest | undefined, bytes: Uint8Array): Digest {
  const digester = createDigester(expected === undefined ? 'sha256' : digestAlgorithm(expected));
  digester.update(bytes);
  return digester.digest();
}

/** What the document states, else what it was served as; two that differ would be read differently by two clients. */
function agreedMediaType(bytes: Uint8Array, contentType: string | undefined, what: string): string {
  const served = bareType(contentType);
  const document = parseStrictJson(bytes, what, { maxBytes: LIMITS.manifestBytes });
  const value = isObject(document) ? document['mediaType'] : undefined;
  if (value !== undefined && typeof value !== 'string') {
    throw registryError('MEDIA_TYPE_CONFLICT', `${what} has a mediaType that is not a string`);
  }
  if (value === undefined) return served;
  if (!GENERIC_TYPES.has(served) && served !== value.toLowerCase()) {
    throw registryError(
      'MEDIA_TYPE_CONFLICT',
      `${what} says it is ${safeText(value, 200)} but was served as ${safeText(served, 200)}`,
      { hint: 'such a manifest means different things to different clients; push it again' },
    );
  }
  return value;
}

function bareType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/**
 * What a tag or digest leads to, from the headers of HEAD (or from the manifest itself where they are missing); undefined for 404.
 * @throws AppError DIGEST_MISMATCH, and the registry's
 */
export async function headManifest(
  client: RepositoryClient,
  reference: string,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  const request: RegistryRequest = { ...manifestRequest(client, reference, signal), method: 'HEAD' };
  const response = await client.send(request);
  await response.discard();
  if (response.status === 404) return undefined;
  if (response.status !== 200 && response.status !== 405) throw await client.failure(response, request);
  const mediaType = bareType(response.header('content-type'));
  const length = response.header('content-length') ?? '';
  const stated = response.header('docker-content-digest');
  const digest = isDigest(stated) ? stated : undefined;
  if (
    digest !== undefined &&
    isDigest(reference) &&
    digestAlgorithm(digest) === digestAlgorithm(reference) &&
    digest !== reference
  ) {
    throw coreError('DIGEST_MISMATCH', `${client.name} answers for ${reference} with the digest ${digest}`);
  }
  if (response.status === 200 && digest !== undefined && /^\d{1,9}$/.test(length) && !GENERIC_TYPES.has(mediaType)) {
    return { mediaType, digest: isDigest(reference) ? reference : digest, sizeBytes: Number(length) };
  }
  const manifest = await fetchManifest(client, reference, signal);
  return { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength };
}

export interface StoreManifest {
  readonly manifest: Pick<RawManifest, 'bytes' | 'mediaType' | 'digest'>;
  /** A tag, else the digest. */
  readonly tag?: string | undefined;
  /** `If-Match` or `If-None-Match`. */
  readonly condition?: Readonly<Record<string, string>>;
}

/** Puts a manifest. 412 is left to the caller when a condition was given. */
export async function storeManifest(
  client: RepositoryClient,
  { manifest, tag, condition }: StoreManifest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const reference = tag ?? manifest.digest;
  checkReference(reference, client.name);
  const request: RegistryRequest = {
    method: 'PUT',
    path: `manifests/${reference}`,
    headers: { 'content-type': manifest.mediaType, ...condition },
    body: { kind: 'bytes', bytes: manifest.bytes },
    actions: 'pull,push',
    signal,
    what: `upload of manifest ${reference}`,
    kind: 'upload',
  };
  const response = await client.send(request);
  if (condition !== undefined && response.status === 412) {
    await response.discard();
    return response;
  }
  if (response.status < 200 || response.status > 299) throw await client.failure(response, request);
  await response.discard();
  const stated = response.header('docker-content-digest');
  if (isDigest(stated) && digestLike(stated, manifest.bytes) !== stated) {
    throw coreError('DIGEST_MISMATCH', `${client.name} stored manifest ${reference} under the digest ${stated}`, {
      details: { expected: manifest.digest },
    });
  }
  return response;
}
