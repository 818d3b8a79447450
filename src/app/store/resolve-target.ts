import type { Digest, Runtime } from '../../core/index.ts';
import { loadImage, loadImageOrIndex, type Descriptor, type Image, type ImageIndex } from '../../image/index.ts';
import { hostPlatform, requestedPlatform, type ImageAccess, type OpenedStore } from './open-image-store.ts';

/** What a reference leads to; resolved once, spoken of by digest ever after. */
export type Target = { readonly digest: Digest; readonly descriptor: Descriptor } & (
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'index'; readonly index: ImageIndex }
);

/** Resolves to exactly what the reference names, index or manifest; with `--platform`, to that platform's manifest. */
export async function resolveTarget(opened: OpenedStore, access: ImageAccess, runtime: Runtime): Promise<Target> {
  const platform = requestedPlatform(access);
  if (platform !== undefined) return imageTarget(await loadOne(opened, access, runtime));
  const found = await loadImageOrIndex(opened.store, { reference: opened.target, signal: runtime.signal });
  return found.kind === 'image' ? imageTarget(found.image) : indexTarget(found.index);
}

/** One platform's image: the one asked for, else this machine's. */
export function loadOne(opened: OpenedStore, access: ImageAccess, runtime: Runtime): Promise<Image> {
  const platform = requestedPlatform(access);
  return loadImage(opened.store, {
    reference: opened.target,
    ...(platform === undefined ? {} : { platform }),
    hostPlatform: hostPlatform(),
    signal: runtime.signal,
  });
}

export function imageTarget(image: Image): Target & { readonly kind: 'image' } {
  const { manifest } = image;
  return {
    kind: 'image',
    image,
    digest: image.digest,
    descriptor: { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength },
  };
}

function indexTarget(index: ImageIndex): Target {
  const { manifest } = index;
  return {
    kind: 'index',
    index,
    digest: index.digest,
    descriptor: { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength },
  };
}
