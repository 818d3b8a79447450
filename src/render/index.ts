export { renderBase, renderLock } from './base.ts';
export { renderTree } from './tree.ts';
export { renderVerification } from './verification.ts';
export { renderDecision } from './decision.ts';
export type { RenderDecisionOptions } from './decision.ts';
export { renderSbomTable, sbomSummary } from './sbom-table.ts';
export { displayWidth, fit, renderTable } from './table.ts';
export type { TableColumn, TableOptions } from './table.ts';
