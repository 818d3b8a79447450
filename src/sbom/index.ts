export { buildSbomDocument } from './build-document.ts';
export { buildIndexDocument } from './index-document.ts';
export type { IndexInput } from './index-document.ts';
export { platformSkew } from './skew.ts';
export type { PlatformDocument, SkewEntry } from './skew.ts';
export type { CycloneDxVersion } from './cyclonedx/library.ts';
export { validateCycloneDxJson } from './cyclonedx/validate.ts';
export type { SchemaProblem } from './cyclonedx/validate.ts';
export { loadCycloneDxWriter } from './cyclonedx/load-writer.ts';
export { writeCycloneDx } from './cyclonedx/write.ts';
export type { CycloneDxOptions } from './cyclonedx/write.ts';
export type {
  SbomBase,
  SbomComponent,
  SbomDocument,
  SbomInput,
  SbomLedger,
  SbomLayer,
  SbomProperty,
  SbomRoot,
  SbomSubject,
} from './types.ts';
export { compareSboms } from './compare.ts';
export type { ComparedField, SbomDifference } from './compare.ts';
export { comparableSbom } from './comparable.ts';
export type { ComparableComponent, ComparableSbom } from './comparable.ts';
export { readCycloneDxJson, readCycloneDxValue } from './cyclonedx/read.ts';
export { parseOutputFormat } from './output-format.ts';
export type { SbomOutput } from './output-format.ts';
