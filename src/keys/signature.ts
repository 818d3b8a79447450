import { sign, verify, type KeyObject } from 'node:crypto';
import { keyAlgorithm, SIGNATURE_HASH } from './algorithms.ts';
import { identifyPublicKey } from './public-key.ts';
import type { KeySigner, PublicKeyIdentity } from './types.ts';

/** Larger than any signature of the accepted algorithms (RSA 8192: 1024 bytes). */
const MAX_SIGNATURE_BYTES = 1024;

/**
 * Whether `signature` is one of `key` over `data`. The hash follows from the key (P-384 with SHA-384, P-521 with SHA-512); for these two SHA-256
 * is accepted as well, which is what cosign up to 3.1 signs with. Never throws for hostile signatures.
 */
export function verifySignature(key: PublicKeyIdentity, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.byteLength === 0 || signature.byteLength > MAX_SIGNATURE_BYTES) return false;
  const hash = SIGNATURE_HASH[key.algorithm];
  if (verifyWith(hash, key.key, data, signature)) return true;
  return (hash === 'sha384' || hash === 'sha512') && verifyWith('sha256', key.key, data, signature);
}

function verifyWith(hash: string | null, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch {
    // a signature that is not DER at all makes some OpenSSL versions throw
    return false;
  }
}

/**
 * A signer over a private key in memory.
 * @throws AppError KEY_UNSUPPORTED
 */
export function createKeySigner(privateKey: KeyObject): KeySigner {
  const publicKey = identifyPublicKey(privateKey);
  const hash = SIGNATURE_HASH[keyAlgorithm(privateKey)];
  return {
    publicKey,
    sign: (data) => Promise.resolve(sign(hash, data, privateKey)),
  };
}
