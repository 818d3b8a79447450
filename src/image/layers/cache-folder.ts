import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheSecret } from './cache-secret.ts';

/** How an entry is read. */
export interface EntryShape {
  /** A larger one is not there. */
  readonly maxBytes: number;
  /** A byte that says nothing: it is written on each use, so that the modification time tells the last one. */
  readonly touchOffset: number;
}

/** The folder of the layer cache, whatever its entries tell of layers. Never fails: what cannot be read is not there, what cannot be written is not kept. */
export class CacheFolder {
  readonly directory: string;
  /** Authenticates entries. */
  readonly secret: Uint8Array;

  private constructor(directory: string, secret: Uint8Array) {
    this.directory = directory;
    this.secret = secret;
  }

  /** @returns undefined when the folder cannot be used */
  static async open(cacheDir: string): Promise<CacheFolder | undefined> {
    const directory = join(cacheDir, 'layers');
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch {
      return undefined;
    }
    const secret = await cacheSecret(cacheDir);
    return secret && new CacheFolder(directory, secret);
  }

  /** @param decode gives undefined for, or throws at, bytes that are not to be believed */
  async find<T>(
    name: string,
    { maxBytes, touchOffset }: EntryShape,
    decode: (bytes: ArrayBuffer) => T | undefined,
  ): Promise<T | undefined> {
    try {
      const handle = await open(join(this.directory, name), 'r+');
      try {
        const { size } = await handle.stat();
        if (size > maxBytes) return undefined;
        const buffer = new ArrayBuffer(size);
        const { bytesRead } = await handle.read(new Uint8Array(buffer), 0, size, 0);
        if (bytesRead !== size) return undefined;
        const entry = decode(buffer);
        if (entry !== undefined) await handle.write(new Uint8Array(1), 0, 1, touchOffset);
        return entry;
      } finally {
        await handle.close();
      }
    } catch {
      return undefined;
    }
  }

  /** @param write writes the entry into a new file, which then gets the name */
  async store(name: string, write: (handle: FileHandle) => Promise<unknown>): Promise<void> {
    const temporary = join(this.directory, `.${name}.${randomUUID()}.tmp`);
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await write(handle);
      } finally {
        await handle.close();
      }
      await rename(temporary, join(this.directory, name));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}
