import { closeSync, openSync, readSync } from 'node:fs';
import { realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { coreError } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import type { FileRange } from '../types.ts';

/** Files of a layout by their path in it, wherever they lie. Links that stay inside are followed. */
export interface BlobFiles {
  /**
   * Where a regular file's bytes are; undefined when there is none.
   * @throws AppError LINK_ESCAPE, STORE_UNREADABLE, ARCHIVE_INVALID
   */
  locate(path: string): FileRange | undefined;
}

/** Files under a directory. Links that lead out of it are refused, and so is everything that is no regular file. */
export class DirectoryFiles implements BlobFiles {
  readonly #root: string;

  /** @param root an existing directory */
  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  locate(path: string): FileRange | undefined {
    let real: string;
    let sizeBytes: number;
    try {
      real = realpathSync(join(this.#root, path));
      if (!real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) {
        throw imageError('LINK_ESCAPE', `${path} of the layout is a link that leads out of it, to ${real}`);
      }
      const stats = statSync(real);
      if (!stats.isFile()) throw imageError('STORE_UNREADABLE', `${path} of the layout is not a regular file`);
      sizeBytes = stats.size;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      if (cause instanceof Error && cause.name === 'AppError') throw cause;
      throw imageError('STORE_UNREADABLE', `cannot read ${path} of the layout: ${String(code ?? cause)}`, { cause });
    }
    return { path: real, offsetBytes: 0, lengthBytes: sizeBytes };
  }
}

/**
 * Reads a range of a file whole. Synchronous: small documents on the way to a verdict.
 * @throws AppError LIMIT_EXCEEDED, STORE_UNREADABLE
 */
export function readRange(range: FileRange, maxBytes: number, what: string): Uint8Array {
  if (range.lengthBytes > maxBytes) {
    throw coreError('LIMIT_EXCEEDED', `${what} is ${range.lengthBytes} bytes, more than the ${maxBytes} allowed`);
  }
  const bytes = Buffer.alloc(range.lengthBytes);
  let filled = 0;
  try {
    const descriptor = openSync(range.path, 'r');
    try {
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, bytes.length - filled, range.offsetBytes + filled);
        if (count === 0) break;
        filled += count;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw imageError(
      'STORE_UNREADABLE',
      `cannot read ${what}: ${String(cause instanceof Error && 'code' in cause ? cause.code : cause)}`,
      { cause },
    );
  }
  if (filled < bytes.length)
    throw imageError('STORE_UNREADABLE', `${what} ended early: it is being changed, or was cut off`);
  return bytes;
}
