export { askNewPassword } from './ask-password.ts';
export { completeAnswers } from './ask-policy.ts';
export type { CompleteAnswers, PolicyAnswers } from './ask-policy.ts';
export { askYes } from './ask-yes.ts';
export { bundleJudgingFlags, wantedStatement } from './bundle-flags.ts';
export { bundleLimit, layerLimit } from './byte-size.ts';
export { eitherPolicy, eitherPolicyArg, eitherPolicyFlag } from './either-policy.ts';
export {
  decisionOutputFlag,
  opaFlag,
  policyChoice,
  policyFlags,
  policyTrust,
  policyTrustFlags,
  withOwnCache,
} from './gate-flags.ts';
export { imageAccess } from './image-access-flags.ts';
export { asOfTime, parseDigestFlag, parseReportFlag } from './parse-value.ts';
export { parsePairs } from './parse-pairs.ts';
export { readStdin } from './read-stdin.ts';
export { destinationArg, imageArg, optionalImageArg, sourceArg } from './shared-args.ts';
export {
  allPlatformsFlag,
  attachmentFlags,
  attachmentLimitFlags,
  bundleLimitFlag,
  bundleOutput,
  bundleOutputFlags,
  gateImageFlags,
  imageFlags,
  layerFlags,
  registryFlags,
  signedAnnotationFlag,
} from './shared-flags.ts';
export { signerAccess, signerFlags } from './signer-flags.ts';
export { signingAccess, signingFlags } from './signing-flags.ts';
export { tufAccess, tufFlags } from './tuf-flags.ts';
export { vsaFlags, vsaOutput } from './vsa-flags.ts';
export { WaybillCommand } from './waybill-command.ts';
export type { CommandOutcome, CommonFlags, StartRuntime } from './waybill-command.ts';
