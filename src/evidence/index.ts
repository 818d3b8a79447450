export { collectEvidence } from './collect-evidence.ts';
export type { CollectOptions } from './collect-evidence.ts';
export type {
  DescribedReference,
  EvidenceNeeds,
  EvidencePorts,
  LayerFacts,
  LayerRequest,
  OpenedImage,
} from './ports.ts';
export { canonicalEvidence, openEvidence } from './evidence-view.ts';
export type { EvidenceView } from './evidence-view.ts';
export { canonicalName, platformName, readConfigClaims } from './image-facts.ts';
export type { BundleView, ImageView, PlatformView } from './image-view.ts';
export { isSamePlatform, type Platform } from '../image/index.ts';
export type { ComparableComponent, ComparableSbom } from '../sbom/index.ts';
export type { CountedFile, CountedFiles, LedgerFacts } from './ledger-facts.ts';
export type { SystemFacts } from './system/index.ts';
export { compareScan, locationPath } from './scan.ts';
export type { ScanComparison } from './scan.ts';
export type {
  EvidenceBuildAttestation,
  EvidenceDocument,
  EvidenceError,
  EvidenceImage,
  EvidencePart,
  EvidencePlatform,
  EvidenceSubject,
  EvidenceTrustedRoot,
  EvidenceUnreadable,
} from './types.ts';
