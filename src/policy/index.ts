export { compareImages, countCodes } from './review/compare-decisions.ts';
export type { ChangeReason, CodeCount, ImageChange } from './review/compare-decisions.ts';
export { policyCoverage, unexercised } from './review/coverage.ts';
export type { CheckCoverage, RuleCoverage } from './review/coverage.ts';
export { judgeCase } from './review/judge-case.ts';
export type { CaseDifference } from './review/judge-case.ts';
export { invalidTests, parsePolicyTests } from './review/policy-tests.ts';
export type {
  Expectation,
  ParsedPolicyTests,
  PolicyTestCase,
  PolicyTests,
  ResultPattern,
} from './review/policy-tests.ts';
export { exceptionProblems } from './file/semantics.ts';
export { positionOf } from './file/say.ts';
export { baseVoucher } from './base/base-voucher.ts';
export { draftVsas } from './vsa/build-vsa.ts';
export type { VsaDraft, VsaDrafts, VsaOmission } from './vsa/build-vsa.ts';
export { allResults, canonicalDecision, decide } from './decide.ts';
export type { DecideOptions } from './decide.ts';
export type {
  Basis,
  CheckName,
  CheckOutcome,
  CheckResult,
  Decision,
  DecisionNote,
  ImageDecision,
  PlatformDecision,
  RuleDecision,
  Verdict,
} from './decision.ts';
export { DRAFT_LOCK, draftIdentity, draftPolicy } from './review/draft-policy.ts';
export type { DraftBase, DraftSigner, PolicyDraft } from './review/draft-policy.ts';
export { canonicalPattern as canonicalImagePattern } from './file/names.ts';
export { explainPolicy } from './review/explain.ts';
export type { ExceptionExplanation, ExplainOptions, PolicyExplanation, RuleExplanation } from './review/explain.ts';
export type { DefaultValue, Demand } from './review/explain-checks.ts';
export { evidenceNeeds, inputNeeds } from './evidence-needs.ts';
export { imageCheck, listImageChecks } from './content/image-checks/index.ts';
export type { ImageCheckInfo } from './content/image-checks/index.ts';
export { containedFile } from './file/contained-file.ts';
export type { ContainedFile } from './file/contained-file.ts';
export { lintPolicyFiles } from './lint/lint-files.ts';
export type { SourcePosition } from './file/source-tree.ts';
export type { LintedFiles } from './lint/lint-files.ts';
export { assemblePolicy, loadPolicy, lockBundlePath, policyDigest } from './file/load-policy.ts';
export type { LoadPolicyOptions, PolicyParts } from './file/load-policy.ts';
export { baseState } from './base/base-state.ts';
export type { BaseAlarm, BaseAlarmCode, BaseQuestion, BaseState } from './base/base-state.ts';
export { judgeLock } from './base/judge-lock.ts';
export type { JudgedLock, JudgeLockOptions } from './base/judge-lock.ts';
export { lintPolicy, parsePolicy } from './file/parse-policy.ts';
export type { PolicyLint, PolicySource } from './file/parse-policy.ts';
export { sortProblems } from './file/problem.ts';
export type { PolicyProblem, PolicyProblemCode } from './file/problem.ts';
export type { BundleChecker } from './signers/signers.ts';
export { hasVsaRules, needsAfterBundles } from './vsa/settle.ts';
export { anyNeedsTrust, policyTuf } from './signers/trust.ts';
export type { PolicyTuf } from './signers/trust.ts';
export type {
  BaseEntry,
  LoadedPolicy,
  Policy,
  PolicyBases,
  PolicyException,
  PolicyIdentity,
  PolicyRule,
  Strictness,
} from './file/types.ts';
export { listPolicyInputs } from './rego/list-inputs.ts';
export type { InputChoice, InputChoices } from './rego/list-inputs.ts';
export { regoSources, restrictCapabilities } from './rego/sources.ts';
export type { RegoSource } from './rego/sources.ts';
export type { PolicyInput } from './rego/input-types.ts';
export type { CompiledRego } from './file/types.ts';
