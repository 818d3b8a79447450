import { mapConcurrent, type Digest } from '../core/index.ts';
import type { Descriptor, RawManifest, WriteManifestOptions } from '../image/index.ts';
import { addToFallback } from './fallback-tag.ts';
import { registryError } from './errors.ts';
import { storeManifest } from './manifests.ts';
import { listByApi } from './referrers.ts';
import type { RepositoryClient } from './repository-client.ts';
import type { NewReferrer } from './types.ts';

/** Looks at a listing that does not show a new referrer yet. */
const MAX_LOOKS = 4;
/** Manifests sent at the same time. */
const CONCURRENT_WRITES = 4;

/**
 * Stores a manifest, and makes sure that a referrer can be found: the registry says so (OCI-Subject), or lists it, or it is added to the fallback tag.
 * @throws AppError REFERRER_NOT_LISTED, and the registry's
 */
export async function writeManifest(
  client: RepositoryClient,
  stored: { readonly manifest: RawManifest; readonly options: WriteManifestOptions },
  signal: AbortSignal,
): Promise<void> {
  const { manifest, options } = stored;
  const response = await storeManifest(client, { manifest, tag: options.tag }, signal);
  const { referrer } = options;
  if (!referrer || response.header('oci-subject') === referrer.subject) return;
  await makeFindable(client, { subject: referrer.subject, descriptors: [referrer.descriptor] }, signal);
}

/** Stores many referrers of one subject as `writeManifest` does each, the fallback tag being updated once. */
export async function writeReferrers(
  client: RepositoryClient,
  { subject, referrers }: { readonly subject: Digest; readonly referrers: readonly NewReferrer[] },
  signal: AbortSignal,
): Promise<void> {
  const unsure = await mapConcurrent(referrers, CONCURRENT_WRITES, async ({ manifest, descriptor }) => {
    const response = await storeManifest(client, { manifest }, signal);
    return response.header('oci-subject') === subject ? [] : [descriptor];
  });
  const descriptors = unsure.flat();
  if (descriptors.length > 0) await makeFindable(client, { subject, descriptors }, signal);
}

async function makeFindable(
  client: RepositoryClient,
  added: { readonly subject: Digest; readonly descriptors: readonly Descriptor[] },
  signal: AbortSignal,
): Promise<void> {
  const { subject, descriptors } = added;
  let missing = descriptors;
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const listed = await listByApi(client, subject, signal);
    if (listed === undefined) {
      await addToFallback(client, added, signal);
      return;
    }
    const digests = new Set(listed.map(({ digest }) => digest));
    missing = descriptors.filter(({ digest }) => !digests.has(digest));
    if (missing.length === 0) return;
    if (look < MAX_LOOKS) await client.backOff(look, signal);
  }
  throw registryError(
    'REFERRER_NOT_LISTED',
    `${client.name} stored ${missing[0]?.digest ?? ''} but does not list it among the referrers of ${subject}`,
  );
}
