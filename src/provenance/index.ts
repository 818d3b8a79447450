export type {
  BaseClaim,
  BaseComparison,
  BaseLevel,
  BaseMatch,
  FileChange,
  FileFact,
  Lock,
  LockPlatform,
  LockRecord,
  PackageStanza,
  TamperClass,
  TamperFinding,
} from './types.ts';
