import { isAppError } from '../../core/index.ts';
import type { CapturePlan } from '../../filesystem/index.ts';
import type { LayerJob, LayerLimits, LayerResult } from './layer-job.ts';
import type { PipeEnd } from './chunk-pipe.ts';

/** What the two kinds of worker are started with. */
export interface ParseSetup {
  readonly plan: CapturePlan;
  readonly limits: LayerLimits;
  /** Present when another thread decompresses; absent when this one does it all. */
  readonly pipe?: PipeEnd;
  /** Stored bytes read so far; counts up, shown as progress. */
  readonly progress: SharedArrayBuffer;
  /** Of an `ExpansionAccount`. */
  readonly expansion: SharedArrayBuffer;
}

/** The worker that reads a directory tree. */
export interface RootfsSetup {
  readonly plan: CapturePlan;
  readonly limits: LayerLimits;
}

export interface InflateSetup {
  readonly limits: LayerLimits;
  readonly pipe: PipeEnd;
  readonly progress: SharedArrayBuffer;
  readonly expansion: SharedArrayBuffer;
}

/** Main thread to worker. Chunks belong to the job before them and are transferred. */
export type ToWorker<Job = LayerJob> =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' };

/** Worker to main thread. */
export type FromWorker =
  /** One chunk was used up: another may be sent. */
  | { readonly kind: 'credit' }
  /** The bytes, stored and unpacked, are what they should be. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'result'; readonly result: LayerResult }
  | { readonly kind: 'failure'; readonly failure: WorkerFailure };

/** An error on its way between threads. */
export interface WorkerFailure {
  /** Code of an `AppError`; absent for a bug. */
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

export function toFailure(error: unknown): WorkerFailure {
  if (isAppError(error)) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
