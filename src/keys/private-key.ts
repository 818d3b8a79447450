import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decryptPrivateKey, ENCRYPTED_LABELS } from './encrypted-key.ts';
import { keyError } from './errors.ts';
import { parsePem } from './pem.ts';
import { createKeySigner } from './signature.ts';
import type { KeySigner } from './types.ts';

export interface ReadPrivateKeyOptions {
  /** Asked once, and only when the key is encrypted. */
  readonly password: () => Promise<string>;
}

const PLAIN_LABELS: Readonly<Record<string, 'pkcs8' | 'sec1' | 'pkcs1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
};

/**
 * Reads a private key: cosign's encrypted PEM (`ENCRYPTED SIGSTORE PRIVATE KEY`, `ENCRYPTED COSIGN PRIVATE KEY`), or plain PEM in PKCS#8, SEC 1
 * or PKCS#1.
 * @throws AppError KEY_MALFORMED, KEY_UNSUPPORTED, KEY_WRONG_KIND (a public key), KEY_LIMIT_EXCEEDED, KEY_PASSWORD_WRONG
 */
export async function readPrivateKey(input: Uint8Array | string, options: ReadPrivateKeyOptions): Promise<KeySigner> {
  const { label, bytes } = parsePem(input);
  if (ENCRYPTED_LABELS.includes(label)) {
    return createKeySigner(parsePrivateKeyDer(await decryptPrivateKey(bytes, options.password), 'pkcs8', label));
  }
  if (label === 'PUBLIC KEY') {
    throw keyError('KEY_WRONG_KIND', 'this is a public key, where a private key is wanted', {
      hint: 'signing needs the .key file of the pair',
    });
  }
  const type = Object.hasOwn(PLAIN_LABELS, label) ? PLAIN_LABELS[label] : undefined;
  if (type === undefined) throw keyError('KEY_UNSUPPORTED', `a PEM block ${label} is not read as a private key`);
  return createKeySigner(parsePrivateKeyDer(bytes, type, label));
}

function parsePrivateKeyDer(der: Uint8Array, type: 'pkcs8' | 'sec1' | 'pkcs1', label: string): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type });
  } catch (cause) {
    throw keyError('KEY_MALFORMED', `the PEM block ${label} does not hold a private key`, { cause });
  }
}
