import { AppError, ExitCode, sha256Digest, type Digest } from '../../src/core/index.ts';
import type { Descriptor, RawManifest, ReferrerStore, WriteManifestOptions } from '../../src/image/index.ts';

/** A `ReferrerStore` in memory that counts reads; digests are real, listings are as written. */
export class MemoryReferrers implements ReferrerStore {
  readonly manifests = new Map<string, RawManifest>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly listings = new Map<string, Descriptor[]>();
  readonly reads: string[] = [];

  listReferrers(subject: Digest): Promise<readonly Descriptor[]> {
    return Promise.resolve(this.listings.get(subject) ?? []);
  }

  readManifest(reference: string): Promise<RawManifest> {
    this.reads.push(reference);
    const manifest = this.manifests.get(reference);
    if (manifest === undefined) return Promise.reject(missing('MANIFEST_NOT_FOUND', reference));
    return Promise.resolve(manifest);
  }

  readBlob(descriptor: Descriptor): Promise<Uint8Array> {
    this.reads.push(descriptor.digest);
    const bytes = this.blobs.get(descriptor.digest);
    return bytes === undefined ? Promise.reject(missing('BLOB_NOT_FOUND', descriptor.digest)) : Promise.resolve(bytes);
  }

  writeBlob(bytes: Uint8Array, digest: Digest): Promise<void> {
    this.blobs.set(digest, bytes);
    return Promise.resolve();
  }

  writeManifest(manifest: RawManifest, options: WriteManifestOptions): Promise<void> {
    this.manifests.set(manifest.digest, manifest);
    if (options.referrer !== undefined) this.list(options.referrer.subject, options.referrer.descriptor);
    return Promise.resolve();
  }

  /** Lists a descriptor under a subject. */
  list(subject: Digest, descriptor: Descriptor): void {
    this.listings.set(subject, [...(this.listings.get(subject) ?? []), descriptor]);
  }

  /** Stores any JSON as a referrer's manifest and lists it. */
  addManifest(subject: Digest, document: unknown, listed: Partial<Descriptor> = {}): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const descriptor = { mediaType, digest: sha256Digest(bytes), sizeBytes: bytes.byteLength, ...listed };
    this.manifests.set(descriptor.digest, { bytes, mediaType, digest: descriptor.digest });
    this.list(subject, descriptor);
    return descriptor;
  }
}

function missing(code: string, what: string): AppError {
  return new AppError(code, ExitCode.Input, `no ${what}`);
}
