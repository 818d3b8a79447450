import type { KeyObject } from 'node:crypto';

/** A public key that may vouch for things. Identity = SHA-256 over its DER SubjectPublicKeyInfo. */
export interface PublicKeyIdentity {
  readonly key: KeyObject;
  /** base64 of SHA-256(DER SPKI): the bundle's `publicKey.hint`. */
  readonly hint: string;
  /** `sha256:` + hex of SHA-256(DER SPKI): how waybill names a key to people and in decisions. */
  readonly fingerprint: string;
  readonly algorithm: KeyAlgorithm;
  readonly pem: string;
}

export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'rsa' | 'ed25519';

/** Signs bytes with a private key that stays inside. */
export interface KeySigner {
  readonly publicKey: PublicKeyIdentity;
  /** Signature over `data`: ECDSA in DER with the curve's hash (P-256/SHA-256, P-384/SHA-384, P-521/SHA-512), RSA PKCS1v15/SHA-256, Ed25519 pure. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}
