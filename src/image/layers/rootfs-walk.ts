import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { LIMITS } from '../../core/index.ts';
import type { CaptureMatcher } from '../../filesystem/index.ts';
import { decodeName } from '../../formats/index.ts';
import { EntryCollector, type CollectedEntry } from './entry-collector.ts';
import { layerError } from './errors.ts';
import type { LayerLimits, LayerResult, SecondLook } from './layer-job.ts';

/** A directory tree to read, as the worker is told. */
export interface RootfsJob {
  /** The directory, after its own links were resolved. */
  readonly path: string;
  readonly secondLook: SecondLook;
}

const CHUNK_BYTES = 1024 * 1024;
/** Smaller files are read whatever they are. */
const SPARSE_BYTES = 64 * 1024 * 1024;
const SLASH = Buffer.from('/');

/**
 * Reads a directory tree the way a layer is read. Links are recorded, never followed; devices, pipes and sockets are never opened; other
 * file systems mounted inside are not entered. What cannot be read is a diagnostic.
 * @throws AppError ROOTFS_NOT_FOUND, ROOTFS_UNREADABLE, LAYER_TOO_MANY_ENTRIES
 */
export function walkRootfs(job: RootfsJob, options: { matcher: CaptureMatcher; limits: LayerLimits }): LayerResult {
  const walk = new RootfsWalk(job, options);
  walk.run();
  return walk.finish();
}

interface Folder {
  /** Path on this machine, as bytes: names need not be UTF-8. */
  readonly place: Buffer;
  readonly path: string;
}

class RootfsWalk {
  readonly #job: RootfsJob;
  readonly #limits: LayerLimits;
  readonly #collector: EntryCollector;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  #device = 0;

  constructor(job: RootfsJob, options: { matcher: CaptureMatcher; limits: LayerLimits }) {
    this.#job = job;
    this.#limits = options.limits;
    this.#collector = new EntryCollector(`dir:${job.path}`, job.secondLook, { ...options, storedBytes: Infinity });
  }

  finish(): LayerResult {
    return { ...this.#collector.finish(), unpackedBytes: 0 };
  }

  run(): void {
    const root = this.#statRoot();
    this.#device = root.dev;
    this.#collector.member(entryOf('', 'directory', root));
    const pending: Folder[] = [{ place: Buffer.from(this.#job.path), path: '' }];
    for (let folder = pending.pop(); folder; folder = pending.pop()) {
      // folders found are read after their siblings, the first of them first
      for (const inside of this.#readFolder(folder).toReversed()) pending.push(inside);
    }
  }

  #statRoot(): Stats {
    try {
      const stats = lstatSync(this.#job.path);
      if (stats.isDirectory()) return stats;
    } catch (cause) {
      throw layerError('ROOTFS_NOT_FOUND', `there is no directory ${this.#job.path}`, { cause });
    }
    throw layerError('ROOTFS_NOT_FOUND', `${this.#job.path} is not a directory`);
  }

  #readFolder(folder: Folder): Folder[] {
    let names: Buffer[];
    try {
      names = readdirSync(folder.place, { encoding: 'buffer' });
    } catch (cause) {
      this.#unreadable(folder.path, cause);
      return [];
    }
    const folders: Folder[] = [];
    for (const name of names.toSorted((a, b) => Buffer.compare(a, b))) {
      const text = decodeName(name);
      const path = folder.path === '' ? text : `${folder.path}/${text}`;
      const found: Folder = { place: Buffer.concat([folder.place, SLASH, name]), path };
      if (path.length <= LIMITS.pathBytes && this.#readEntry(found)) folders.push(found);
    }
    return folders;
  }

  /** @returns whether it is a folder to go into */
  #readEntry(found: Folder): boolean {
    if (this.#collector.count >= this.#limits.layerEntries) {
      throw layerError(
        'LAYER_TOO_MANY_ENTRIES',
        `dir:${this.#job.path} has more than ${this.#limits.layerEntries} entries`,
      );
    }
    try {
      const stats = lstatSync(found.place);
      const type = typeOf(stats);
      if (type === undefined) return false;
      const link = type === 'symlink' ? decodeName(readlinkSync(found.place, { encoding: 'buffer' })) : undefined;
      const wanted = this.#collector.member(entryOf(found.path, type, stats, link));
      if (wanted) this.#readFile(found, stats);
      if (type !== 'directory' || stats.dev === this.#device) return type === 'directory';
      this.#collector.diagnose({
        code: 'other-file-system',
        severity: 'warning',
        message: 'another file system is mounted here; it was not read',
        path: `/${found.path}`,
      });
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'AppError') throw cause;
      this.#unreadable(found.path, cause);
    }
    return false;
  }

  #readFile(found: Folder, stats: Stats): void {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(found.place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const opened = fstatSync(descriptor);
      // it may have been replaced since it was listed
      if (!opened.isFile() || opened.ino !== stats.ino || opened.size !== stats.size) throw new Error('it changed');
      if (this.#readContent(descriptor, stats.size) !== stats.size) throw new Error('it changed');
    } catch (cause) {
      this.#collector.cancelContent();
      if (cause instanceof Error && cause.name === 'AppError') throw cause;
      this.#unreadable(found.path, cause);
      return;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    this.#collector.contentEnd();
  }

  #readContent(descriptor: number, sizeBytes: number): number {
    let done = 0;
    while (done < sizeBytes) {
      const count = readSync(descriptor, this.#buffer, 0, Math.min(CHUNK_BYTES, sizeBytes - done), done);
      if (count === 0) break;
      this.#collector.content(this.#buffer.subarray(0, count));
      done += count;
    }
    return done;
  }

  #unreadable(path: string, cause: unknown): void {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
    this.#collector.diagnose({
      code: 'file-unreadable',
      severity: 'error',
      message: `could not be read: ${code ?? (cause instanceof Error ? cause.message : String(cause))}`,
      path: `/${path}`,
    });
  }
}

function typeOf(stats: Stats): CollectedEntry['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character-device';
  if (stats.isBlockDevice()) return 'block-device';
  // a socket is nobody's content
  return stats.isFIFO() ? 'fifo' : undefined;
}

function entryOf(path: string, type: CollectedEntry['type'], stats: Stats, linkTarget?: string): CollectedEntry {
  return {
    path,
    type,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtime: Math.floor(stats.mtimeMs / 1000),
    sizeBytes: type === 'file' ? stats.size : 0,
    // a file of terabytes can be all holes, which take as long to read as anything
    sparse: type === 'file' && stats.size > SPARSE_BYTES && stats.blocks * 512 < stats.size / 2,
    ...(linkTarget === undefined ? {} : { linkTarget }),
  };
}
