import { compareCodeUnits, digestMatches, isDigest, type Digest } from '../core/index.ts';
import { isSamePlatform, parseConfig, parseIndex, parseManifest } from '../image/index.ts';
import { provenanceError } from './errors.ts';
import type { LockPlatform, LockRecord } from './types.ts';

/**
 * Recomputes what a record claims from the bytes it keeps: every blob has its digest, the index (if any) lists the manifests, each manifest names its
 * config, each config its platform and diffIDs.
 * @throws AppError LOCK_BLOB_MISMATCH, LOCK_BLOB_MISSING, LOCK_PLATFORM_MISMATCH, and the image room's codes for malformed documents
 */
export function checkRecordBlobs(record: LockRecord, where: string): void {
  const blobs = new Map<string, Uint8Array>();
  for (const [digest, encoded] of Object.entries(record.blobs).toSorted(([a], [b]) => compareCodeUnits(a, b))) {
    const bytes = Buffer.from(encoded, 'base64');
    if (!isDigest(digest) || !digestMatches(digest, bytes)) {
      throw provenanceError('LOCK_BLOB_MISMATCH', `${where}: the bytes kept for ${digest} do not have that digest`, {
        hint: 'the lock was edited by hand; restore it from version control',
      });
    }
    blobs.set(digest, bytes);
  }
  const blob = (digest: Digest): Uint8Array => {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw provenanceError('LOCK_BLOB_MISSING', `${where} keeps no bytes for ${digest}`);
    return bytes;
  };
  const listed = listedManifests(record, blob(record.digest));
  for (const platform of record.platforms) {
    if (!listed.has(platform.manifest)) {
      throw provenanceError(
        'LOCK_PLATFORM_MISMATCH',
        `${where}: ${record.digest} does not list the manifest ${platform.manifest}`,
      );
    }
    checkPlatform(platform, blob, where);
  }
  for (const bundle of record.bundles) blob(bundle.digest);
}

function listedManifests(record: LockRecord, bytes: Uint8Array): ReadonlySet<string> {
  if (!isIndexMediaType(record.mediaType)) return new Set([record.digest]);
  const index = parseIndex(bytes);
  return new Set(index.platforms.map((descriptor) => descriptor.digest));
}

function isIndexMediaType(mediaType: string): boolean {
  return (
    mediaType === 'application/vnd.oci.image.index.v1+json' ||
    mediaType === 'application/vnd.docker.distribution.manifest.list.v2+json'
  );
}

function checkPlatform(platform: LockPlatform, blob: (digest: Digest) => Uint8Array, where: string): void {
  const manifest = parseManifest(blob(platform.manifest));
  const config = parseConfig(blob(platform.config));
  // read when it is compared with: what is in it has no other bytes to be checked against
  if (platform.fileList !== undefined) blob(platform.fileList);
  const agrees =
    manifest.config.digest === platform.config &&
    isSamePlatform(config, platform.platform) &&
    config.diffIds.length === platform.diffIds.length &&
    config.diffIds.every((diffId, index) => diffId === platform.diffIds[index]);
  if (!agrees) {
    throw provenanceError(
      'LOCK_PLATFORM_MISMATCH',
      `${where}: platform, config or diffIDs differ from the stored manifest ${platform.manifest}`,
      {
        hint: 'the lock was edited by hand; restore it from version control',
      },
    );
  }
}
