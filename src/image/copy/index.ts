export type {
  AttachmentSource,
  CopyDestination,
  CopyPlan,
  CopySource,
  CopyTargetStore,
  NotCopied,
  PlannedManifest,
} from './contract.ts';
export type { BlobCounts } from './copy-blobs.ts';
export { executeCopy } from './execute-copy.ts';
export type { CopiedAttachment, CopyOutcome, CopyReport, ExecuteOptions } from './execute-copy.ts';
export { planCopy } from './plan-copy.ts';
export type { PlanOptions } from './plan-copy.ts';
