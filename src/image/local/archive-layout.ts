import type { Digest } from '../../core/index.ts';
import type { BlobSource, Descriptor, ImageStore, RawManifest } from '../types.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { LayoutReader } from './layout-reader.ts';

/** An OCI image layout inside a tar archive: read-only. */
export class ArchiveLayoutStore implements ImageStore {
  readonly name: string;
  readonly #files: ArchiveFiles;
  readonly #reader: LayoutReader;

  constructor(name: string, files: ArchiveFiles) {
    this.name = name;
    this.#files = files;
    this.#reader = new LayoutReader(name, files);
    this.#reader.checkLayout();
  }

  async readManifest(reference: Digest | string, _signal: AbortSignal): Promise<RawManifest> {
    return this.#reader.readManifest(reference);
  }

  async openBlob(descriptor: Descriptor, _signal: AbortSignal): Promise<BlobSource> {
    return this.#reader.openBlob(descriptor);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }
}
