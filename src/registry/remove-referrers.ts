import type { Digest } from '../core/index.ts';
import type { ReferrerRemoval } from '../image/index.ts';
import { deleteManifest } from './delete-manifest.ts';
import { removeFromFallback } from './fallback-tag.ts';
import { hasCode, type RepositoryClient } from './repository-client.ts';

/** Deletes manifests, then takes them off the fallback tag, if there is one. */
export async function removeReferrers(
  client: RepositoryClient,
  removed: { readonly subject: Digest; readonly removal: ReferrerRemoval },
  signal: AbortSignal,
): Promise<void> {
  const { subject, removal } = removed;
  for (const tag of removal.tags) {
    try {
      await deleteManifest(client, tag, signal);
    } catch (error) {
      // many registries delete by digest only, and the tag goes with its manifest
      if (!hasCode(error, 'REGISTRY_DELETE_UNSUPPORTED')) throw error;
    }
  }
  for (const digest of removal.deleted) await deleteManifest(client, digest, signal);
  await removeFromFallback(client, { subject, digests: new Set([...removal.deleted, ...removal.unlisted]) }, signal);
}
