export { signatureHash } from './algorithms.ts';
export { chainOf, parseCertificateChain } from './certificates.ts';
export type { CertificateChain } from './certificates.ts';
export {
  DER_TAG,
  derBits,
  derBitStringBytes,
  derBoolean,
  derChild,
  derChildren,
  derElements,
  derInteger,
  derOid,
  DerError,
  derTime,
  encodeDer,
  readDer,
  tryDer,
} from './der.ts';
export type { DerElement } from './der.ts';
export { encryptPrivateKey } from './encrypted-key.ts';
export { KEY_ERRORS } from './errors.ts';
export { generateKeyPair } from './generate.ts';
export type { KeyPair } from './generate.ts';
export { readPrivateKey } from './private-key.ts';
export type { ReadPrivateKeyOptions } from './private-key.ts';
export { formatPem } from './pem.ts';
export { identifyPublicKey, parsePublicKey } from './public-key.ts';
export { createKeySigner, verifySignature } from './signature.ts';
export type { KeyAlgorithm, KeySigner, PublicKeyIdentity } from './types.ts';
