import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import {
  AppError,
  coreError,
  discardWritten,
  isAppError,
  LIMITS,
  TemporaryDirectory,
  throwIfAborted,
} from '../../core/index.ts';
import { TarReader, type TarMember } from '../../formats/index.ts';
import { imageError, storeFailure } from '../errors.ts';
import type { FileRange } from '../types.ts';
import type { BlobFiles } from './blob-files.ts';

const MAX_ARCHIVE_ENTRIES = 200_000;
const READ_BYTES = 64 * 1024;

export interface ArchiveOptions {
  readonly signal: AbortSignal;
  /** Bytes that a compressed archive may unpack to. */
  readonly maxBytes: number;
}

interface ArchiveMember {
  readonly type: 'file' | 'link';
  readonly range: FileRange;
  /** Path inside the archive that a link leads to. */
  readonly target: string;
}

/** Files of a tar archive, found by one pass over its headers; their bytes are read where they lie. A compressed archive is unpacked first. */
export class ArchiveFiles implements BlobFiles, AsyncDisposable {
  readonly #members: ReadonlyMap<string, ArchiveMember>;
  readonly #temporary: TemporaryDirectory | undefined;

  private constructor(members: ReadonlyMap<string, ArchiveMember>, temporary: TemporaryDirectory | undefined) {
    this.#members = members;
    this.#temporary = temporary;
  }

  /** @throws AppError STORE_NOT_FOUND, STORE_UNREADABLE, ARCHIVE_INVALID, LIMIT_EXCEEDED, INTERRUPTED, and the tar reader's codes */
  static async open(path: string, options: ArchiveOptions): Promise<ArchiveFiles> {
    const compression = sniff(path);
    if (compression === 'none') return new ArchiveFiles(indexTar(path, options.signal), undefined);
    const temporary = await TemporaryDirectory.create('waybill-archive-');
    try {
      const plain = join(temporary.path, 'archive.tar');
      await unpack({ path, plain, compression }, options);
      return new ArchiveFiles(indexTar(plain, options.signal), temporary);
    } catch (error) {
      await temporary[Symbol.asyncDispose]();
      throw error;
    }
  }

  locate(path: string): FileRange | undefined {
    let current = path;
    for (let hops = 0; hops <= LIMITS.linkHops; hops += 1) {
      const member = this.#members.get(current);
      if (member === undefined) return undefined;
      if (member.type === 'file') return member.range;
      current = member.target;
    }
    throw imageError('ARCHIVE_INVALID', `${path} of the archive is a link that leads nowhere`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temporary?.[Symbol.asyncDispose]();
  }
}

function sniff(path: string): 'gzip' | 'zstd' | 'none' {
  const head = Buffer.alloc(4);
  withFile(path, (descriptor) => readSync(descriptor, head, 0, 4, 0));
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none';
}

function withFile<T>(path: string, work: (descriptor: number, sizeBytes: number) => T): T {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a FIFO must not hang
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw imageError('STORE_NOT_FOUND', `no such file: ${path}`, { cause });
    throw imageError('STORE_UNREADABLE', `cannot read ${path}: ${String(code ?? cause)}`, { cause });
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile())
      throw imageError('STORE_NOT_FOUND', `${path} is not a regular file`, {
        hint: 'for a layout directory write oci:DIR',
      });
    return work(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}

interface UnpackJob {
  readonly path: string;
  readonly plain: string;
  readonly compression: 'gzip' | 'zstd';
}

async function unpack(job: UnpackJob, options: ArchiveOptions): Promise<void> {
  const { path, plain, compression } = job;
  // a small archive that unpacks to very much is a bomb
  const maxBytes = Math.min(
    options.maxBytes,
    LIMITS.expansionExcessBytes + statSync(path).size * LIMITS.expansionRatio,
  );
  let written = 0;
  const cap = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      written += chunk.byteLength;
      if (written <= maxBytes) done(null, chunk);
      else done(unpacksToTooMuch(path, maxBytes));
    },
  });
  const decompress =
    compression === 'gzip' ? createGunzip({ chunkSize: READ_BYTES }) : createZstdDecompress({ chunkSize: READ_BYTES });
  const file = createWriteStream(plain, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(createReadStream(path), decompress, cap, file, { signal: options.signal });
  } catch (cause) {
    await discardWritten(file, plain);
    throwIfAborted(options.signal);
    if (cause instanceof Error && cause.name === 'AppError') throw cause;
    // a full disk is no fault of the archive
    if (cause instanceof Error && 'syscall' in cause)
      throw storeFailure('STORE_UNREADABLE', `cannot unpack ${path} into ${dirname(plain)}`, cause);
    throw imageError(
      'ARCHIVE_INVALID',
      `${path} cannot be decompressed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function unpacksToTooMuch(path: string, maxBytes: number): AppError {
  return coreError('LIMIT_EXCEEDED', `${path} unpacks to more than the ${maxBytes} bytes allowed`, {
    hint: 'decompress the archive with gzip or zstd first if it is trusted',
  });
}

/** Goes over the headers of a plain archive; content is skipped by position. Duplicate names are refused: tools differ in which one counts. */
function indexTar(path: string, signal: AbortSignal): ReadonlyMap<string, ArchiveMember> {
  const members = new Map<string, ArchiveMember>();
  const reader = new TarReader(
    {
      member: (member) => {
        addMember(members, path, member);
        return false;
      },
      content: () => undefined,
      contentEnd: () => undefined,
    },
    { globalPax: 'ignore', maxEntries: MAX_ARCHIVE_ENTRIES },
  );
  withFile(path, (descriptor, sizeBytes) => {
    try {
      readHeaders(reader, { descriptor, sizeBytes, signal });
    } catch (error) {
      throw isAppError(error) && error.code.startsWith('TAR_')
        ? new AppError(error.code, error.exitCode, `${path}: ${error.message}`, { cause: error })
        : error;
    }
  });
  return members;
}

function readHeaders(
  reader: TarReader,
  file: { readonly descriptor: number; readonly sizeBytes: number; readonly signal: AbortSignal },
): void {
  const { descriptor, sizeBytes, signal } = file;
  const buffer = Buffer.alloc(READ_BYTES);
  while (!reader.finished && reader.position < sizeBytes) {
    throwIfAborted(signal);
    const skippable = Math.min(reader.skippableBytes, sizeBytes - reader.position);
    if (skippable > 0) {
      reader.skip(skippable);
      continue;
    }
    const count = readSync(descriptor, buffer, 0, 512, reader.position);
    if (count === 0) break;
    reader.write(buffer.subarray(0, count));
  }
  reader.end();
}

function addMember(members: Map<string, ArchiveMember>, archive: string, member: TarMember): void {
  const range = { path: archive, offsetBytes: member.contentOffset, lengthBytes: member.storedBytes };
  if (member.type === 'directory') return;
  const isLink = member.type === 'symlink' || member.type === 'hardlink';
  if (!isLink && (member.type !== 'file' || member.sparse)) {
    throw imageError(
      'ARCHIVE_INVALID',
      `${archive}: ${JSON.stringify(member.path)} is ${member.sparse ? 'sparse' : `a ${member.type}`}`,
    );
  }
  if (members.has(member.path))
    throw imageError('ARCHIVE_INVALID', `${archive} has ${JSON.stringify(member.path)} twice`);
  members.set(member.path, { type: isLink ? 'link' : 'file', range, target: linkTarget(archive, member) });
}

function linkTarget(archive: string, member: TarMember): string {
  const target = member.linkTarget ?? '';
  if (member.type !== 'symlink') return target;
  const resolved = posix.normalize(posix.join(posix.dirname(member.path), target));
  if (target.startsWith('/') || resolved === '..' || resolved.startsWith('../')) {
    throw imageError(
      'LINK_ESCAPE',
      `${archive}: ${JSON.stringify(member.path)} is a link that leads out of the archive`,
    );
  }
  return resolved;
}
