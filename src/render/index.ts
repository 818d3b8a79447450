export { renderBase, renderLock } from './base.ts';
export { renderTree } from './tree.ts';
export { renderVerification } from './verification.ts';
export { renderDecision } from './decision.ts';
export type { RenderDecisionOptions } from './decision.ts';
