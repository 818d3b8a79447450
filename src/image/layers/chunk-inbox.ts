import type { MessagePort } from 'node:worker_threads';
import { openRange } from './file-range.ts';
import type { LayerJob } from './layer-job.ts';
import type { ChunkSource } from './stored-pass.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** Chunks that arrived as messages, and whoever waits for the next. */
export class ChunkInbox {
  readonly #port: MessagePort;
  readonly #chunks: (Uint8Array | undefined)[] = [];
  #waiting: ((chunk: Uint8Array | undefined) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Takes a message of the main thread that carries a chunk, or the end. */
  receive(message: Exclude<ToWorker, { kind: 'job' }>): void {
    const chunk = message.kind === 'chunk' ? message.bytes : undefined;
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

/** Runs `work` with a job's stored bytes: from its file range, opened for that time, or from the inbox. */
export async function withStoredBytes<T>(
  job: LayerJob,
  inbox: ChunkInbox,
  work: (source: ChunkSource) => Promise<T>,
): Promise<T> {
  if (!job.range) return work(() => inbox.next());
  const range = openRange(job, job.range);
  try {
    return await work(range.next);
  } finally {
    range.close();
  }
}
