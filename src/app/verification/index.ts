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
