export type { CatalogContext, Cataloger, CatalogerStatement, CatalogResult } from './contract.ts';
export { detectDistribution } from './os/distribution.ts';
export type { DetectedDistribution } from './os/distribution.ts';
export { OWNED_BY } from './ownership.ts';
export type { Ownership } from './ownership.ts';
export { CATALOGERS, capturePlan, catalogVersion } from './registry.ts';
export { runCatalogers } from './runner.ts';
export type { CatalogOptions, CatalogRun } from './runner.ts';
