import type { Digest } from '../core/index.ts';
import type { ReferrerRemoval } from '../image/index.ts';
import { deleteManifest } from './delete-manifest.ts';
import { removeFromFallback } from './fallback-tag.ts';
import type { RepositoryClient } from './repository-client.ts';

/** Deletes manifests, then takes them off the fallback tag, if there is one. */
export async function removeReferrers(
  client: RepositoryClient,
  removed: { readonly subject: Digest; readonly removal: ReferrerRemoval },
  signal: AbortSignal,
): Promise<void> {
  const { subject, removal } = removed;
  for (const digest of removal.deleted) await deleteManifest(client, digest, signal);
  await removeFromFallback(client, { subject, digests: new Set([...removal.deleted, ...removal.unlisted]) }, signal);
}
