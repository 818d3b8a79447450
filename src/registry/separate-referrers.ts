import type { Digest } from '../core/index.ts';
import { hasCode } from './repository-client.ts';
import type { RegistryStore } from './types.ts';

/** Fallback tags, and the tags of cosign's older attachments. */
const ATTACHMENT_TAG = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z]+)?$/;

/**
 * A store whose referrers live in another repository: they are listed, read and written there, everything else in the main one. Which manifests are
 * referrers is known from the listing.
 */
export function withReferrersElsewhere(main: RegistryStore, referrers: RegistryStore): RegistryStore {
  const known = new Set<Digest | string>();
  return {
    ...main,
    async listReferrers(subject, signal) {
      const found = await referrers.listReferrers(subject, signal);
      for (const { digest } of found) known.add(digest);
      return found;
    },
    readManifest: (reference, signal) =>
      (known.has(reference) || ATTACHMENT_TAG.test(reference) ? referrers : main).readManifest(reference, signal),
    async readBlob(descriptor, maxBytes, signal) {
      try {
        return await referrers.readBlob(descriptor, maxBytes, signal);
      } catch (error) {
        if (!hasCode(error, 'BLOB_NOT_FOUND', 'REPOSITORY_NOT_FOUND')) throw error;
        return main.readBlob(descriptor, maxBytes, signal);
      }
    },
    writeReferrers: (subject, added, signal) => {
      for (const { manifest } of added) known.add(manifest.digest);
      return referrers.writeReferrers(subject, added, signal);
    },
    removeReferrers: (subject, removal, signal) => referrers.removeReferrers(subject, removal, signal),
    writeBlob: (bytes, digest, signal) => referrers.writeBlob(bytes, digest, signal),
    async writeManifest(manifest, options, signal) {
      if (!options.referrer) return main.writeManifest(manifest, options, signal);
      known.add(manifest.digest);
      return referrers.writeManifest(manifest, options, signal);
    },
  };
}
