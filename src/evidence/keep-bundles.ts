import type { FoundBundle, UnreadableReferrer } from '../attestation/index.ts';
import { compareCodeUnits, type Digest } from '../core/index.ts';
import type { BlobCollector } from './blob-collector.ts';
import type { EvidenceSubject } from './types.ts';

/** All bundles of one image, whatever their subject. */
const MAX_IMAGE_BUNDLE_BYTES = 96 * 1024 * 1024;

/** What was found at one digest. */
export interface SubjectListing {
  readonly digest: Digest;
  readonly bundles: readonly FoundBundle[];
  readonly unreadable: readonly UnreadableReferrer[];
}

/**
 * Keeps the bytes of an image's bundles, small ones first, until the document would grow too large: others attach large ones to make evidence that nobody can
 * read. What is left out is `unreadable`, so a check that needed it is an error and never a pass.
 */
export function keepBundles(blobs: BlobCollector, listings: readonly SubjectListing[]): readonly EvidenceSubject[] {
  const kept = admitted(listings);
  return listings.map(({ digest, bundles, unreadable }) => {
    const left = bundles.filter((bundle) => !kept.has(bundle.digest));
    const here = bundles.filter((bundle) => kept.has(bundle.digest));
    for (const bundle of here) {
      blobs.add(bundle.manifest.digest, bundle.manifestBytes);
      blobs.add(bundle.digest, bundle.bytes);
    }
    return {
      digest,
      bundles: here.map((bundle) => ({ manifest: bundle.manifest.digest, bundle: bundle.digest })),
      unreadable: [
        ...unreadable.map(({ manifest, code, reason }) => ({ manifest: manifest.digest, code, reason })),
        ...left.map(({ manifest }) => ({
          manifest: manifest.digest,
          code: 'BUNDLE_TOO_LARGE',
          reason: `the bundles of this image are more than ${MAX_IMAGE_BUNDLE_BYTES} bytes together`,
        })),
      ],
    };
  });
}

function admitted(listings: readonly SubjectListing[]): ReadonlySet<Digest> {
  const sizes = new Map(
    listings.flatMap(({ bundles }) => bundles.map(({ digest, bytes }) => [digest, bytes.byteLength] as const)),
  );
  const kept = new Set<Digest>();
  let totalBytes = 0;
  for (const [digest, sizeBytes] of [...sizes].toSorted(([a, x], [b, y]) => x - y || compareCodeUnits(a, b))) {
    totalBytes += sizeBytes;
    if (totalBytes > MAX_IMAGE_BUNDLE_BYTES) break;
    kept.add(digest);
  }
  return kept;
}
