export { attestImage } from './attest-image.ts';
export type { AttestImageOptions, AttestImageResult } from './attest-image.ts';
export { checkGate, replayGate } from './check-gate.ts';
export type { CheckGateOptions, CheckGateResult, ReplayGateOptions, ReplayGateResult } from './check-gate.ts';
export { cleanImage } from './clean-image.ts';
export type { CleanedItem, CleanImageOptions, CleanImageResult, CleanType } from './clean-image.ts';
export { copyExitCode, copyImageWithAttachments } from './copy-image.ts';
export type { CopyImageOptions, CopyImageResult } from './copy-image.ts';
export { createSboms } from './create-sbom.ts';
export type { CreatedSboms, CreateSbomOptions } from './create-sbom.ts';
export type { PlatformSbom } from './platform-sbom.ts';
export { listCatalogers } from './list-catalogers.ts';
export type { CatalogerInfo } from './list-catalogers.ts';
export { reportSboms } from './report-sboms.ts';
export type { ReportSbomsOptions, SbomOutcome, SbomReport } from './report-sboms.ts';
export type { EmittedVsa, VsaOutputOptions, VsaReport } from './emit-vsas.ts';
export { reportGate, reportReplay } from './report-gate.ts';
export type {
  GateOutcome,
  GateOutputOptions,
  GateReport,
  ReportGateOptions,
  ReportReplayOptions,
} from './report-gate.ts';
export type { GateInputOptions } from './gate-inputs.ts';
export { verifyForContainerd } from './verify-for-containerd.ts';
export type { ContainerdJudgement, VerifyForContainerdOptions } from './verify-for-containerd.ts';
export { GATE_FORMATS } from './gate-outputs.ts';
export type { DecisionSpeller, GateFormat, GateOutput } from './gate-outputs.ts';
export type { MissingPin, WrittenPin, WrittenPins } from './write-pins.ts';
export { releaseImage } from './release-image.ts';
export type { ReleaseImageOptions, ReleaseImageResult, ReleaseStep } from './release-image.ts';
export { tryPolicy, tryPolicyExitCode } from './try-policy.ts';
export type { TriedImage, TryPolicyOptions, TryPolicyResult } from './try-policy.ts';
export { testPolicies, testPoliciesExitCode } from './test-policies.ts';
export type {
  PolicyCoverage,
  TestedCase,
  TestedFile,
  TestPoliciesOptions,
  TestPoliciesResult,
} from './test-policies.ts';
export { explainPolicyFile } from './explain-policy.ts';
export type { ExplainPolicyOptions, ExplainPolicyResult } from './explain-policy.ts';
export { initPolicy, refuseTaken } from './init-policy.ts';
export type { InitPolicyOptions, InitPolicyResult, InitSigner } from './init-policy.ts';
export { lintExitCode, lintPolicyFile } from './lint-policy.ts';
export type { LintPolicyOptions, LintPolicyResult } from './lint-policy.ts';
export { detectBase } from './detect-base.ts';
export type { DetectBaseOptions, DetectBaseResult, LayerRow, LayerShare } from './detect-base.ts';
export { checkBase, checkBaseExitCode } from './check-base.ts';
export type { CheckBaseOptions, CheckBaseResult, CheckedBase } from './check-base.ts';
export { diffBase } from './diff-base.ts';
export type { ChangedPackage, DiffBaseOptions, DiffBaseResult, PackageChange } from './diff-base.ts';
export { APP_ERRORS } from './errors.ts';
export { generateKeyFiles } from './generate-key.ts';
export type { GenerateKeyOptions, GenerateKeyResult } from './generate-key.ts';
export { LEDGER_FAULTS, listFiles, parseLedgerFaults } from './list-files.ts';
export type { LedgerFault, ListFilesOptions, ListFilesOutcome, ListFilesResult } from './list-files.ts';
export { lockBases } from './lock-bases.ts';
export type { LockBasesOptions, LockBasesResult, LockedBase } from './lock-bases.ts';
export type { ImageAccess } from './open-image-store.ts';
export { policyInputSource, showPolicyInput } from './show-policy-input.ts';
export type { PolicyInputSource, ShowPolicyInputOptions } from './show-policy-input.ts';
export { showTree } from './show-tree.ts';
export type { ShowTreeOptions, ShowTreeResult, TreeNode, TreeReferrer } from './show-tree.ts';
export { signImage } from './sign-image.ts';
export type { SignImageOptions, SignImageResult } from './sign-image.ts';
export type { SignedSubject } from './sign-each.ts';
export type { SignedBy, Witnessed } from './open-signing.ts';
export type { SigningAccess } from './signing-access.ts';
export { attestBlob, signBlobs } from './sign-blobs.ts';
export type { AttestBlobOptions, AttestBlobResult, SignBlobsOptions, SignBlobsResult } from './sign-blobs.ts';
export { showTrust, updateTrust } from './trust.ts';
export type { ShowTrustOptions, ShowTrustResult, TrustOrigin, TufAccess, UpdateTrustResult } from './trust.ts';
export type { TrustChange, TrustEntry } from './compare-trust.ts';
export { inspectBundle } from './inspect-bundle.ts';
export type { InspectBundleResult } from './inspect-bundle.ts';
export { verifyBlob, verifyBlobExitCode } from './verify-blob.ts';
export type { VerifyBlobOptions, VerifyBlobResult } from './verify-blob.ts';
export type { SignerAccess } from './signers.ts';
export { verifyExitCode, verifyImage } from './verify-image.ts';
export type { AcceptedSigner } from './accepted-signer.ts';
export type {
  AcceptedSignature,
  RejectedSignature,
  VerifiedSubject,
  VerifyImageOptions,
  VerifyImageResult,
} from './verify-image.ts';
export { writeCycloneDx } from '../sbom/index.ts';
export type { SbomComponent, SbomDocument } from '../sbom/index.ts';
export type { Diagnostic } from '../packages/index.ts';
export type { Decision } from '../policy/index.ts';
export type { EvidenceDocument } from '../evidence/index.ts';
export type { DetectedBuild, DetectedInput } from './detect-build.ts';
