import type { ContentHash } from '../../packages/index.ts';

const ALGORITHMS = {
  sha1: ['SHA-1', 20],
  sha256: ['SHA-256', 32],
  sha384: ['SHA-384', 48],
  sha512: ['SHA-512', 64],
} as const;

/**
 * Digests in a subresource integrity string (`sha512-<base64>`, several with spaces between), as the field of a package. What is not whole is left out.
 * @see https://www.w3.org/TR/SRI/#the-integrity-attribute
 */
export function integrityHashes(integrity: string | undefined): {
  readonly distributionHashes?: readonly ContentHash[];
} {
  if (integrity === undefined || integrity === '') return {};
  const hashes: ContentHash[] = [];
  for (const item of integrity.split(/\s+/, 8)) {
    const [, name = '', base64 = ''] = /^(sha1|sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(item) ?? [];
    const known = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as keyof typeof ALGORITHMS] : undefined;
    const bytes = Buffer.from(base64, 'base64');
    if (known !== undefined && bytes.length === known[1]) {
      hashes.push({ algorithm: known[0], hex: bytes.toString('hex') });
    }
  }
  return hashes.length === 0 ? {} : { distributionHashes: hashes };
}
