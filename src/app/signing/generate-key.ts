import { lstat, rm } from 'node:fs/promises';
import { coreError, writeFileAtomic, type Runtime } from '../../core/index.ts';
import { encryptPrivateKey, generateKeyPair } from '../../keys/index.ts';

export interface GenerateKeyOptions {
  /** `<prefix>.key` and `<prefix>.pub` are written; neither may exist. */
  readonly prefix: string;
  /** Asked for once the files are known to be free. */
  readonly password: () => Promise<string>;
}

export interface GenerateKeyResult {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  /** `sha256:` and hex over the DER SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  readonly publicKey: string;
}

/**
 * Makes an ECDSA P-256 key pair: the private key (0600) encrypted as cosign does, the public key as PEM.
 * @throws AppError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function generateKeyFiles(options: GenerateKeyOptions, runtime: Runtime): Promise<GenerateKeyResult> {
  const privateKeyFile = `${options.prefix}.key`;
  const publicKeyFile = `${options.prefix}.pub`;
  for (const file of [privateKeyFile, publicKeyFile]) await requireFree(file);
  const pair = await generateKeyPair('ecdsa-p256', runtime.randomBytes);
  const encrypted = await encryptPrivateKey(pair.privateKey, await options.password(), runtime.randomBytes);
  await writeFileAtomic(privateKeyFile, encrypted, { mode: 0o600, ifExists: 'refuse' });
  try {
    await writeFileAtomic(publicKeyFile, pair.publicKey.pem, { mode: 0o644, ifExists: 'refuse' });
  } catch (error) {
    // a private key without its public key is half a result
    await rm(privateKeyFile, { force: true });
    throw error;
  }
  return { privateKeyFile, publicKeyFile, fingerprint: pair.publicKey.fingerprint, publicKey: pair.publicKey.pem };
}

/** Nobody is asked for the password of a key that could not be written anyway. */
async function requireFree(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found === undefined) return;
  throw coreError('FILE_EXISTS', `${file} exists already and is never overwritten`, {
    hint: 'choose another name, or remove the file yourself',
  });
}
