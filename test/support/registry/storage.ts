import { digestAlgorithm, createDigester, type Digest } from '../../../src/core/index.ts';

export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface Upload {
  readonly chunks: Uint8Array[];
  sizeBytes: number;
}

/** What one repository holds. */
export interface Repository {
  readonly blobs: Map<string, Uint8Array>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
  readonly uploads: Map<string, Upload>;
}

/** All repositories, made when first written to. */
export class Storage {
  readonly repositories = new Map<string, Repository>();
  #uploads = 0;

  find(name: string): Repository | undefined {
    return this.repositories.get(name);
  }

  open(name: string): Repository {
    let repository = this.repositories.get(name);
    if (!repository) {
      repository = { blobs: new Map(), manifests: new Map(), tags: new Map(), uploads: new Map() };
      this.repositories.set(name, repository);
    }
    return repository;
  }

  nextUploadId(): string {
    this.#uploads += 1;
    return `upload-${this.#uploads}`;
  }
}

export function digestOf(bytes: Uint8Array, like?: string): Digest {
  const digester = createDigester(like === undefined ? 'sha256' : digestAlgorithm(like as Digest));
  digester.update(bytes);
  return digester.digest();
}

/** A manifest by tag or digest. */
export function findManifest(
  repository: Repository | undefined,
  reference: string,
): (StoredManifest & { digest: string }) | undefined {
  const digest = reference.includes(':') ? reference : repository?.tags.get(reference);
  const manifest = digest === undefined ? undefined : repository?.manifests.get(digest);
  return manifest && digest !== undefined ? { ...manifest, digest } : undefined;
}
