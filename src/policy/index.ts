export { compareImages, countCodes } from './compare-decisions.ts';
export type { ChangeReason, CodeCount, ImageChange } from './compare-decisions.ts';
export { policyCoverage, unexercised } from './coverage.ts';
export type { CheckCoverage, RuleCoverage } from './coverage.ts';
export { judgeCase } from './judge-case.ts';
export type { CaseDifference } from './judge-case.ts';
export { invalidTests, parsePolicyTests } from './policy-tests.ts';
export type { Expectation, ParsedPolicyTests, PolicyTestCase, PolicyTests, ResultPattern } from './policy-tests.ts';
export { exceptionProblems, positionOf } from './semantics.ts';
export { baseVoucher, entryNeedsTrust } from './base-voucher.ts';
export { draftVsas } from './build-vsa.ts';
export type { VsaDraft, VsaDrafts, VsaOmission } from './build-vsa.ts';
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
export { DRAFT_LOCK, draftIdentity, draftPolicy } from './draft-policy.ts';
export type { DraftBase, DraftSigner, PolicyDraft } from './draft-policy.ts';
export { canonicalPattern as canonicalImagePattern } from './names.ts';
export { explainPolicy } from './explain.ts';
export type { ExceptionExplanation, ExplainOptions, PolicyExplanation, RuleExplanation } from './explain.ts';
export type { DefaultValue, Demand } from './explain-checks.ts';
export { evidenceNeeds, inputNeeds } from './evidence-needs.ts';
export { imageCheck, listImageChecks } from './image-checks/index.ts';
export type { ImageCheckInfo } from './image-checks/index.ts';
export { compileGlob, globProblem } from './glob.ts';
export type { Glob } from './glob.ts';
export { containedFile } from './contained-file.ts';
export type { ContainedFile } from './contained-file.ts';
export { lintPolicyFiles } from './lint-files.ts';
export type { SourcePosition } from './source-tree.ts';
export type { LintedFiles } from './lint-files.ts';
export { assemblePolicy, loadPolicy, lockBundlePath, policyDigest } from './load-policy.ts';
export type { LoadPolicyOptions, PolicyParts } from './load-policy.ts';
export { baseState } from './base-state.ts';
export type { BaseAlarm, BaseAlarmCode, BaseQuestion, BaseState } from './base-state.ts';
export { judgeLock } from './judge-lock.ts';
export type { JudgedLock, JudgeLockOptions } from './judge-lock.ts';
export { lintPolicy, parsePolicy } from './parse-policy.ts';
export type { PolicyLint, PolicySource } from './parse-policy.ts';
export { sortProblems } from './problem.ts';
export type { PolicyProblem, PolicyProblemCode } from './problem.ts';
export type { BundleChecker } from './signers.ts';
export { hasVsaRules, needsAfterBundles } from './settle.ts';
export { policyTuf } from './trust.ts';
export type { PolicyTuf } from './trust.ts';
export type {
  BaseEntry,
  LoadedPolicy,
  Policy,
  PolicyBases,
  PolicyException,
  PolicyIdentity,
  PolicyRule,
  Strictness,
} from './types.ts';
export { listPolicyInputs } from './rego/list-inputs.ts';
export type { InputChoice, InputChoices } from './rego/list-inputs.ts';
export { regoSources, restrictCapabilities } from './rego/sources.ts';
export type { RegoSource } from './rego/sources.ts';
export type { PolicyInput } from './rego/input-types.ts';
export type { CompiledRego } from './types.ts';
