export { allPlatformsFlag, imageFlags, keyFlag, layerFlags } from './shared-flags.ts';
export { WaybillCommand } from './waybill-command.ts';
export type { CommandOutcome, CommonFlags } from './waybill-command.ts';
