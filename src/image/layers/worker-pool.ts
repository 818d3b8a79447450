import { Worker } from 'node:worker_threads';
import { AppError, abortError, ExitCode, workerUrl } from '../../core/index.ts';
import type { CapturePlan } from '../../filesystem/index.ts';
import { LAYER_ERRORS, layerError, type LayerErrorCode } from './errors.ts';
import type { LayerJob, LayerLimits, LayerResult } from './layer-job.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerSetup } from './worker-messages.ts';

/** Bytes of a stream are sent to the worker in pieces of at least this size, and at most so many ahead of it. */
const MESSAGE_BYTES = 1024 * 1024;
const MESSAGES_AHEAD = 3;

/** One worker thread that reads layers, one at a time. */
export class LayerWorker {
  readonly #worker: Worker;
  readonly #progress = new BigInt64Array(new SharedArrayBuffer(8));
  #settle: { resolve: (result: LayerResult) => void; reject: (error: unknown) => void } | undefined;
  #credits = 0;
  #onCredit: (() => void) | undefined;

  constructor(plan: CapturePlan, limits: LayerLimits) {
    const setup: WorkerSetup = { plan, limits, progress: this.#progress.buffer };
    this.#worker = new Worker(workerUrl(import.meta.url, 'layer-worker'), { workerData: setup, name: 'waybill-layer' });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the layer worker stopped')));
  }

  /** Stored bytes read so far. */
  get readBytes(): number {
    return Number(Atomics.load(this.#progress, 0));
  }

  /** Reads a layer; its bytes come from the job's range, or from `stream`. */
  run(job: LayerJob, stream: AsyncIterable<Uint8Array> | undefined, signal: AbortSignal): Promise<LayerResult> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#fail(abortError(signal));
      const done = (): void => signal.removeEventListener('abort', onAbort);
      this.#settle = {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#credits = 0;
      this.#post({ kind: 'job', job });
      if (stream) this.#pump(stream).catch((error: unknown) => this.#fail(error));
    });
  }

  /** Ends the thread, whatever it is doing. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async #pump(stream: AsyncIterable<Uint8Array>): Promise<void> {
    let ahead = 0;
    let buffer = new Uint8Array(MESSAGE_BYTES);
    let filled = 0;
    const send = async (): Promise<void> => {
      while (this.#settle && ahead - this.#credits >= MESSAGES_AHEAD) {
        await new Promise<void>((resolve) => {
          this.#onCredit = resolve;
        });
      }
      const bytes = buffer.subarray(0, filled);
      this.#worker.postMessage({ kind: 'chunk', bytes } satisfies ToWorker, [buffer.buffer]);
      ahead += 1;
      buffer = new Uint8Array(MESSAGE_BYTES);
      filled = 0;
    };
    for await (const chunk of stream) {
      // the job was decided: leaving the loop closes the stream
      if (!this.#settle) return;
      for (let offset = 0; offset < chunk.length;) {
        const used = Math.min(chunk.length - offset, MESSAGE_BYTES - filled);
        buffer.set(chunk.subarray(offset, offset + used), filled);
        filled += used;
        offset += used;
        if (filled === MESSAGE_BYTES) await send();
      }
    }
    if (filled > 0) await send();
    this.#post({ kind: 'end' });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'credit') {
      this.#credits += 1;
      this.#wake();
    } else if (message.kind === 'failure') this.#fail(fromFailure(message.failure));
    else {
      const settle = this.#settle;
      this.#settle = undefined;
      settle?.resolve(message.result);
      this.#wake();
    }
  }

  #fail(error: unknown): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.reject(error);
    this.#wake();
  }

  #wake(): void {
    const onCredit = this.#onCredit;
    this.#onCredit = undefined;
    onCredit?.();
  }
}

function fromFailure(failure: WorkerFailure): Error {
  const options = failure.hint === undefined ? {} : { hint: failure.hint };
  if (failure.code !== undefined && Object.hasOwn(LAYER_ERRORS, failure.code)) {
    return layerError(failure.code as LayerErrorCode, failure.message, options);
  }
  if (failure.code !== undefined) return new AppError(failure.code, ExitCode.Input, failure.message, options);
  const error = new Error(failure.message);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
