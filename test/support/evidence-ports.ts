import type { Digest } from '../../src/core/index.ts';
import type { EvidenceNeeds, EvidencePorts, OpenedImage } from '../../src/evidence/index.ts';
import type { BuiltImage, BuiltIndex } from './gate-world.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** What a policy asks for that asks for nothing. */
export const NO_NEEDS: EvidenceNeeds = {
  bundles: false,
  layers: false,
  scan: false,
  compare: false,
  build: false,
  contain: false,
  files: false,
  system: false,
};

/** An image as a store opens it: its documents are there, nothing is attached, and its layers say nothing; `more` is what differs. */
export function openedImage(
  root: BuiltImage | BuiltIndex,
  images: readonly BuiltImage[],
  more: Partial<OpenedImage> = {},
): OpenedImage {
  const manifests = new Map(images.map((image) => [image.digest, image.bytes]));
  const configs = new Map(images.map((image) => [image.config, image.configBytes]));
  return {
    root: { bytes: root.bytes, digest: root.digest, mediaType: 'config' in root ? MANIFEST_TYPE : INDEX_TYPE },
    resolveTag: async () => root.digest,
    readManifest: async (digest) => ({ bytes: manifests.get(digest)!, digest, mediaType: MANIFEST_TYPE }),
    readConfig: async ({ digest }) => configs.get(digest)!,
    readStatement: async () => Buffer.alloc(0),
    findBundles: async () => ({ bundles: [], unreadable: [] }),
    readLayers: async () => ({ comparisons: [] }),
    ...more,
  };
}

/** Ports that open one image, whatever reference they are asked for. */
export function portsOf(
  opened: OpenedImage,
  requested: { readonly tag: string | null; readonly digest: Digest | null } = { tag: 'v1', digest: null },
): EvidencePorts {
  return { describe: () => ({ name: 'registry.example.com/shop/web', requested }), open: async () => opened };
}
