import { createHash, hash } from 'node:crypto';
import { coreError } from './errors.ts';

declare const digestBrand: unique symbol;

/**
 * `sha256:` and 64 lower-case hex digits, or `sha512:` and 128. What it covers is said by the field that holds it: `digest` for stored
 * (compressed) bytes, `diffId` for the uncompressed tar.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = string & { readonly [digestBrand]: true };

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && text.length <= 135 && DIGEST.test(text);
}

/** @throws AppError DIGEST_INVALID for any algorithm but sha256 and sha512, wrong length, or upper case. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw coreError('DIGEST_INVALID', `not a sha256 or sha512 digest: ${JSON.stringify(text.slice(0, 160))}`);
  }
  return text;
}

/** SHA-256 of bytes held in memory. */
export function sha256Digest(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest;
}

/** SHA-256 as lower-case hex without the algorithm. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

export type DigestAlgorithm = 'sha256' | 'sha512';

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Whether bytes have this digest. */
export function digestMatches(digest: Digest, bytes: Uint8Array): boolean {
  return hash(digestAlgorithm(digest), bytes, 'hex') === digestHex(digest);
}

/** Streaming hash that ends in a `Digest`. */
export interface Digester {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

export function createDigester(algorithm: DigestAlgorithm = 'sha256'): Digester {
  const state = createHash(algorithm);
  return {
    update: (chunk) => void state.update(chunk),
    digest: () => `${algorithm}:${state.digest('hex')}` as Digest,
  };
}
