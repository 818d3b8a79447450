export { evaluateImageChecks } from './evaluate.ts';
export { imageFacts, withImpliedChecks } from './implied.ts';
export { imageCheck, listImageChecks } from './registry.ts';
export type { ImageCheckInfo } from './contract.ts';
