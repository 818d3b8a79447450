export { askNewPassword, askPassword } from './ask-password.ts';
export { parseByteSize } from './byte-size.ts';
export { imageAccess } from './image-access-flags.ts';
export { parseDigestFlag, parseTimeFlag } from './parse-value.ts';
export { parsePairs } from './parse-pairs.ts';
export { imageArg } from './shared-args.ts';
export { allPlatformsFlag, imageFlags, keyFlag, layerFlags } from './shared-flags.ts';
export { WaybillCommand } from './waybill-command.ts';
export type { CommandOutcome, CommonFlags, StartRuntime } from './waybill-command.ts';
