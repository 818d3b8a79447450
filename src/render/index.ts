export { renderSbomTable, sbomSummary } from './sbom-table.ts';
export { displayWidth, fit, renderTable } from './table.ts';
export type { TableColumn, TableOptions } from './table.ts';
