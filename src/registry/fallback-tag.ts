import { digestAlgorithm, digestHex, LIMITS, parseStrictJson, sha256Digest, type Digest } from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';
import { descriptorJson, isObject, tryParseDescriptor, type JsonObject } from './descriptor.ts';
import { registryError } from './errors.ts';
import { fetchManifest, storeManifest } from './manifests.ts';
import { hasCode, type RepositoryClient } from './repository-client.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MAX_ATTEMPTS = 24;
/** Attempts among which a server error is not yet the end. */
const MAX_SERVER_ERRORS = 6;

/**
 * `sha256-<hex>`: where referrers are listed in registries without the API.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

interface Fallback {
  readonly descriptors: readonly Descriptor[];
  /** As stored, unknown members included; undefined when there is none. */
  readonly document: JsonObject | undefined;
  readonly etag: string | undefined;
}

/** @throws AppError REFERRERS_MALFORMED, LIMIT_EXCEEDED, and the registry's for every answer but 404 */
export async function readFallback(client: RepositoryClient, subject: Digest, signal: AbortSignal): Promise<Fallback> {
  const tag = fallbackTag(subject);
  const malformed = (why: string): Error => registryError('REFERRERS_MALFORMED', `tag ${tag} of ${client.name} ${why}`);
  const manifest = await fetchManifest(client, tag, signal).catch((error: unknown) => {
    if (hasCode(error, 'MANIFEST_NOT_FOUND', 'REPOSITORY_NOT_FOUND')) return undefined;
    throw error;
  });
  if (!manifest) return { descriptors: [], document: undefined, etag: undefined };
  if (manifest.mediaType !== INDEX) throw malformed('is not an index');
  const document = parseStrictJson(manifest.bytes, `tag ${tag}`, { maxBytes: LIMITS.manifestBytes });
  const entries = isObject(document) ? (document['manifests'] ?? []) : undefined;
  if (!isObject(document) || !Array.isArray(entries)) throw malformed('is not an index');
  if (entries.length > LIMITS.referrers) throw malformed(`lists more than the ${LIMITS.referrers} referrers allowed`);
  const descriptors = entries.map((entry) => {
    const descriptor = tryParseDescriptor(entry);
    if (!descriptor) throw malformed('lists something that is not a descriptor');
    return descriptor;
  });
  return { descriptors, document, etag: manifest.etag };
}

/**
 * Adds a referrer to the fallback tag. Several writers at once: conditional PUTs where the registry gives ETags, and everywhere a second look some
 * time later, as most registries ignore the condition.
 * @throws AppError REFERRER_NOT_LISTED, and those of `readFallback`
 */
export async function addToFallback(
  client: RepositoryClient,
  added: { readonly subject: Digest; readonly descriptor: Descriptor },
  signal: AbortSignal,
): Promise<void> {
  const { subject, descriptor } = added;
  let seen = 0;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      const current = await readFallback(client, subject, signal);
      const listed = current.descriptors.some(({ digest }) => digest === descriptor.digest);
      seen = listed ? seen + 1 : 0;
      // once right after writing, once more when another writer's overlapping update would have landed
      if (seen === 2) return;
      if (!listed && (await replace(client, current, added, signal))) continue;
    } catch (error) {
      // a registry seen in the wild answers 500 while a tag is being written
      if (!hasCode(error, 'REGISTRY_SERVER_ERROR') || attempt >= MAX_SERVER_ERRORS) throw error;
    }
    await client.backOff(seen > 0 ? 1 : Math.min(attempt, 4), signal);
  }
  throw registryError(
    'REFERRER_NOT_LISTED',
    `tag ${fallbackTag(subject)} of ${client.name} does not keep ${descriptor.digest}: other writers replace it`,
    { hint: 'try again when nothing else is attached to this image' },
  );
}

async function replace(
  client: RepositoryClient,
  current: Fallback,
  { subject, descriptor }: { readonly subject: Digest; readonly descriptor: Descriptor },
  signal: AbortSignal,
): Promise<boolean> {
  const entries = current.document?.['manifests'];
  const document = {
    ...current.document,
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [...(Array.isArray(entries) ? entries : []), descriptorJson(descriptor)],
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const condition =
    current.document === undefined
      ? { 'if-none-match': '*' }
      : current.etag === undefined
        ? {}
        : { 'if-match': current.etag };
  const response = await storeManifest(
    client,
    { manifest: { bytes, mediaType: INDEX, digest: sha256Digest(bytes) }, tag: fallbackTag(subject), condition },
    signal,
  );
  return response.status !== 412;
}
