export { buildSbomDocument } from './build-document.ts';
export type { CycloneDxVersion } from './cyclonedx/library.ts';
export { validateCycloneDxJson } from './cyclonedx/validate.ts';
export type { SchemaProblem } from './cyclonedx/validate.ts';
export { writeCycloneDx } from './cyclonedx/write.ts';
export type { CycloneDxOptions } from './cyclonedx/write.ts';
export { SBOM_ERRORS, sbomError } from './errors.ts';
export type {
  SbomComponent,
  SbomDocument,
  SbomInput,
  SbomLayer,
  SbomProperty,
  SbomRoot,
  SbomSubject,
} from './types.ts';
