import type { KeyObject } from 'node:crypto';
import { keyError } from './errors.ts';
import type { KeyAlgorithm } from './types.ts';

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** What a signature of each algorithm is made with; Ed25519 hashes by itself. */
export const SIGNATURE_HASH = {
  'ecdsa-p256': 'sha256',
  'ecdsa-p384': 'sha384',
  'ecdsa-p521': 'sha512',
  rsa: 'sha256',
  ed25519: null,
} as const satisfies Record<KeyAlgorithm, 'sha256' | 'sha384' | 'sha512' | null>;

/** The hash a signature of this algorithm is made over; undefined for Ed25519, which takes the message itself. */
export function signatureHash(algorithm: KeyAlgorithm): 'sha256' | 'sha384' | 'sha512' | undefined {
  return SIGNATURE_HASH[algorithm] ?? undefined;
}

const CURVES: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: 'ecdsa-p256',
  secp384r1: 'ecdsa-p384',
  secp521r1: 'ecdsa-p521',
};

/**
 * The algorithm of a key, from the list of those accepted: P-256, P-384, P-521, RSA of 2048 to 8192 bits, Ed25519.
 * @throws AppError KEY_UNSUPPORTED
 */
export function keyAlgorithm(key: KeyObject): KeyAlgorithm {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec') {
    const curve = details?.namedCurve;
    const algorithm = curve !== undefined && Object.hasOwn(CURVES, curve) ? CURVES[curve] : undefined;
    if (algorithm !== undefined) return algorithm;
    throw unsupported(`an elliptic-curve key on ${curve ?? 'a curve without a name'}`);
  }
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    const exponent = details?.publicExponent ?? 0n;
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) throw unsupported(`an RSA key of ${bits} bits`);
    if (exponent < 3n || exponent % 2n === 0n) throw unsupported(`an RSA key with the public exponent ${exponent}`);
    return 'rsa';
  }
  throw unsupported(`a key of type ${key.asymmetricKeyType ?? 'unknown'}`);
}

function unsupported(what: string): Error {
  return keyError('KEY_UNSUPPORTED', `${what} is not accepted`, {
    hint: `accepted are P-256, P-384, P-521, RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, and Ed25519`,
  });
}
