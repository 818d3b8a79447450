import { coreError, digestMatches, mapConcurrent, type Digest } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import { manifestKind, parseIndex, parseManifest } from '../manifest.ts';
import { classifyLayerType } from '../media-types.ts';
import { sizeMismatch } from '../read-blob.ts';
import type { Descriptor, ImageStore, RawManifest } from '../types.ts';

const MiB = 1024 * 1024;
/** Indexes in indexes. */
const MAX_INDEX_DEPTH = 4;
const MAX_MANIFESTS = 20_000;
const MAX_MANIFEST_BYTES = 256 * MiB;
export const COPY_CONCURRENCY = 4;

/** A manifest and the blobs it names. */
export interface TreeManifest {
  readonly manifest: RawManifest;
  readonly blobs: readonly Descriptor[];
  readonly kind: 'image' | 'index';
}

/** Counts what one copy holds in memory, and remembers what it leaves out. */
export class CopyBudget {
  readonly nondistributable = new Set<Digest>();
  readonly #includesNondistributable: boolean;
  #manifests = 0;
  #bytes = 0;

  constructor(includesNondistributable: boolean) {
    this.#includesNondistributable = includesNondistributable;
  }

  /** @throws AppError LIMIT_EXCEEDED */
  count(manifest: RawManifest): void {
    this.#manifests += 1;
    this.#bytes += manifest.bytes.byteLength;
    if (this.isExhausted) {
      throw coreError(
        'LIMIT_EXCEEDED',
        `there is more to copy than ${MAX_MANIFESTS} manifests or ${MAX_MANIFEST_BYTES} bytes of them`,
      );
    }
  }

  get isExhausted(): boolean {
    return this.#manifests > MAX_MANIFESTS || this.#bytes > MAX_MANIFEST_BYTES;
  }

  /** Blobs without the layers that may not be passed on. */
  distributable(blobs: readonly Descriptor[]): readonly Descriptor[] {
    if (this.#includesNondistributable) return blobs;
    return blobs.filter(({ mediaType, digest }) => {
      const foreign = classifyLayerType(mediaType) === 'foreign';
      if (foreign) this.nondistributable.add(digest);
      return !foreign;
    });
  }
}

export interface ReadTree {
  readonly store: Pick<ImageStore, 'readManifest' | 'name'>;
  readonly budget: CopyBudget;
  readonly signal: AbortSignal;
}

/** A manifest with everything below it, children before the index that lists them. @throws AppError as the parsers and the store do, LIMIT_EXCEEDED */
export async function readTree(manifest: RawManifest, options: ReadTree, depth = 0): Promise<readonly TreeManifest[]> {
  const { store, budget, signal } = options;
  budget.count(manifest);
  if (manifestKind(manifest.bytes, manifest.mediaType) === 'manifest') {
    const { config, layers } = parseManifest(manifest.bytes, manifest.mediaType);
    return [{ manifest, blobs: budget.distributable([config, ...layers]), kind: 'image' }];
  }
  if (depth === MAX_INDEX_DEPTH)
    throw imageError('INDEX_NESTED', `${manifest.digest} lists indexes more than ${MAX_INDEX_DEPTH} deep`);
  const { platforms, attestationManifests } = parseIndex(manifest.bytes, manifest.mediaType);
  const listed = new Map([...platforms, ...attestationManifests].map((child) => [child.digest, child]));
  const children = await mapConcurrent([...listed.values()], COPY_CONCURRENCY, async (descriptor) => {
    const child = await readChecked(store, descriptor.digest, signal);
    if (child.bytes.byteLength !== descriptor.sizeBytes)
      throw sizeMismatch('manifest', descriptor, `${child.bytes.byteLength} bytes long`);
    return readTree(child, options, depth + 1);
  });
  return [...children.flat(), { manifest, blobs: [], kind: 'index' }];
}

/** A manifest by digest, whatever the store says about it. @throws AppError MANIFEST_DIGEST_MISMATCH, and the store's */
export async function readChecked(
  store: Pick<ImageStore, 'readManifest'>,
  reference: Digest | string,
  signal: AbortSignal,
): Promise<RawManifest> {
  const raw = await store.readManifest(reference, signal);
  if (digestMatches(raw.digest, raw.bytes)) return raw;
  throw imageError('MANIFEST_DIGEST_MISMATCH', `the manifest is not what its digest ${raw.digest} says`);
}
