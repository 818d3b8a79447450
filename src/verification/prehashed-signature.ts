import { publicDecrypt, constants } from 'node:crypto';
import { verifySignature, type PublicKeyIdentity } from '../keys/index.ts';
import { sameBytes } from './bytes.ts';
import { Rejection } from './rejection.ts';
import type { HashName } from './signed-content.ts';

/** Hashes that a signature of each algorithm may be made with; SHA-256 with larger curves is what cosign up to 3.1 does. */
const HASHES = {
  'ecdsa-p256': ['sha256'],
  'ecdsa-p384': ['sha384', 'sha256'],
  'ecdsa-p521': ['sha512', 'sha256'],
  rsa: ['sha256'],
} as const satisfies Readonly<Record<string, readonly HashName[]>>;

/** What stands before the digest in a signature of RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 9.2). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

const CURVES = { 'ecdsa-p256': 'p256', 'ecdsa-p384': 'p384', 'ecdsa-p521': 'p521' } as const;
/** Octets of a coordinate, by curve. */
const COORDINATES = { 'ecdsa-p256': 32, 'ecdsa-p384': 48, 'ecdsa-p521': 66 } as const;

/** Octets of an Ed25519 key, and of a signature. */
const ED25519 = { key: 32, signature: 64 } as const;

/**
 * Whether a signature is one over bytes: as Node checks it, or for Ed25519 also prehashed (Ed25519ph), which is what cosign makes and Node does not know. The two
 * cannot be confused: the prehashed one signs under a prefix of its own.
 * @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1
 */
export async function verifyBytes(key: PublicKeyIdentity, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (verifySignature(key, bytes, signature)) return true;
  if (key.algorithm !== 'ed25519' || signature.byteLength !== ED25519.signature) return false;
  const { ed25519ph } = await import('@noble/curves/ed25519.js');
  try {
    return ed25519ph.verify(signature, bytes, pointOctets(key, ED25519.key), { zip215: false });
  } catch {
    return false;
  }
}

/**
 * Whether a signature is one over bytes of which only the digest is known. Node checks signatures over bytes only, so curves go to another library.
 * @throws Rejection DIGEST_UNSUPPORTED when the algorithm signs the bytes themselves (Ed25519) or another digest of them
 */
export async function verifyDigest(
  key: PublicKeyIdentity,
  digest: { readonly algorithm: HashName; readonly bytes: Uint8Array },
  signature: Uint8Array,
): Promise<boolean> {
  const { algorithm } = key;
  if (algorithm === 'ed25519') {
    throw new Rejection('DIGEST_UNSUPPORTED', 'Ed25519 signs the file itself: its digest is not enough');
  }
  const hashes: readonly HashName[] = HASHES[algorithm];
  if (!hashes.includes(digest.algorithm)) {
    const reason = `a signature of ${algorithm} is made with ${hashes.join(' or ')}, and the digest at hand is ${digest.algorithm}`;
    throw new Rejection('DIGEST_UNSUPPORTED', reason);
  }
  if (algorithm === 'rsa') return verifyRsa(key, digest.bytes, signature);
  const curves = await import('@noble/curves/nist.js');
  try {
    // lowS: only some chains demand the smaller of two equal signatures; OpenSSL does not
    return curves[CURVES[algorithm]].verify(signature, digest.bytes, pointOf(key, COORDINATES[algorithm]), {
      prehash: false,
      lowS: false,
      format: 'der',
    });
  } catch {
    return false;
  }
}

function verifyRsa({ key }: PublicKeyIdentity, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return sameBytes(info, Buffer.concat([SHA256_INFO, digest]));
  } catch {
    return false;
  }
}

/** An uncompressed point ends the key; Node writes it so whatever it has read. */
function pointOf(key: PublicKeyIdentity, coordinateOctets: number): Uint8Array {
  return pointOctets(key, 2 * coordinateOctets + 1);
}

function pointOctets({ key }: PublicKeyIdentity, octets: number): Uint8Array {
  const spki = key.export({ type: 'spki', format: 'der' });
  return spki.subarray(spki.byteLength - octets);
}
