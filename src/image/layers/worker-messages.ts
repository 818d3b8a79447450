import type { CapturePlan } from '../../filesystem/index.ts';
import type { LayerJob, LayerLimits, LayerResult } from './layer-job.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly plan: CapturePlan;
  readonly limits: LayerLimits;
  /** Stored bytes read by this worker so far; counts up, shown as progress. */
  readonly progress: SharedArrayBuffer;
}

/** Main thread to worker. Chunks belong to the job before them and are transferred. */
export type ToWorker =
  | { readonly kind: 'job'; readonly job: LayerJob }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' };

/** Worker to main thread. */
export type FromWorker =
  /** One chunk was used up: another may be sent. */
  | { readonly kind: 'credit' }
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
