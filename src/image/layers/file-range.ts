import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileRange } from '../types.ts';
import { layerError } from './errors.ts';
import { layerLabel, type LayerJob } from './layer-job.ts';

/** Larger than what is read at once elsewhere: see the decoder. */
const CHUNK_BYTES = 2 * 1024 * 1024;

/** A range of a file, open. */
export interface OpenRange {
  /** The next chunk, in one of two buffers used in turn; undefined at the end of the range or of the file. */
  readonly next: () => Uint8Array | undefined;
  readonly close: () => void;
}

/**
 * Opens the stored bytes of a layer.
 * @throws AppError LAYER_UNREADABLE when there is no such regular file
 */
export function openRange(job: LayerJob, range: FileRange): OpenRange {
  const descriptor = openRegular(job, range.path);
  const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] as const;
  let turn = 0;
  let done = 0;
  return {
    next: () => {
      const buffer = buffers[turn % 2] as Uint8Array;
      turn += 1;
      const wanted = Math.min(CHUNK_BYTES, range.lengthBytes - done);
      if (wanted <= 0) return undefined;
      const count = readFrom(job, descriptor, buffer, { wanted, position: range.offsetBytes + done });
      done += count;
      return count === 0 ? undefined : buffer.subarray(0, count);
    },
    close: () => closeSync(descriptor),
  };
}

function openRegular(job: LayerJob, path: string): number {
  let descriptor: number;
  try {
    // O_NONBLOCK: a FIFO must not hang
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw layerError('LAYER_UNREADABLE', `${layerLabel(job)} cannot be opened: ${reason(cause)}`, { cause });
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw layerError('LAYER_UNREADABLE', `${layerLabel(job)}: ${path} is not a regular file`);
}

function readFrom(
  job: LayerJob,
  descriptor: number,
  buffer: Uint8Array,
  place: { wanted: number; position: number },
): number {
  try {
    return readSync(descriptor, buffer, 0, place.wanted, place.position);
  } catch (cause) {
    throw layerError('LAYER_UNREADABLE', `${layerLabel(job)} cannot be read: ${reason(cause)}`, { cause });
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
