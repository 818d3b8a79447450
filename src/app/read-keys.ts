import { LIMITS, readInputFile } from '../core/index.ts';
import { readPrivateKey, readPublicKey, type KeySigner, type PublicKeyIdentity } from '../keys/index.ts';

/** Where a private key is and how its password is asked for. */
export interface KeyAccess {
  readonly keyFile: string;
  /** Called only for an encrypted key. */
  readonly password: () => Promise<string>;
}

export async function readSigner(access: KeyAccess): Promise<KeySigner> {
  return readPrivateKey(await readInputFile(access.keyFile, LIMITS.keyBytes), { password: access.password });
}

export interface NamedKey {
  readonly name: string;
  readonly key: PublicKeyIdentity;
}

/** Public keys by file; each is named after its file in verdicts. */
export async function readPublicKeys(files: readonly string[]): Promise<readonly NamedKey[]> {
  const keys: NamedKey[] = [];
  for (const file of files) keys.push({ name: file, key: readPublicKey(await readInputFile(file, LIMITS.keyBytes)) });
  return keys;
}
