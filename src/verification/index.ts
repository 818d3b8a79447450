export { parseCertificate } from './certificate.ts';
export { rememberingReader } from './bundle-reader.ts';
export type { BundleReader } from './bundle-reader.ts';
export { checkBundle } from './check-bundle.ts';
export { checkArtifact, checkFile } from './check-file.ts';
export type { CheckArtifactOptions, CheckFileOptions, FileToCheck } from './check-file.ts';
export { describeBundle } from './describe-bundle.ts';
export type { DescribedBundle, DescribedCertificate, DescribedLogEntry } from './describe-bundle.ts';
export { checkLegacy } from './check-legacy.ts';
export { countDistinctSigners } from './count-signers.ts';
export { evaluateSignatures, signerId } from './evaluate-signatures.ts';
export type {
  AcceptedCandidate,
  AcceptedLegacy,
  CandidateBundle,
  EvaluateOptions,
  RejectedCandidate,
  SignatureEvaluation,
} from './evaluate-signatures.ts';
export { FULCIO_EXTENSION_NAMES } from './fulcio-extensions.ts';
export type { FulcioExtensionName, FulcioExtensions } from './fulcio-extensions.ts';
export { compileIdentity } from './identity.ts';
export type { IdentityKind, IdentityRule, TrustedIdentity } from './identity.ts';
export { trustedRootFromCertificates } from './private-root.ts';
export type { CertificateRootOptions } from './private-root.ts';
export type { VerifiedSct } from './sct.ts';
export type { TextPattern } from './text-matcher.ts';
export { isGithubRoot } from './github-root.ts';
export { thresholdsOf } from './trust-types.ts';
export type { IgnoredTrust, Thresholds, TrustedAuthority, TrustedLog, TrustedRoot } from './trust-types.ts';
export { mergeTrustedRoots, parseTrustedRoot, parseTrustedRoots } from './trusted-root.ts';
export type {
  BundleVerdict,
  CertificateSigner,
  CheckBundleOptions,
  FileVerdict,
  KeySigner,
  LegacyVerdict,
  LogEvaluation,
  NotEvaluated,
  RefusedName,
  RejectedBundle,
  SignatureProofs,
  SignerOptions,
  SigningTime,
  TimestampEvaluation,
  TrustedKey,
  TrustedSource,
  VerifiedBundle,
  VerifiedFile,
  VerifiedLegacySignature,
  VerifiedLogEntry,
  VerifiedSigner,
} from './types.ts';
export type { RejectionCode } from './rejection.ts';
export type { Validity } from './validity.ts';
export {
  describeTrustedRoots,
  loadSigningConfigFromTuf,
  loadTrustedRootFromTuf,
  readKeptSigningConfig,
  readKeptTrustedRoot,
} from './tuf/index.ts';
export type {
  AuthorityView,
  CertificateView,
  LogView,
  TrustedRootView,
  TufOptions,
  TufSource,
  TufTarget,
  TufVersions,
  ValidityView,
} from './tuf/index.ts';
