import type { RawManifest, WriteManifestOptions } from '../image/index.ts';
import { addToFallback } from './fallback-tag.ts';
import { registryError } from './errors.ts';
import { storeManifest } from './manifests.ts';
import { listByApi } from './referrers.ts';
import type { RepositoryClient } from './repository-client.ts';

/** Looks at a listing that does not show a new referrer yet. */
const MAX_LOOKS = 4;

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
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const listed = await listByApi(client, referrer.subject, signal);
    if (listed === undefined) {
      await addToFallback(client, referrer, signal);
      return;
    }
    if (listed.some(({ digest }) => digest === manifest.digest)) return;
    if (look < MAX_LOOKS) await client.backOff(look, signal);
  }
  throw registryError(
    'REFERRER_NOT_LISTED',
    `${client.name} stored ${manifest.digest} but does not list it among the referrers of ${referrer.subject}`,
  );
}
