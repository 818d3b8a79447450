import { LIMITS } from '../core/index.ts';
import type { Loaded } from './load.ts';
import { parseManifest } from './manifest.ts';
import { readBlobBytes, sizeMismatch } from './read-blob.ts';
import type { BlobSource, Descriptor, ImageStore, RawManifest, ReferrerStore } from './types.ts';

/** A target that takes blobs of any size, or only such as fit into memory. */
export type CopyTarget = Pick<ReferrerStore, 'writeBlob' | 'writeManifest'> & {
  readonly uploadBlob?: (source: BlobSource, descriptor: Descriptor, signal: AbortSignal) => Promise<void>;
};

export interface CopyOptions {
  /** What to copy, as `loadImageOrIndex` gave it. */
  readonly loaded: Loaded;
  /** Tag at the target; without it, the copy is reached by digest alone. */
  readonly tag?: string;
  readonly signal: AbortSignal;
}

/**
 * Copies an image, or an index with all its images and attestation manifests, byte for byte: digests stay. Everything is checked on the way. Blobs go first, then
 * manifests, then the index, so that a broken copy is never found under its tag. What is attached to them is not copied.
 * @throws AppError SIZE_MISMATCH, DIGEST_MISMATCH, INTERRUPTED and the stores' own codes
 */
export async function copyImage(from: ImageStore, to: CopyTarget, options: CopyOptions): Promise<void> {
  const { loaded, signal } = options;
  const tag = options.tag === undefined ? {} : { tag: options.tag };
  if (loaded.kind === 'image') {
    await copyManifest(from, to, { raw: loaded.image.manifest, tag, signal });
    return;
  }
  const { index } = loaded;
  for (const descriptor of [...index.platforms, ...index.attestationManifests]) {
    const raw = await from.readManifest(descriptor.digest, signal);
    if (raw.bytes.byteLength !== descriptor.sizeBytes)
      throw sizeMismatch('manifest', descriptor, `${raw.bytes.byteLength} bytes long`);
    await copyManifest(from, to, { raw, tag: {}, signal });
  }
  await to.writeManifest(index.manifest, tag, signal);
}

async function copyManifest(
  from: ImageStore,
  to: CopyTarget,
  options: { readonly raw: RawManifest; readonly tag: { readonly tag?: string }; readonly signal: AbortSignal },
): Promise<void> {
  const { raw, signal } = options;
  const { config, layers } = parseManifest(raw.bytes, raw.mediaType);
  for (const descriptor of [config, ...layers]) await copyBlob(from, to, { descriptor, signal });
  await to.writeManifest(raw, options.tag, signal);
}

/** Copies one blob, checked. */
export async function copyBlob(
  from: Pick<ImageStore, 'openBlob'>,
  to: CopyTarget,
  options: { readonly descriptor: Descriptor; readonly signal: AbortSignal },
): Promise<void> {
  const { descriptor, signal } = options;
  if (Object.is(from, to)) return;
  if (to.uploadBlob !== undefined) {
    await to.uploadBlob(await from.openBlob(descriptor, signal), descriptor, signal);
    return;
  }
  const bytes = await readBlobBytes(from, descriptor, { maxBytes: LIMITS.layerBytes, what: 'blob', signal });
  await to.writeBlob(bytes, descriptor.digest, signal);
}
