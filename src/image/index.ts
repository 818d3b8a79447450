export type { HistoryEntry, Image, ImageConfig, ImageIndex, LayerDescriptor } from './image.ts';
export type { ImageReference, LocalReference, RegistryReference } from './reference.ts';
export type {
  BlobSource,
  Descriptor,
  FileRange,
  ImageStore,
  Platform,
  RawManifest,
  ReferrerStore,
  WriteManifestOptions,
} from './types.ts';
export * from './layers/index.ts';
