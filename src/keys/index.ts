export type { KeyAlgorithm, KeySigner, PublicKeyIdentity } from './types.ts';
