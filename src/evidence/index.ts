export { collectEvidence } from './collect-evidence.ts';
export type { CollectOptions } from './collector.ts';
export type {
  DescribedReference,
  EvidenceNeeds,
  EvidencePorts,
  LayerFacts,
  LayerRequest,
  OpenedImage,
  TrustPort,
} from './ports.ts';
export { buildClaims, readBuild } from './build-attestations.ts';
export type { BuildStatementView, BuildView } from './build-attestations.ts';
export { canonicalEvidence, openEvidence, reopenEvidence } from './evidence-view.ts';
export type { EvidenceView, TrustedRootView } from './evidence-view.ts';
export { canonicalName, platformName, readConfigClaims } from './image-facts.ts';
export type { BundleView, ImageView, PlatformView } from './image-view.ts';
export { isSamePlatform, type Platform } from '../image/index.ts';
export type { ComparableComponent, ComparableSbom } from '../sbom/index.ts';
export { collectLedgerFacts, unreadParts } from './collect-ledger-facts.ts';
export type { LedgerFactsInput } from './collect-ledger-facts.ts';
export type { CountedFile, CountedFiles, LedgerFacts, StrippedPart, UnreadPart } from './ledger-facts.ts';
export { listed } from './listed.ts';
export type { Listed } from './listed.ts';
export { collectSystemFacts, isSecretVariable, systemPlan } from './system/index.ts';
export type {
  AccountFacts,
  CacheFact,
  CommandFact,
  OsRelease,
  RunConfig,
  SearchedFolder,
  SecretFact,
  SecretKind,
  SourceFact,
  SystemFacts,
  SystemFactsInput,
  ToolFact,
  ToolKind,
  UserFact,
  WritableFact,
} from './system/index.ts';
export { compareScan, locationPath } from './scan.ts';
export type { ScanComparison } from './scan.ts';
export type {
  EvidenceBuildAttestation,
  EvidenceDocument,
  EvidenceError,
  EvidenceDeployed,
  EvidenceImage,
  EvidencePlace,
  EvidencePart,
  EvidencePlatform,
  EvidenceSubject,
  EvidenceTrustedRoot,
  EvidenceUnreadable,
} from './types.ts';
