import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, type WriteStream } from 'node:fs';
import { link, mkdtemp, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { coreError } from './errors.ts';

/**
 * Reads a regular file that a user named, whole.
 * @throws AppError FILE_NOT_FOUND, FILE_NOT_REGULAR, FILE_UNREADABLE, LIMIT_EXCEEDED
 */
export async function readInputFile(path: string, maxBytes: number): Promise<Uint8Array> {
  return readInputFileSync(path, maxBytes);
}

/** The same, synchronously: small files on the way to a verdict are read faster so. */
export function readInputFileSync(path: string, maxBytes: number): Uint8Array {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a FIFO must not hang
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw openError(path, cause);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw coreError('FILE_NOT_REGULAR', `${path} is not a regular file`);
    if (stats.size > maxBytes) {
      throw coreError('LIMIT_EXCEEDED', `${path} is ${stats.size} bytes, more than the ${maxBytes} allowed`);
    }
    return readExactly(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}

function readExactly(descriptor: number, sizeBytes: number): Uint8Array {
  const buffer = Buffer.alloc(sizeBytes);
  let offset = 0;
  while (offset < sizeBytes) {
    const count = readSync(descriptor, buffer, offset, sizeBytes - offset, offset);
    if (count === 0) break;
    offset += count;
  }
  return buffer.subarray(0, offset);
}

function openError(path: string, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return coreError('FILE_NOT_FOUND', `no such file: ${path}`, { cause });
  return coreError('FILE_UNREADABLE', `cannot read ${path}: ${String(code ?? cause)}`, { cause });
}

export interface WriteOptions {
  /** File mode; 0644 unless told. Keys are 0600. */
  readonly mode?: number;
  /** What to do when the file is there: refuse with FILE_EXISTS, or replace it in one step. */
  readonly ifExists: 'refuse' | 'replace';
}

/**
 * Writes a file whole or not at all: to a new temporary name in the same folder, flushed, then renamed. What a symbolic link leads to is replaced, not the link; what
 * is no regular file (`/dev/null`, `/dev/stdout`, a pipe) is written to.
 * @throws AppError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<void> {
  if (options.ifExists === 'refuse') return writeWhole(path, bytes, options);
  const special = await stat(path).then(
    (stats) => path.startsWith('/dev/') || (!stats.isFile() && !stats.isDirectory()),
    () => false,
  );
  if (special) return writeInto(path, bytes);
  return writeWhole(await realpath(path).catch(() => path), bytes, options);
}

async function writeInto(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'a' });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const hint = code === 'ENOENT' || code === 'ENOTDIR' ? 'its folder is not there: make it first' : undefined;
  return coreError('FILE_UNWRITABLE', `cannot write ${path}: ${code}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

async function writeWhole(path: string, bytes: Uint8Array | string, options: WriteOptions): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.ifExists === 'replace') await rename(temporary, path);
    else await linkNew(temporary, path);
  } catch (cause) {
    // where there is no folder there is nothing to remove either
    await rm(temporary, { force: true }).catch(() => undefined);
    if (cause instanceof Error && cause.name === 'AppError') throw cause;
    throw unwritable(path, cause);
  }
}

/** Gives the finished file its name only if that name is free: a link is made or refused in one step. */
async function linkNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw coreError('FILE_EXISTS', `${path} exists already and is never overwritten`, {
        cause,
        hint: 'choose another name, or remove the file yourself',
      });
    }
    throw cause;
  }
  await rm(temporary, { force: true });
}

/** A private (0700) temporary directory that is removed when disposed of, and at the latest when the process exits. */
export class TemporaryDirectory implements AsyncDisposable {
  readonly path: string;
  readonly #onExit: () => void;

  private constructor(path: string) {
    this.path = path;
    this.#onExit = () => rmSync(path, { recursive: true, force: true });
    process.once('exit', this.#onExit);
  }

  static async create(prefix = 'waybill-'): Promise<TemporaryDirectory> {
    return new TemporaryDirectory(await mkdtemp(join(tmpdir(), prefix)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#onExit);
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Removes a file that a stream was writing. A file that is still being opened would come to be after its removal: the stream is closed first. */
export async function discardWritten(stream: WriteStream, path: string): Promise<void> {
  if (!stream.closed) {
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
  }
  await rm(path, { force: true });
}
