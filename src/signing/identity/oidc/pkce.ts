import { hash } from 'node:crypto';

export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

/**
 * A fresh verifier and its S256 challenge.
 * @see https://www.rfc-editor.org/rfc/rfc7636
 */
export function createPkce(randomBytes: (length: number) => Uint8Array): Pkce {
  const verifier = randomText(randomBytes);
  return { verifier, challenge: hash('sha256', verifier, 'base64url') };
}

/** 256 bits as text: for verifiers, states and nonces. */
export function randomText(randomBytes: (length: number) => Uint8Array): string {
  return Buffer.from(randomBytes(32)).toString('base64url');
}
