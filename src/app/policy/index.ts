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
