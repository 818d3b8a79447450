import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const SECRET_BYTES = 32;

/**
 * The key that authenticates cache entries. It lies beside the cache directory, not in it: a directory that was restored from elsewhere (a CI
 * cache) comes without it, and its entries are not believed. Where the key came along, it is another key: what counts is its bytes in this very file, inode and
 * time of birth included. Made on first use, 0600; one that others can read, or of another owner, is replaced.
 * @returns undefined when there is no place for it: then there is no cache
 */
export async function cacheSecret(cacheDir: string): Promise<Uint8Array | undefined> {
  const path = join(dirname(cacheDir), `.${basename(cacheDir)}-cache.key`);
  // a second round when another process made it at the same time, or it had to be removed
  for (let round = 0; round < 3; round += 1) {
    const found = await tryReadSecret(path);
    if (found !== 'absent') {
      if (found !== 'unsafe') return found;
      await rm(path, { force: true }).catch(() => undefined);
    }
    const made = await tryMakeSecret(path);
    if (made !== 'exists') return made;
  }
  return undefined;
}

async function tryReadSecret(path: string): Promise<Uint8Array | 'absent' | 'unsafe'> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'absent' : 'unsafe'),
  );
  if (handle === 'absent' || handle === 'unsafe') return handle;
  try {
    const stats = await handle.stat();
    const isOwn = process.getuid === undefined || stats.uid === process.getuid();
    if (!stats.isFile() || !isOwn || (stats.mode & 0o077) !== 0 || stats.size !== SECRET_BYTES) return 'unsafe';
    return await boundTo(handle, await handle.readFile());
  } finally {
    await handle.close();
  }
}

async function tryMakeSecret(path: string): Promise<Uint8Array | 'exists' | undefined> {
  const secret = randomBytes(SECRET_BYTES);
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(secret);
      return await boundTo(handle, secret);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' ? 'exists' : undefined;
  }
}

async function boundTo(handle: FileHandle, secret: Uint8Array): Promise<Uint8Array> {
  const { dev, ino, birthtimeNs } = await handle.stat({ bigint: true });
  return createHash('sha256').update(`${dev} ${ino} ${birthtimeNs} `).update(secret).digest();
}
