import { compareCodeUnits, digestMatches, isDigest, type Digest } from '../core/index.ts';
import { isSamePlatform, parseConfig, parseIndex, parseManifest } from '../image/index.ts';
import { provenanceError } from './errors.ts';
import { sameLayers } from './match-bases.ts';
import type { LockPlatform, LockRecord } from './types.ts';

/**
 * Recomputes what a record claims from the bytes it keeps: every blob has its digest, the index (if any) lists the manifests, each manifest names its
 * config, each config its platform and diffIDs.
 * @param hashed blobs (base64 by digest) of earlier records that were hashed then: file lists are large, and most records keep those of the one before
 * @throws AppError LOCK_BLOB_MISMATCH, LOCK_BLOB_MISSING, LOCK_PLATFORM_MISMATCH, and the image room's codes for malformed documents
 */
export function checkRecordBlobs(record: LockRecord, where: string, hashed: ReadonlyMap<string, string>): void {
  for (const [digest, encoded] of Object.entries(record.blobs).toSorted(([a], [b]) => compareCodeUnits(a, b))) {
    if (hashed.get(digest) === encoded) continue;
    if (!isDigest(digest) || !digestMatches(digest, bytesOf(encoded))) {
      throw provenanceError('LOCK_BLOB_MISMATCH', `${where}: the bytes kept for ${digest} do not have that digest`, {
        hint: 'the lock was edited by hand; restore it from version control',
      });
    }
  }
  const kept = (digest: Digest): string => {
    const encoded = record.blobs[digest];
    if (encoded === undefined) throw provenanceError('LOCK_BLOB_MISSING', `${where} keeps no bytes for ${digest}`);
    return encoded;
  };
  const listed = listedManifests(record, bytesOf(kept(record.digest)));
  for (const platform of record.platforms) {
    if (!listed.has(platform.manifest)) {
      throw provenanceError(
        'LOCK_PLATFORM_MISMATCH',
        `${where}: ${record.digest} does not list the manifest ${platform.manifest}`,
      );
    }
    checkPlatform(platform, kept, where);
  }
  for (const bundle of record.bundles) kept(bundle.digest);
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

function bytesOf(encoded: string): Uint8Array {
  return Buffer.from(encoded, 'base64');
}

function checkPlatform(platform: LockPlatform, kept: (digest: Digest) => string, where: string): void {
  const manifest = parseManifest(bytesOf(kept(platform.manifest)));
  const config = parseConfig(bytesOf(kept(platform.config)));
  // read when it is compared with: what is in it has no other bytes to be checked against
  if (platform.fileList !== undefined) kept(platform.fileList);
  const agrees =
    manifest.config.digest === platform.config &&
    isSamePlatform(config, platform.platform) &&
    sameLayers(config.diffIds, platform.diffIds);
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
