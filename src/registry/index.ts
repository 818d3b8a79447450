export { parseChallenges } from './authentication/challenge.ts';
export type { Challenge } from './authentication/challenge.ts';
export type { RegistryErrorCode } from './errors.ts';
export { fallbackTag } from './fallback-tag.ts';
export { openRegistry } from './open-registry.ts';
export type { RegistryOptions, RegistryStore, UploadSettings, UploadSource } from './types.ts';
