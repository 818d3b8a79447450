import { scrypt, type KeyObject } from 'node:crypto';
import { parseStrictJson, LIMITS, type JsonValue } from '../core/index.ts';
import { keyAlgorithm } from './algorithms.ts';
import { keyError } from './errors.ts';
import { formatPem } from './pem.ts';

/** PEM labels of cosign's encrypted keys, today's first. */
export const ENCRYPTED_LABELS: readonly string[] = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'];

/** What cosign writes: 64 MiB and about a quarter of a second. */
const SCRYPT_PARAMETERS: ScryptParameters = { N: 65_536, r: 8, p: 1 };
/** The most that a key file may ask for: scrypt needs 128·N·r bytes and time in proportion to N·r·p. */
const MAX_SCRYPT_MEMORY_BYTES = 256 * 1024 * 1024;
const MAX_SCRYPT_WORK = 4 * 65_536 * 8;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const SECRET_KEY_BYTES = 32;

interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

interface EncryptedKey {
  readonly parameters: ScryptParameters;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * A private key in cosign's encrypted PEM: PKCS#8, NaCl secretbox under a key that scrypt derives from the password.
 * @param random cryptographic randomness for salt and nonce
 * @throws AppError KEY_UNSUPPORTED for algorithms that waybill does not sign with
 * @see https://github.com/sigstore/sigstore/blob/main/pkg/cryptoutils/privatekey.go
 */
export async function encryptPrivateKey(
  key: KeyObject,
  password: string,
  random: (length: number) => Uint8Array,
): Promise<string> {
  keyAlgorithm(key);
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const secret = await deriveSecret(password, salt, SCRYPT_PARAMETERS);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  const ciphertext = xsalsa20poly1305(secret, nonce).encrypt(key.export({ type: 'pkcs8', format: 'der' }));
  const body = {
    kdf: { name: 'scrypt', params: SCRYPT_PARAMETERS, salt: base64(salt) },
    cipher: { name: 'nacl/secretbox', nonce: base64(nonce) },
    ciphertext: base64(ciphertext),
  };
  return formatPem('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(JSON.stringify(body)));
}

/**
 * The PKCS#8 bytes inside such a PEM's body. The parameters are checked before the password is asked for.
 * @throws AppError KEY_MALFORMED, KEY_UNSUPPORTED, KEY_LIMIT_EXCEEDED, KEY_PASSWORD_WRONG
 */
export async function decryptPrivateKey(body: Uint8Array, password: () => Promise<string>): Promise<Uint8Array> {
  const encrypted = parseEncryptedKey(body);
  const secret = await deriveSecret(await password(), encrypted.salt, encrypted.parameters);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  try {
    return xsalsa20poly1305(secret, encrypted.nonce).decrypt(encrypted.ciphertext);
  } catch (cause) {
    throw keyError('KEY_PASSWORD_WRONG', 'the private key cannot be decrypted: wrong password, or a damaged file', {
      cause,
      hint: 'check COSIGN_PASSWORD or type the password again',
    });
  }
}

function parseEncryptedKey(body: Uint8Array): EncryptedKey {
  let json: JsonValue;
  try {
    json = parseStrictJson(body, 'the encrypted private key', { maxBytes: LIMITS.keyBytes, maxDepth: 8 });
  } catch (cause) {
    throw keyError('KEY_MALFORMED', 'the encrypted private key is not the JSON that cosign writes', { cause });
  }
  const kdf = member(json, 'kdf');
  const cipher = member(json, 'cipher');
  if (member(kdf, 'name') !== 'scrypt' || member(cipher, 'name') !== 'nacl/secretbox') {
    throw keyError(
      'KEY_UNSUPPORTED',
      'the private key is encrypted with something else than scrypt and nacl/secretbox',
    );
  }
  const nonce = bytesOf(member(cipher, 'nonce'), 'nonce');
  const salt = bytesOf(member(kdf, 'salt'), 'salt');
  if (nonce.byteLength !== NONCE_BYTES)
    throw keyError('KEY_MALFORMED', `the nonce is ${nonce.byteLength} bytes, not ${NONCE_BYTES}`);
  const ciphertext = bytesOf(member(json, 'ciphertext'), 'ciphertext');
  return { parameters: scryptParameters(member(kdf, 'params')), salt, nonce, ciphertext };
}

function scryptParameters(value: JsonValue | undefined): ScryptParameters {
  const parameter = (name: string): number => {
    const number = member(value, name);
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) {
      throw keyError('KEY_MALFORMED', `the scrypt parameter ${name} is not a positive integer`);
    }
    return number;
  };
  const parameters = { N: parameter('N'), r: parameter('r'), p: parameter('p') };
  const { N, r, p } = parameters;
  if (128 * N * r > MAX_SCRYPT_MEMORY_BYTES || N * r * p > MAX_SCRYPT_WORK) {
    throw keyError('KEY_LIMIT_EXCEEDED', `the key file asks for too much work: scrypt with N=${N}, r=${r}, p=${p}`, {
      hint: `cosign writes N=${SCRYPT_PARAMETERS.N}, r=${SCRYPT_PARAMETERS.r}, p=${SCRYPT_PARAMETERS.p}`,
    });
  }
  // a power of two above 1 (RFC 7914, section 2)
  if (N < 2 || !Number.isInteger(Math.log2(N)))
    throw keyError('KEY_MALFORMED', `the scrypt parameter N is ${N}, not a power of two`);
  return parameters;
}

function deriveSecret(password: string, salt: Uint8Array, parameters: ScryptParameters): Promise<Uint8Array> {
  const maxmem = 256 * parameters.N * parameters.r + 256 * parameters.r * parameters.p;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, SECRET_KEY_BYTES, { ...parameters, maxmem }, (error, secret) => {
      if (error) reject(error);
      else resolve(secret);
    });
  });
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as { readonly [key: string]: JsonValue })[name] : undefined;
}

function bytesOf(value: JsonValue | undefined, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  if (bytes === undefined || base64(bytes) !== value || bytes.byteLength === 0) {
    throw keyError('KEY_MALFORMED', `the encrypted private key's ${name} is not base64`);
  }
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
