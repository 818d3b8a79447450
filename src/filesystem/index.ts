export type { CapturePlan, CaptureRule, DigestRule } from './capture-rule.ts';
export type { CapturedFile, FileEntry, FileType, FileView } from './file-view.ts';
