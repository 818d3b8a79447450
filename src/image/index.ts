export type { HistoryEntry, Image, ImageConfig, ImageIndex, LayerDescriptor } from './image.ts';
export type { EngineReference, ImageReference, LocalReference, RegistryReference } from './reference.ts';
export type {
  BlobSource,
  Descriptor,
  FileRange,
  ImageStore,
  Platform,
  RawManifest,
  ReferrerRemoval,
  ReferrerStore,
  WriteManifestOptions,
} from './types.ts';
export * from './layers/index.ts';
export { canonicalRepository, formatImageReference, parseImageReference } from './parse-reference.ts';
export {
  contradictsPlatform,
  formatExactPlatform,
  formatPlatform,
  isSamePlatform,
  normalizePlatform,
  parsePlatform,
} from './platform.ts';
export { MEDIA_TYPES } from './media-types.ts';
export { checkRawManifest, manifestKind, parseIndex, parseManifest } from './manifest.ts';
export type { IndexManifest, Manifest } from './manifest.ts';
export { parseConfig } from './config.ts';
export { loadImage, loadImageOrIndex, loadIndex, listPlatformImages, pairLayers } from './load.ts';
export type { Loaded, LoadOptions } from './load.ts';
export { readBlobBytes } from './read-blob.ts';
export { describeManifest, fallbackTag } from './local/layout-reader.ts';
export { createOciLayout, OciLayoutStore, openOciLayout } from './local/oci-layout.ts';
export { openLocalStore } from './local/open-local-store.ts';
export type { LocalStore, OpenLocalStoreOptions } from './local/open-local-store.ts';
export { copyImage } from './copy-image.ts';
export type { CopyOptions, CopyTarget } from './copy-image.ts';
export * from './copy/index.ts';
export { buildImage, buildIndex } from './write/build-image.ts';
export type { BuildConfig, BuildImageOptions, BuildIndexOptions } from './write/build-image.ts';
export { buildLayer } from './write/build-layer.ts';
export type { BuildLayerOptions, BuiltLayer, LayerCompression } from './write/build-layer.ts';
export type { LayerEntry } from './write/layer-entry.ts';
