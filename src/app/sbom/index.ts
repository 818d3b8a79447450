export { createSboms } from './create-sbom.ts';
export type { CreatedSboms, CreateSbomOptions } from './create-sbom.ts';
export type { PlatformSbom } from './platform-sbom.ts';
export { listCatalogers } from './list-catalogers.ts';
export type { CatalogerInfo } from './list-catalogers.ts';
export { reportSboms } from './report-sboms.ts';
export type { ReportSbomsOptions, SbomOutcome, SbomReport } from './report-sboms.ts';
export { LEDGER_FAULTS, listFiles, parseLedgerFaults } from './list-files.ts';
export type { LedgerFault, ListFilesOptions, ListFilesOutcome, ListFilesResult } from './list-files.ts';
