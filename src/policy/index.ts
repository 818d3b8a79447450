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
export { evidenceNeeds } from './evidence-needs.ts';
export { compileGlob, globProblem } from './glob.ts';
export type { Glob } from './glob.ts';
export { assemblePolicy, loadPolicy, lockBundlePath } from './load-policy.ts';
export type { LoadPolicyOptions, PolicyParts } from './load-policy.ts';
export { lintPolicy, parsePolicy } from './parse-policy.ts';
export type { PolicyLint, PolicySource } from './parse-policy.ts';
export type { PolicyProblem, PolicyProblemCode } from './problem.ts';
export type { BundleChecker } from './statements.ts';
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
