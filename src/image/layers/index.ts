export { layerLimitsFor, type LayerLimits } from './layer-job.ts';
export { readLayers } from './read-layers.ts';
export type { ReadLayersOptions } from './read-layers.ts';
export { readRootfs } from './read-rootfs.ts';
export type { ReadRootfsOptions } from './read-rootfs.ts';
export { FactsCache } from './facts-cache.ts';
