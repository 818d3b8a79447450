import {
  compareCodeUnits,
  ExitCode,
  isAppError,
  LIMITS,
  mapConcurrent,
  sha256Digest,
  type Digest,
} from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import { bundleManifest, EMPTY_CONFIG, parseReferrerManifest } from './bundle-manifest.ts';
import { attestationError } from './errors.ts';
import type { FoundBundle, UnreadableReferrer } from './types.ts';

/** Manifests and blobs read at the same time. */
const CONCURRENT_READS = 6;
/** All bundles of one subject together. */
const MAX_TOTAL_BYTES = 16 * LIMITS.bundleBytes;
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
  const { signal } = options;
  const { manifest, descriptor, bundleDigest } = bundleManifest({
    subject,
    bundle,
    predicateType: options.predicateType,
    created: options.created,
  });
  await store.writeBlob(EMPTY_CONFIG, sha256Digest(EMPTY_CONFIG), signal);
  await store.writeBlob(bundle, bundleDigest, signal);
  await store.writeManifest(manifest, { referrer: { subject: subject.digest, descriptor } }, signal);
  return descriptor;
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
  let totalBytes = 0;
  const takeBytes = (bytes: number): boolean => {
    totalBytes += bytes;
    return totalBytes <= MAX_TOTAL_BYTES;
  };
  const read = await mapConcurrent(listed, CONCURRENT_READS, (descriptor) =>
    readReferrer({ store, subject, descriptor, maxBundleBytes, takeBytes, signal }),
  );
  return {
    bundles: read.flatMap((result) => ('bundle' in result ? [result.bundle] : [])),
    unreadable: read.flatMap((result) => ('unreadable' in result ? [result.unreadable] : [])),
    otherReferrers: read.flatMap((result) => ('other' in result ? [result.other] : [])),
  };
}

interface ReadReferrer {
  readonly store: ReferrerStore;
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly maxBundleBytes: number;
  readonly takeBytes: (bytes: number) => boolean;
  readonly signal: AbortSignal;
}

type ReadResult =
  | { readonly bundle: FoundBundle }
  | { readonly unreadable: UnreadableReferrer }
  | { readonly other: Descriptor };

async function readReferrer(input: ReadReferrer): Promise<ReadResult> {
  try {
    return await readReferrerOrThrow(input);
  } catch (error) {
    // missing, malformed, over a cap, wrong digest: the referrer's own fault; a remote, an authorisation, a bug are not
    if (!isAppError(error) || error.exitCode !== ExitCode.Input) throw error;
    return { unreadable: { manifest: input.descriptor, code: error.code, reason: error.message } };
  }
}

async function readReferrerOrThrow(input: ReadReferrer): Promise<ReadResult> {
  const { store, subject, descriptor, maxBundleBytes, signal } = input;
  const manifest = await store.readManifest(descriptor.digest, signal);
  const referrer = parseReferrerManifest(manifest.bytes, subject);
  if (referrer.kind === 'other') {
    return {
      other: { ...descriptor, ...(referrer.artifactType === undefined ? {} : { artifactType: referrer.artifactType }) },
    };
  }
  const { layer } = referrer;
  if (layer.sizeBytes > maxBundleBytes) {
    throw attestationError(
      'BUNDLE_TOO_LARGE',
      `the bundle is ${layer.sizeBytes} bytes, more than the ${maxBundleBytes} allowed`,
    );
  }
  if (!input.takeBytes(layer.sizeBytes)) {
    throw attestationError(
      'BUNDLE_TOO_LARGE',
      `the bundles of this image are more than ${MAX_TOTAL_BYTES} bytes together`,
    );
  }
  const bytes = await store.readBlob(layer, maxBundleBytes, signal);
  return {
    bundle: {
      manifest: { ...descriptor, mediaType: manifest.mediaType, sizeBytes: manifest.bytes.byteLength },
      manifestBytes: manifest.bytes,
      digest: layer.digest,
      bytes,
      ...(referrer.claimedPredicateType === undefined ? {} : { claimedPredicateType: referrer.claimedPredicateType }),
    },
  };
}

function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  const byDigest = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
  return [...byDigest.values()].toSorted((a, b) => compareCodeUnits(a.digest, b.digest));
}
