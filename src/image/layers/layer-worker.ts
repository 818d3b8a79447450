import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { isAppError } from '../../core/index.ts';
import { CaptureMatcher, transferables } from '../../filesystem/index.ts';
import { openRange } from './file-range.ts';
import { readLayer, type ChunkSource } from './read-layer.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerSetup } from './worker-messages.ts';

/** Entry of the worker thread that reads layers, one after another, as the main thread hands them out. */
function main(port: MessagePort, setup: WorkerSetup): void {
  const matcher = new CaptureMatcher(setup.plan);
  const progress = new BigInt64Array(setup.progress);
  const inbox = new ChunkInbox(port);
  const onProgress = (bytes: number): void => void Atomics.add(progress, 0, BigInt(bytes));
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'chunk') inbox.push(message.bytes);
    else if (message.kind === 'end') inbox.push(undefined);
    else void run(message);
  });

  async function run({ job }: ToWorker & { kind: 'job' }): Promise<void> {
    const file = job.range && (() => openRange(job, job.range!));
    let opened: ReturnType<typeof openRange> | undefined;
    try {
      opened = file?.();
      const source: ChunkSource = opened ? opened.next : () => inbox.next();
      const result = await readLayer(job, source, { matcher, limits: setup.limits, onProgress });
      port.postMessage({ kind: 'result', result } satisfies FromWorker, transferables(result.records));
    } catch (error) {
      port.postMessage({ kind: 'failure', failure: toFailure(error) } satisfies FromWorker);
    } finally {
      opened?.close();
    }
  }
}

/** Chunks that arrived as messages, and whoever waits for the next. */
class ChunkInbox {
  readonly #port: MessagePort;
  readonly #chunks: (Uint8Array | undefined)[] = [];
  #waiting: ((chunk: Uint8Array | undefined) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  push(chunk: Uint8Array | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(chunk);
    else this.#chunks.push(chunk);
  }

  next(): Promise<Uint8Array | undefined> {
    this.#port.postMessage({ kind: 'credit' } satisfies FromWorker, []);
    if (this.#chunks.length > 0) return Promise.resolve(this.#chunks.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

function toFailure(error: unknown): WorkerFailure {
  if (isAppError(error)) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  if (error instanceof Error)
    return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
  return { message: String(error) };
}

if (parentPort) main(parentPort, workerData as WorkerSetup);
