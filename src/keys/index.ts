export { encryptPrivateKey } from './encrypted-key.ts';
export { KEY_ERRORS } from './errors.ts';
export { generateKeyPair } from './generate.ts';
export type { KeyPair } from './generate.ts';
export { readPrivateKey } from './private-key.ts';
export type { ReadPrivateKeyOptions } from './private-key.ts';
export { parsePublicKey } from './public-key.ts';
export { createKeySigner, verifySignature } from './signature.ts';
export type { KeyAlgorithm, KeySigner, PublicKeyIdentity } from './types.ts';
