import type { KeySigner } from '../keys/index.ts';
import { openSigningSession } from './session.ts';
import { keySource } from './signer/fixed-signer.ts';

export interface SignBundleOptions {
  /** The statement's bytes (`signStatement`, `attestStatement`): signed as they are. */
  readonly payload: Uint8Array;
  readonly signer: KeySigner;
}

/**
 * Signs a statement with a key and tells nobody: a Sigstore bundle v0.3 (JSON, UTF-8) with one DSSE signature, `publicKey.hint`, no log entries, no
 * timestamps. Read again and checked before it is returned.
 * @throws AppError STATEMENT_MALFORMED, SIGNING_TOO_LARGE, SIGNING_SELF_CHECK_FAILED
 */
export async function signBundle(options: SignBundleOptions): Promise<Uint8Array> {
  const session = openSigningSession({ source: keySource(options.signer) });
  return (await session.sign({ kind: 'statement', payload: options.payload })).bytes;
}
