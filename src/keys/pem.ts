import { LIMITS } from '../core/index.ts';
import { keyError } from './errors.ts';

export interface PemBlock {
  readonly label: string;
  /** The decoded body. */
  readonly bytes: Uint8Array;
}

// the body ends at the next five dashes, so that matching stays linear
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----((?:[^-]|-(?!----))*)-----END \1-----/g;
const BODY = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The one key in a PEM file. `EC PARAMETERS`, which OpenSSL writes before a key, is passed over; anything else beside the key is refused.
 * @throws AppError KEY_MALFORMED, KEY_UNSUPPORTED (password protection of OpenSSL's own kinds)
 */
export function parsePem(input: Uint8Array | string): PemBlock {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (size > LIMITS.keyBytes) {
    throw keyError('KEY_MALFORMED', `the key file is ${size} bytes, more than the ${LIMITS.keyBytes} allowed`);
  }
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1');
  const matches = [...text.matchAll(BLOCK)].filter(([, label]) => label !== 'EC PARAMETERS');
  const [match] = matches;
  if (match === undefined) {
    throw keyError('KEY_MALFORMED', 'the key file has no PEM block', {
      hint: 'it must hold a line -----BEGIN ... KEY-----',
    });
  }
  if (matches.length > 1) {
    throw keyError('KEY_MALFORMED', `the key file has ${matches.length} PEM blocks`, {
      hint: 'keep one key in each file',
    });
  }
  const [, label = '', body = ''] = match;
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes(':')) {
    throw keyError('KEY_UNSUPPORTED', `the key file (${label}) is encrypted in a way that is not read`, {
      hint: 'decrypt it with openssl pkey, or make a new pair with waybill key generate',
    });
  }
  return decodeBlock(label, body);
}

/**
 * Every block of a PEM text, whatever their labels; text between them is passed over.
 * @throws AppError KEY_MALFORMED
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => decodeBlock(label, body));
}

function decodeBlock(label: string, body: string): PemBlock {
  const packed = body.replaceAll(/\s/g, '');
  if (packed === '' || packed.length % 4 !== 0 || !BODY.test(packed)) {
    throw keyError('KEY_MALFORMED', `the PEM block ${label} is not base64`);
  }
  return { label, bytes: Buffer.from(packed, 'base64') };
}

/** PEM with lines of 64 characters and a final line feed. */
export function formatPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
