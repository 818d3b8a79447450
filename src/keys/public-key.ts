import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { keyAlgorithm } from './algorithms.ts';
import { keyError } from './errors.ts';
import { parsePem } from './pem.ts';
import type { PublicKeyIdentity } from './types.ts';

/**
 * Reads a public key from PEM (`PUBLIC KEY`, SubjectPublicKeyInfo).
 * @throws AppError KEY_MALFORMED, KEY_UNSUPPORTED (algorithm, size, certificates), KEY_WRONG_KIND (a private key)
 */
export function parsePublicKey(input: Uint8Array | string): PublicKeyIdentity {
  const { label, bytes } = parsePem(input);
  if (label.endsWith('PRIVATE KEY')) {
    throw keyError('KEY_WRONG_KIND', 'this is a private key, where a public key is wanted', {
      hint: 'give the .pub file of the pair; a private key has no place where signatures are checked',
    });
  }
  if (label !== 'PUBLIC KEY') {
    throw keyError('KEY_UNSUPPORTED', `a PEM block ${label} is not read as a public key`, {
      hint: 'a public key starts with -----BEGIN PUBLIC KEY-----',
    });
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
  } catch (cause) {
    throw keyError('KEY_MALFORMED', 'the PEM block PUBLIC KEY does not hold a public key', { cause });
  }
  return identifyPublicKey(key);
}

/**
 * The identity of a public key that is in memory already (or of a private key's public half).
 * @throws AppError KEY_UNSUPPORTED
 */
export function identifyPublicKey(publicKey: KeyObject): PublicKeyIdentity {
  const key = publicKey.type === 'private' ? createPublicKey(publicKey) : publicKey;
  const algorithm = keyAlgorithm(key);
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    key,
    hint: hash('sha256', der, 'base64'),
    fingerprint: `sha256:${hash('sha256', der, 'hex')}`,
    algorithm,
    pem: key.export({ type: 'spki', format: 'pem' }),
  };
}
