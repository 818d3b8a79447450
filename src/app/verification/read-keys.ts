import { AppError, isAppError, LIMITS, readInputFile } from '../../core/index.ts';
import {
  KEY_ERRORS,
  parsePublicKey,
  readPrivateKey,
  type KeySigner,
  type PublicKeyIdentity,
} from '../../keys/index.ts';

/** Where a private key is and how its password is asked for. */
export interface KeyAccess {
  readonly keyFile: string;
  /** Called only for an encrypted key. */
  readonly password: () => Promise<string>;
}

export async function readSigner(access: KeyAccess): Promise<KeySigner> {
  const bytes = await readInputFile(access.keyFile, LIMITS.keyBytes);
  try {
    return await readPrivateKey(bytes, { password: access.password });
  } catch (error) {
    throw namingFile(access.keyFile, error);
  }
}

export interface NamedKey {
  readonly name: string;
  readonly key: PublicKeyIdentity;
}

/** Public keys by file; each is named after its file in verdicts. */
export async function readPublicKeys(files: readonly string[]): Promise<readonly NamedKey[]> {
  const keys: NamedKey[] = [];
  for (const file of files) {
    const bytes = await readInputFile(file, LIMITS.keyBytes);
    try {
      keys.push({ name: file, key: parsePublicKey(bytes) });
    } catch (error) {
      throw namingFile(file, error);
    }
  }
  return keys;
}

/** Says which of several key files is meant. Errors of asking for a password name it already. */
function namingFile(file: string, error: unknown): unknown {
  if (!isAppError(error) || !(error.code in KEY_ERRORS)) return error;
  const { code, exitCode, message, hint, details } = error;
  return new AppError(code, exitCode, `${file}: ${message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}
