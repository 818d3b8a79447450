export { checkGate, replayGate } from './check-gate.ts';
export type { CheckGateOptions, CheckGateResult, ReplayGateOptions, ReplayGateResult } from './check-gate.ts';
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
export { policyInputSource, showPolicyInput } from './show-policy-input.ts';
export type { PolicyInputSource, ShowPolicyInputOptions } from './show-policy-input.ts';
