export { EVIDENCE_ERRORS, evidenceError } from './errors.ts';
export { collectEvidence } from './collect-evidence.ts';
export type {
  CollectOptions,
  DescribedReference,
  EvidenceNeeds,
  EvidencePorts,
  LayerFacts,
  LayerRequest,
  OpenedImage,
} from './collect-evidence.ts';
export { canonicalEvidence, openEvidence } from './evidence-view.ts';
export type { EvidenceView } from './evidence-view.ts';
export { canonicalName, platformName, readConfigClaims } from './image-facts.ts';
export type { BundleView, ImageView, PlatformView } from './image-view.ts';
export { compareScan } from './scan.ts';
export type { ComparableSbom, ScanComparison, ScanComponent } from './scan.ts';
export type {
  EvidenceDocument,
  EvidenceError,
  EvidenceImage,
  EvidencePart,
  EvidencePlatform,
  EvidenceSubject,
  EvidenceUnreadable,
} from './types.ts';
