export { parseChallenges } from './authentication/challenge.ts';
export type { Challenge } from './authentication/challenge.ts';
export type { RegistryErrorCode } from './errors.ts';
export { openEngineImage } from './engine/open-engine-image.ts';
export type { EngineImage, EngineImageOptions } from './engine/open-engine-image.ts';
export { fallbackTag } from './fallback-tag.ts';
export { openRegistry } from './open-registry.ts';
export type { RegistryOptions, RegistryStore, UploadSettings, UploadSource } from './types.ts';
