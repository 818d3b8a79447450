import { createECDH, createPrivateKey, generateKeyPair as generateNodeKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { keyError } from './errors.ts';
import { identifyPublicKey } from './public-key.ts';
import type { KeyAlgorithm, PublicKeyIdentity } from './types.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKeyIdentity;
}

const RSA_BITS = 3072;
const CURVES = {
  'ecdsa-p256': { name: 'prime256v1', jwk: 'P-256', bytes: 32, topMask: 0xff },
  'ecdsa-p384': { name: 'secp384r1', jwk: 'P-384', bytes: 48, topMask: 0xff },
  'ecdsa-p521': { name: 'secp521r1', jwk: 'P-521', bytes: 66, topMask: 0x01 },
} as const;
/** PKCS#8 of an Ed25519 key up to its 32-byte seed (RFC 8410, section 7). */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
/** A scalar out of range is drawn again; for these curves that happens less than once in 2^32 draws. */
const MAX_DRAWS = 64;

/**
 * A new key pair. P-256 is what every Sigstore client accepts; RSA keys have 3072 bits.
 * @param random cryptographic randomness; RSA keys, which OpenSSL draws itself, do not use it
 * @throws AppError KEY_UNSUPPORTED when `random` never yields a valid scalar
 */
export async function generateKeyPair(
  algorithm: KeyAlgorithm,
  random: (length: number) => Uint8Array,
): Promise<KeyPair> {
  const privateKey = await generatePrivateKey(algorithm, random);
  return { privateKey, publicKey: identifyPublicKey(privateKey) };
}

async function generatePrivateKey(algorithm: KeyAlgorithm, random: (length: number) => Uint8Array): Promise<KeyObject> {
  if (algorithm === 'rsa') {
    const pair = await promisify(generateNodeKeyPair)('rsa', { modulusLength: RSA_BITS });
    return pair.privateKey;
  }
  if (algorithm === 'ed25519') {
    const der = Buffer.concat([ED25519_PKCS8_PREFIX, random(32)]);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  }
  return generateEcKey(CURVES[algorithm], random);
}

function generateEcKey(curve: (typeof CURVES)[keyof typeof CURVES], random: (length: number) => Uint8Array): KeyObject {
  const ecdh = createECDH(curve.name);
  for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
    const scalar = Buffer.from(random(curve.bytes));
    scalar.writeUInt8(scalar.readUInt8(0) & curve.topMask, 0);
    try {
      ecdh.setPrivateKey(scalar);
    } catch {
      continue;
    }
    const point = ecdh.getPublicKey();
    const coordinate = (start: number): string => point.subarray(start, start + curve.bytes).toString('base64url');
    return createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: curve.jwk,
        d: scalar.toString('base64url'),
        x: coordinate(1),
        y: coordinate(1 + curve.bytes),
      },
    });
  }
  throw keyError('KEY_UNSUPPORTED', `no ${curve.jwk} key came out of ${MAX_DRAWS} draws of randomness`);
}
