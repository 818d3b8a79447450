export { attestImage } from './signing/attest-image.ts';
export type { AttestImageOptions, AttestImageResult } from './signing/attest-image.ts';
export { checkGate, replayGate } from './gate/check-gate.ts';
export type { CheckGateOptions, CheckGateResult, ReplayGateOptions, ReplayGateResult } from './gate/check-gate.ts';
export { cleanImage } from './store/clean-image.ts';
export type { CleanedItem, CleanImageOptions, CleanImageResult, CleanType } from './store/clean-image.ts';
export { copyExitCode, copyImageWithAttachments } from './store/copy-image.ts';
export type { CopyImageOptions, CopyImageResult } from './store/copy-image.ts';
export { createSboms } from './sbom/create-sbom.ts';
export type { CreatedSboms, CreateSbomOptions } from './sbom/create-sbom.ts';
export type { PlatformSbom } from './sbom/platform-sbom.ts';
export { listCatalogers } from './sbom/list-catalogers.ts';
export type { CatalogerInfo } from './sbom/list-catalogers.ts';
export { reportSboms } from './sbom/report-sboms.ts';
export type { ReportSbomsOptions, SbomOutcome, SbomReport } from './sbom/report-sboms.ts';
export type { EmittedVsa, VsaOutputOptions, VsaReport } from './gate/emit-vsas.ts';
export { reportGate, reportReplay } from './gate/report-gate.ts';
export type {
  GateOutcome,
  GateOutputOptions,
  GateReport,
  ReportGateOptions,
  ReportReplayOptions,
} from './gate/report-gate.ts';
export type { GateInputOptions } from './gate/gate-inputs.ts';
export { verifyForContainerd } from './gate/verify-for-containerd.ts';
export type { ContainerdJudgement, VerifyForContainerdOptions } from './gate/verify-for-containerd.ts';
export { GATE_FORMATS } from './gate/gate-outputs.ts';
export type { DecisionSpeller, GateFormat, GateOutput } from './gate/gate-outputs.ts';
export type { MissingPin, WrittenPin, WrittenPins } from './gate/write-pins.ts';
export { releaseImage } from './signing/release-image.ts';
export type { ReleaseImageOptions, ReleaseImageResult, ReleaseStep } from './signing/release-image.ts';
export { tryPolicy, tryPolicyExitCode } from './policy/try-policy.ts';
export type { TriedImage, TryPolicyOptions, TryPolicyResult } from './policy/try-policy.ts';
export { testPolicies, testPoliciesExitCode } from './policy/test-policies.ts';
export type {
  PolicyCoverage,
  TestedCase,
  TestedFile,
  TestPoliciesOptions,
  TestPoliciesResult,
} from './policy/test-policies.ts';
export { explainPolicyFile } from './policy/explain-policy.ts';
export type { ExplainPolicyOptions, ExplainPolicyResult } from './policy/explain-policy.ts';
export { initPolicy, refuseTaken } from './policy/init-policy.ts';
export type { InitPolicyOptions, InitPolicyResult, InitSigner } from './policy/init-policy.ts';
export { lintExitCode, lintPolicyFile } from './policy/lint-policy.ts';
export type { LintPolicyOptions, LintPolicyResult } from './policy/lint-policy.ts';
export { detectBase } from './base/detect-base.ts';
export type { DetectBaseOptions, DetectBaseResult, LayerRow, LayerShare } from './base/detect-base.ts';
export { checkBase, checkBaseExitCode } from './base/check-base.ts';
export type { CheckBaseOptions, CheckBaseResult, CheckedBase } from './base/check-base.ts';
export { diffBase } from './base/diff-base.ts';
export type { ChangedPackage, DiffBaseOptions, DiffBaseResult, PackageChange } from './base/diff-base.ts';
export { APP_ERRORS } from './errors.ts';
export { generateKeyFiles } from './signing/generate-key.ts';
export type { GenerateKeyOptions, GenerateKeyResult } from './signing/generate-key.ts';
export { LEDGER_FAULTS, listFiles, parseLedgerFaults } from './sbom/list-files.ts';
export type { LedgerFault, ListFilesOptions, ListFilesOutcome, ListFilesResult } from './sbom/list-files.ts';
export { lockBases } from './base/lock-bases.ts';
export type { LockBasesOptions, LockBasesResult, LockedBase } from './base/lock-bases.ts';
export type { ImageAccess } from './store/open-image-store.ts';
export { policyInputSource, showPolicyInput } from './gate/show-policy-input.ts';
export type { PolicyInputSource, ShowPolicyInputOptions } from './gate/show-policy-input.ts';
export { showTree } from './store/show-tree.ts';
export type { ShowTreeOptions, ShowTreeResult, TreeNode, TreeReferrer } from './store/show-tree.ts';
export { signImage } from './signing/sign-image.ts';
export type { SignImageOptions, SignImageResult } from './signing/sign-image.ts';
export type { SignedSubject } from './signing/sign-each.ts';
export type { SignedBy, Witnessed } from './signing/open-signing.ts';
export type { SigningAccess } from './signing/signing-access.ts';
export { attestBlob, signBlobs } from './signing/sign-blobs.ts';
export type { AttestBlobOptions, AttestBlobResult, SignBlobsOptions, SignBlobsResult } from './signing/sign-blobs.ts';
export { showTrust, updateTrust } from './verification/trust.ts';
export type {
  ShowTrustOptions,
  ShowTrustResult,
  TrustOrigin,
  TufAccess,
  UpdateTrustResult,
} from './verification/trust.ts';
export type { TrustChange, TrustEntry } from './verification/compare-trust.ts';
export { inspectBundle } from './verification/inspect-bundle.ts';
export type { InspectBundleResult } from './verification/inspect-bundle.ts';
export { verifyBlob, verifyBlobExitCode } from './verification/verify-blob.ts';
export type { VerifyBlobOptions, VerifyBlobResult } from './verification/verify-blob.ts';
export type { SignerAccess } from './verification/signers.ts';
export { verifyExitCode, verifyImage } from './verification/verify-image.ts';
export type { AcceptedSigner } from './verification/accepted-signer.ts';
export type {
  AcceptedSignature,
  RejectedSignature,
  VerifiedSubject,
  VerifyImageOptions,
  VerifyImageResult,
} from './verification/verify-image.ts';
export { writeCycloneDx } from '../sbom/index.ts';
export type { SbomComponent, SbomDocument } from '../sbom/index.ts';
export type { Diagnostic } from '../packages/index.ts';
export type { Decision } from '../policy/index.ts';
export type { EvidenceDocument } from '../evidence/index.ts';
export type { DetectedBuild, DetectedInput } from './base/detect-build.ts';
