import type { Digest } from '../core/index.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Bytes of a manifest or index whose digest has been computed and, when one was asked for, compared. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  /** The media type the document states, else the one it was served with; the two agree. */
  readonly mediaType: string;
  /** SHA-256 (or the digest asked for) of `bytes`. */
  readonly digest: Digest;
}

/** A range of bytes that a worker thread can open by itself. */
export interface FileRange {
  readonly path: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Stored (compressed) bytes of one blob; nobody has checked them yet. */
export type BlobSource =
  | { readonly kind: 'file'; readonly range: FileRange }
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<Uint8Array> };

/**
 * A place images are read from: registry, OCI layout, archive. Everything it returns is hostile until a caller compares digests; `readManifest`
 * does so itself.
 */
export interface ImageStore extends AsyncDisposable {
  /** How users name it, for messages: `oci:out`, `registry.example.com/app`. */
  readonly name: string;
  /**
   * Of stores across a network: whether the blob is there with the size it should have, without fetching it. A layer verified before is then not
   * fetched again. false: fetch it, and see what is wrong.
   */
  confirmBlob?(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** True when manifests were made up from what an archive has: their digests are known to no registry. */
  readonly syntheticManifest?: boolean;
  /**
   * A manifest by digest, or by tag ('' = the store's only or default one).
   * @throws AppError MANIFEST_NOT_FOUND, DIGEST_MISMATCH, LIMIT_EXCEEDED and the transport's own codes
   */
  readManifest(reference: Digest | string, signal: AbortSignal): Promise<RawManifest>;
  /** Opens a blob (config, layer, bundle). The caller hashes while reading and stops at `descriptor.sizeBytes`. */
  openBlob(descriptor: Descriptor, signal: AbortSignal): Promise<BlobSource>;
}

/** Where bundles and other artifacts attached to a digest are listed and added. Implemented by OCI layouts and registries. */
export interface ReferrerStore {
  /** True when it can be read only: `writeBlob` and `writeManifest` refuse. Asked before anything is signed for it. */
  readonly readOnly?: boolean;
  /**
   * All referrers of a digest: referrers API, else the fallback tag. Order as stored. `artifactType` in the listing is not to be trusted.
   * @throws AppError for every answer but "there are none": 401, 403, 429, 5xx, timeouts, a cap exceeded are errors, never an empty list.
   */
  listReferrers(subject: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
  /** Reads a referrer's manifest or blob whole, size-capped and digest-checked. */
  readManifest(reference: Digest | string, signal: AbortSignal): Promise<RawManifest>;
  readBlob(descriptor: Descriptor, maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Uploads a blob unless it is there. */
  writeBlob(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void>;
  /**
   * Stores a manifest by its digest and, when it has a `subject`, makes it findable by `listReferrers` (updates the fallback where the API is missing).
   * @param tag also points this tag at it
   */
  writeManifest(manifest: RawManifest, options: WriteManifestOptions, signal: AbortSignal): Promise<void>;
  /**
   * Removes what is attached to a digest. Absent where nothing can be removed.
   * @throws AppError when the store does not delete, and its own codes; what was removed before stays removed
   */
  removeReferrers?(subject: Digest, removal: ReferrerRemoval, signal: AbortSignal): Promise<void>;
}

/** What to remove, every digest checked by the caller to be no image of its own. */
export interface ReferrerRemoval {
  /** Manifests to delete and to take off the listing; one that is gone already is fine. */
  readonly deleted: readonly Digest[];
  /** Manifests to take off the listing only: it names them wrongly. */
  readonly unlisted: readonly Digest[];
  /** Tags that lead to some of the deleted. */
  readonly tags: readonly string[];
}

export interface WriteManifestOptions {
  readonly tag?: string;
  /** Present when the manifest has a `subject`: the descriptor to list under that digest. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}
