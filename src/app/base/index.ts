export { detectBase } from './detect-base.ts';
export type { DetectBaseOptions, DetectBaseResult, LayerRow, LayerShare } from './detect-base.ts';
export { checkBase, checkBaseExitCode } from './check-base.ts';
export type { CheckBaseOptions, CheckBaseResult, CheckedBase } from './check-base.ts';
export { diffBase } from './diff-base.ts';
export type { ChangedPackage, DiffBaseOptions, DiffBaseResult, PackageChange } from './diff-base.ts';
export { lockBases } from './lock-bases.ts';
export type { LockBasesOptions, LockBasesResult, LockedBase } from './lock-bases.ts';
export type { DetectedBuild, DetectedInput } from './detect-build.ts';
