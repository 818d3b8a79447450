import type { Digest } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import type { BlobSource, Descriptor, ImageStore, RawManifest, ReferrerStore, WriteManifestOptions } from '../types.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { LayoutReader } from './layout-reader.ts';

/** An OCI image layout inside a tar archive, with what is attached to its images: read-only. */
export class ArchiveLayoutStore implements ImageStore, ReferrerStore {
  readonly name: string;
  readonly readOnly = true;
  readonly #files: ArchiveFiles;
  readonly #reader: LayoutReader;

  constructor(name: string, files: ArchiveFiles, maxReferrers?: number) {
    this.name = name;
    this.#files = files;
    this.#reader = new LayoutReader(name, files, maxReferrers);
    this.#reader.checkLayout();
  }

  async readManifest(reference: Digest | string, _signal: AbortSignal): Promise<RawManifest> {
    return this.#reader.readManifest(reference);
  }

  async openBlob(descriptor: Descriptor, _signal: AbortSignal): Promise<BlobSource> {
    return this.#reader.openBlob(descriptor);
  }

  async listReferrers(subject: Digest, _signal: AbortSignal): Promise<readonly Descriptor[]> {
    return this.#reader.referrersOf(subject);
  }

  async readBlob(descriptor: Descriptor, maxBytes: number, _signal: AbortSignal): Promise<Uint8Array> {
    return this.#reader.readBlob(descriptor, maxBytes);
  }

  /** @throws AppError STORE_READ_ONLY */
  async writeBlob(_bytes: Uint8Array, _digest: Digest, _signal: AbortSignal): Promise<void> {
    throw this.#readOnly();
  }

  /** @throws AppError STORE_READ_ONLY */
  async writeManifest(_manifest: RawManifest, _options: WriteManifestOptions, _signal: AbortSignal): Promise<void> {
    throw this.#readOnly();
  }

  #readOnly(): Error {
    return imageError('STORE_READ_ONLY', `${this.name} is an archive: nothing can be added to it`, {
      hint: 'unpack it into a directory and name that, oci:DIR, or write to a registry',
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }
}
