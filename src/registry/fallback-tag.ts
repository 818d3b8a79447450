import {
  coreError,
  digestAlgorithm,
  digestHex,
  isDigest,
  LIMITS,
  parseStrictJson,
  sha256Digest,
  type Digest,
  type JsonValue,
} from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';
import { descriptorJson, isObject, tryParseDescriptor, type JsonObject } from './descriptor.ts';
import { registryError } from './errors.ts';
import { fetchManifest, storeManifest } from './manifests.ts';
import { deleteManifest } from './delete-manifest.ts';
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
  if (entries.length > client.maxReferrers) {
    throw coreError(
      'LIMIT_EXCEEDED',
      `tag ${tag} of ${client.name} lists more than the ${client.maxReferrers} referrers allowed`,
      {
        hint: 'remove those that are not needed any more, or raise --max-referrers',
      },
    );
  }
  const descriptors = entries.map((entry) => {
    const descriptor = tryParseDescriptor(entry);
    if (!descriptor) throw malformed('lists something that is not a descriptor');
    return descriptor;
  });
  return { descriptors, document, etag: manifest.etag };
}

interface Added {
  readonly subject: Digest;
  readonly descriptors: readonly Descriptor[];
}

/**
 * Adds referrers of one subject to the fallback tag. Several writers at once: conditional PUTs where the registry gives ETags, and everywhere a second look some
 * time later, as most registries ignore the condition.
 * @throws AppError REFERRER_NOT_LISTED, and those of `readFallback`
 */
export async function addToFallback(client: RepositoryClient, added: Added, signal: AbortSignal): Promise<void> {
  const { subject, descriptors } = added;
  let seen = 0;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      const current = await readFallback(client, subject, signal);
      const digests = new Set(current.descriptors.map(({ digest }) => digest));
      const missing = descriptors.filter(({ digest }) => !digests.has(digest));
      const listed = missing.length === 0;
      seen = listed ? seen + 1 : 0;
      // once right after writing, once more when another writer's overlapping update would have landed
      if (seen === 2) return;
      if (!listed && (await replace(client, current, { subject, descriptors: missing }, signal))) continue;
    } catch (error) {
      // a registry seen in the wild answers 500 while a tag is being written
      if (!hasCode(error, 'REGISTRY_SERVER_ERROR') || attempt >= MAX_SERVER_ERRORS) throw error;
    }
    await client.backOff(seen > 0 ? 1 : Math.min(attempt, 4), signal);
  }
  throw registryError(
    'REFERRER_NOT_LISTED',
    `tag ${fallbackTag(subject)} of ${client.name} does not keep ${descriptors[0]?.digest ?? ''}: other writers replace it`,
    { hint: 'try again when nothing else is attached to this image' },
  );
}

/**
 * Takes referrers off the fallback tag, where there is one; the tag itself goes with the last of them. Looked at again afterwards, as another writer may have
 * put them back.
 * @throws AppError REFERRER_STILL_LISTED, and those of `readFallback`
 */
export async function removeFromFallback(
  client: RepositoryClient,
  removed: { readonly subject: Digest; readonly digests: ReadonlySet<Digest> },
  signal: AbortSignal,
): Promise<void> {
  const { subject, digests } = removed;
  let seen = 0;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const current = await readFallback(client, subject, signal);
    const kept = current.descriptors.filter(({ digest }) => !digests.has(digest));
    const isDone = kept.length === current.descriptors.length;
    seen = isDone ? seen + 1 : 0;
    // once more when another writer's overlapping update would have landed; nothing to look for where nothing was written
    if (isDone && (attempt === 1 || seen === 2)) return;
    if (isDone) await client.backOff(1, signal);
    else if (kept.length > 0) await put(client, subject, { current, entries: entriesOf(current, digests), signal });
    else await dropTag(client, subject, { current, signal });
    if (!isDone) await client.backOff(Math.min(attempt, 4), signal);
  }
  throw registryError(
    'REFERRER_STILL_LISTED',
    `tag ${fallbackTag(subject)} of ${client.name} goes on listing what was removed: other writers replace it`,
    { hint: 'try again when nothing else is attached to this image' },
  );
}

/** The entries as stored, without those of these digests. */
function entriesOf(current: Fallback, without: ReadonlySet<Digest>): readonly JsonValue[] {
  const entries = current.document?.['manifests'];
  return (Array.isArray(entries) ? (entries as readonly JsonValue[]) : []).filter((entry) => {
    const digest = isObject(entry) ? entry['digest'] : undefined;
    return !isDigest(digest) || !without.has(digest);
  });
}

/**
 * Empties the tag and deletes the empty index: nothing that somebody else adds at this moment is lost. Where the registry keeps the tag, it lists nothing.
 */
async function dropTag(
  client: RepositoryClient,
  subject: Digest,
  { current, signal }: { readonly current: Fallback; readonly signal: AbortSignal },
): Promise<void> {
  const empty = await put(client, subject, { current, entries: [], signal });
  if (empty === undefined) return;
  try {
    await deleteManifest(client, empty, signal);
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_DELETE_UNSUPPORTED')) throw error;
  }
}

async function replace(
  client: RepositoryClient,
  current: Fallback,
  { subject, descriptors }: Added,
  signal: AbortSignal,
): Promise<boolean> {
  const entries = [...entriesOf(current, new Set()), ...descriptors.map(descriptorJson)];
  return (await put(client, subject, { current, entries, signal })) !== undefined;
}

interface Put {
  /** What is there; replaced only if it still is. */
  readonly current: Fallback;
  readonly entries: readonly (JsonValue | JsonObject)[];
  readonly signal: AbortSignal;
}

/** The digest of what the tag leads to now; undefined when it has moved meanwhile. */
async function put(
  client: RepositoryClient,
  subject: Digest,
  { current, entries, signal }: Put,
): Promise<Digest | undefined> {
  const document = { ...current.document, schemaVersion: 2, mediaType: INDEX, manifests: entries };
  const bytes = Buffer.from(JSON.stringify(document));
  const condition =
    current.document === undefined
      ? { 'if-none-match': '*' }
      : current.etag === undefined
        ? {}
        : { 'if-match': current.etag };
  const manifest = { bytes, mediaType: INDEX, digest: sha256Digest(bytes) };
  const response = await storeManifest(client, { manifest, tag: fallbackTag(subject), condition }, signal);
  return response.status === 412 ? undefined : manifest.digest;
}
