export { parseImagePurl } from './image-name.ts';
export { findBuildBases } from './layer-map.ts';
export { readProvenance } from './read-provenance.ts';
export { plainRepository } from './sources.ts';
export type { BuildBase, BuildInput, BuildProvenance, BuildSystem, SourceLayers } from './types.ts';
