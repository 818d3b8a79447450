export { provenanceClaims, readBaseClaims, sameClaim } from './base-claims.ts';
export type { ClaimSources } from './base-claims.ts';
export { COMPARISON_CAPTURES, COMPARISON_DIGESTS, compareWithBase } from './compare-base.ts';
export type { BaseComparisonInput } from './compare-base.ts';
export { candidateLists, containedRecords, findContainment, MIN_CONTAINED_FILES } from './containment.ts';
export type { ContainingImage } from './containment.ts';
export { writeFileList } from './file-list.ts';
export type { FileListBytes } from './file-list.ts';
export { appendLockRecords, EMPTY_LOCK, lockBlob, parseLock } from './lock.ts';
export type { LockRecordDraft } from './lock.ts';
export { EMPTY_LAYER_DIFF_ID, matchBases, sameLayers } from './match-bases.ts';
export type { MatchableImage } from './match-bases.ts';
export { mergeLocks } from './merge-locks.ts';
export type { MergedLock } from './merge-locks.ts';
export { findSystemTraces } from './system-traces.ts';
export { contradictingClaims, recordHasDigest, recordsOfClaim } from './claim-contradictions.ts';
export { sbomClaims } from './sbom-claims.ts';
export { findBuildBases, plainRepository, readProvenance } from './slsa/index.ts';
export type { BuildBase, BuildInput, BuildProvenance, BuildSystem, SourceLayers } from './slsa/index.ts';
export { tamperFindings } from './tamper-findings.ts';
export type {
  AccountChange,
  BaseClaim,
  BaseComparison,
  BaseContainment,
  BaseLevel,
  BaseMatch,
  FileChange,
  FileFact,
  Lock,
  LockPlatform,
  LockRecord,
  PackageRecords,
  PackageStanza,
  SystemTraces,
  TamperClass,
  TamperFinding,
} from './types.ts';
