export { checkBundle } from './check-bundle.ts';
export { evaluateSignatures } from './evaluate-signatures.ts';
export type {
  AcceptedCandidate,
  CandidateBundle,
  EvaluateOptions,
  RejectedCandidate,
  SignatureEvaluation,
} from './evaluate-signatures.ts';
export type {
  BundleVerdict,
  CheckBundleOptions,
  NotEvaluated,
  RejectedBundle,
  RejectionCode,
  TrustedKey,
  VerifiedBundle,
  VerifiedSigner,
} from './types.ts';
