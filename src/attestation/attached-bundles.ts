import { compareCodeUnits, ExitCode, isAppError, LIMITS, mapConcurrent, type Digest } from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import { writeOciArtifact } from './oci-artifact.ts';
import { bundleManifest, parseReferrerManifest } from './bundle-manifest.ts';
import { attestationError } from './errors.ts';
import type { FoundBundle, UnreadableReferrer } from './types.ts';

/** Manifests and blobs read at the same time. */
const CONCURRENT_READS = 6;
/** All bundles of one subject together: somebody else's must not fill the memory of whoever verifies. */
const MAX_TOTAL_BYTES = 4 * LIMITS.bundleBytes;
/** The manifest of one bundle; real ones are about a kilobyte. */
const MAX_BUNDLE_MANIFEST_BYTES = 64 * 1024;

export interface AttachOptions {
  readonly predicateType: string;
  /** The time written into the manifest's annotations. */
  readonly created: Date;
}

/**
 * Attaches a bundle to an image: uploads the blob, then the manifest by its digest, which the store makes findable.
 * @returns the referrer's descriptor
 * @throws AppError the store's own codes
 */
export async function attachBundle(
  store: ReferrerStore,
  subject: Descriptor,
  bundle: Uint8Array,
  options: AttachOptions & { readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { predicateType, created, signal } = options;
  const artifact = bundleManifest({ subject, bundle, predicateType, created });
  await writeOciArtifact(store, artifact, { signal });
  return artifact.descriptor;
}

export interface FindOptions {
  /** Most referrers of one subject; LIMITS.referrers unless told. */
  readonly maxReferrers?: number;
  /** Largest bundle; LIMITS.bundleBytes unless told. */
  readonly maxBundleBytes?: number;
}

export interface FoundBundles {
  /** In the order of their manifests' digests. */
  readonly bundles: readonly FoundBundle[];
  readonly unreadable: readonly UnreadableReferrer[];
  /** Referrers that are something else. */
  readonly otherReferrers: readonly Descriptor[];
}

/**
 * Reads every bundle attached to a digest: each manifest and blob once, a few at a time. The listing's artifactType is not believed; the manifest
 * must name the subject. What is wrong with one referrer makes that one `unreadable`; failures of the store end the search.
 * @throws AppError REFERRERS_TOO_MANY and the store's own codes (never an empty result for an error)
 */
export async function findBundles(
  store: ReferrerStore,
  subject: Digest,
  options: FindOptions & { readonly signal: AbortSignal },
): Promise<FoundBundles> {
  const { signal } = options;
  const maxReferrers = options.maxReferrers ?? LIMITS.referrers;
  const maxBundleBytes = options.maxBundleBytes ?? LIMITS.bundleBytes;
  const listed = distinct(await store.listReferrers(subject, signal));
  if (listed.length > maxReferrers) {
    throw attestationError(
      'REFERRERS_TOO_MANY',
      `${subject} has ${listed.length} referrers, more than the ${maxReferrers} allowed`,
    );
  }
  const manifests = await mapConcurrent(listed, CONCURRENT_READS, (descriptor) =>
    faultOr(descriptor, () => readReferrer({ store, subject, descriptor, signal })),
  );
  const caps = { maxBundleBytes, maxTotalBytes: Math.max(MAX_TOTAL_BYTES, 4 * maxBundleBytes) };
  const admitted = admit(manifests.filter(isPending), caps);
  const read = await mapConcurrent(manifests, CONCURRENT_READS, (referrer) =>
    isPending(referrer) && admitted.has(referrer)
      ? faultOr(referrer.manifest, () => readBundle({ store, referrer, maxBundleBytes, signal }))
      : Promise.resolve(isPending(referrer) ? tooLarge(referrer, caps) : referrer),
  );
  return {
    bundles: read.flatMap((result) => ('bundle' in result ? [result.bundle] : [])),
    unreadable: read.flatMap((result) => ('unreadable' in result ? [result.unreadable] : [])),
    otherReferrers: read.flatMap((result) => ('other' in result ? [result.other] : [])),
  };
}

/** A bundle whose manifest has been read and whose blob has not. */
interface PendingBundle {
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly layer: Descriptor;
  readonly claimedPredicateType?: string;
}

type Settled =
  | { readonly bundle: FoundBundle }
  | { readonly unreadable: UnreadableReferrer }
  | { readonly other: Descriptor };

function isPending(referrer: PendingBundle | Settled): referrer is PendingBundle {
  return 'layer' in referrer;
}

/** What is missing, malformed, over a cap or of the wrong digest is the referrer's own fault; a remote, an authorisation, a bug are not. */
async function faultOr<T>(manifest: Descriptor, read: () => Promise<T>): Promise<T | Settled> {
  try {
    return await read();
  } catch (error) {
    if (!isAppError(error) || error.exitCode !== ExitCode.Input) throw error;
    return { unreadable: { manifest, code: error.code, reason: error.message } };
  }
}

interface BundleCaps {
  readonly maxBundleBytes: number;
  readonly maxTotalBytes: number;
}

/** The bundles that fit into the caps, small ones first: whatever else somebody attaches, signatures stay readable. */
function admit(pending: readonly PendingBundle[], caps: BundleCaps): ReadonlySet<PendingBundle> {
  const admitted = new Set<PendingBundle>();
  let totalBytes = 0;
  const bySize = pending.toSorted(
    (a, b) => a.layer.sizeBytes - b.layer.sizeBytes || compareCodeUnits(a.manifest.digest, b.manifest.digest),
  );
  for (const referrer of bySize) {
    totalBytes += referrer.layer.sizeBytes;
    if (referrer.layer.sizeBytes > caps.maxBundleBytes || totalBytes > caps.maxTotalBytes) break;
    admitted.add(referrer);
  }
  return admitted;
}

function tooLarge({ manifest, layer }: PendingBundle, { maxBundleBytes, maxTotalBytes }: BundleCaps): Settled {
  const reason =
    layer.sizeBytes > maxBundleBytes
      ? `the bundle is ${layer.sizeBytes} bytes, more than the ${maxBundleBytes} allowed`
      : `the bundles of this image are more than ${maxTotalBytes} bytes together`;
  return { unreadable: { manifest, code: 'BUNDLE_TOO_LARGE', reason } };
}

interface ReadReferrer {
  readonly store: ReferrerStore;
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal;
}

async function readReferrer({ store, subject, descriptor, signal }: ReadReferrer): Promise<PendingBundle | Settled> {
  const { bytes, mediaType } = await store.readManifest(descriptor.digest, signal);
  const referrer = parseReferrerManifest(bytes, subject);
  if (referrer.kind === 'other') {
    const { artifactType } = referrer;
    return { other: { ...descriptor, ...(artifactType === undefined ? {} : { artifactType }) } };
  }
  if (bytes.byteLength > MAX_BUNDLE_MANIFEST_BYTES) {
    throw attestationError(
      'REFERRER_MALFORMED',
      `the manifest of a bundle is ${bytes.byteLength} bytes, more than the ${MAX_BUNDLE_MANIFEST_BYTES} allowed`,
    );
  }
  const { layer, claimedPredicateType } = referrer;
  return {
    manifest: { ...descriptor, mediaType, sizeBytes: bytes.byteLength },
    manifestBytes: bytes,
    layer,
    ...(claimedPredicateType === undefined ? {} : { claimedPredicateType }),
  };
}

interface ReadBundle {
  readonly store: ReferrerStore;
  readonly referrer: PendingBundle;
  readonly maxBundleBytes: number;
  readonly signal: AbortSignal;
}

async function readBundle({ store, referrer, maxBundleBytes, signal }: ReadBundle): Promise<Settled> {
  const { layer, ...found } = referrer;
  const bytes = await store.readBlob(layer, maxBundleBytes, signal);
  return { bundle: { ...found, digest: layer.digest, bytes } };
}

function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  const byDigest = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
  return [...byDigest.values()].toSorted((a, b) => compareCodeUnits(a.digest, b.digest));
}
