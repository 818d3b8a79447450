import { Worker, type MessagePort } from 'node:worker_threads';
import { AppError, ExitCode } from '../../core/index.ts';
import { LAYER_ERRORS, layerError, type LayerErrorCode } from './errors.ts';
import type { LayerJob, LayerResult } from './layer-job.ts';
import type { FromWorker, ToWorker, WorkerFailure } from './worker-messages.ts';

/** Bytes of a stream are sent to the worker in pieces of this size, and at most so many ahead of it. */
const MESSAGE_BYTES = 1024 * 1024;
const MESSAGES_AHEAD = 3;

/** One worker thread, one job at a time. */
export class LayerThread<Job = LayerJob> {
  readonly #worker: Worker;
  #settle: { resolve: (result: LayerResult | undefined) => void; reject: (error: unknown) => void } | undefined;
  #stopped: unknown;
  #credits = 0;
  #onCredit: (() => void) | undefined;

  /** @param ports those in `setup`: they are given to the thread */
  constructor(entry: URL, setup: unknown, ports: readonly MessagePort[] = []) {
    this.#worker = new Worker(entry, { workerData: setup, transferList: [...ports], name: 'waybill-layer' });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.stop(error));
    this.#worker.on('exit', () => this.stop(new Error('a layer worker ended')));
  }

  /** Runs a job; resolves to its result, or to undefined when this kind of worker gives none. */
  run(job: Job, stream: AsyncIterable<Uint8Array> | undefined): Promise<LayerResult | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) {
        reject(this.#stopped);
        return;
      }
      this.#settle = { resolve, reject };
      this.#credits = 0;
      this.#post({ kind: 'job', job });
      if (stream) this.#pump(stream).catch((error: unknown) => this.stop(error));
    });
  }

  /** Fails the running job and all later ones. */
  stop(error: unknown): void {
    this.#stopped ??= error;
    this.#fail(error);
  }

  /** Ends the thread, whatever it is doing. */
  async terminate(): Promise<void> {
    this.stop(new Error('a layer worker was ended'));
    await this.#worker.terminate();
  }

  async #pump(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const settle = this.#settle;
    let sent = 0;
    let buffer = new Uint8Array(MESSAGE_BYTES);
    let filled = 0;
    const send = async (): Promise<void> => {
      while (this.#settle === settle && sent - this.#credits >= MESSAGES_AHEAD) {
        await new Promise<void>((resolve) => {
          this.#onCredit = resolve;
        });
      }
      this.#worker.postMessage({ kind: 'chunk', bytes: buffer.subarray(0, filled) } satisfies ToWorker, [
        buffer.buffer,
      ]);
      sent += 1;
      buffer = new Uint8Array(MESSAGE_BYTES);
      filled = 0;
    };
    for await (const chunk of stream) {
      for (let offset = 0; offset < chunk.length;) {
        const used = Math.min(chunk.length - offset, MESSAGE_BYTES - filled);
        buffer.set(chunk.subarray(offset, offset + used), filled);
        filled += used;
        offset += used;
        if (filled === MESSAGE_BYTES) await send();
      }
      // the job was decided: leaving the loop closes the stream
      if (this.#settle !== settle) return;
    }
    if (filled > 0) await send();
    if (this.#settle === settle) this.#post({ kind: 'end' });
  }

  #post(message: ToWorker<Job>): void {
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
      settle?.resolve(message.kind === 'result' ? message.result : undefined);
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
