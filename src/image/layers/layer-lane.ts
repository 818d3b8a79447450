import { abortError, workerUrl } from '../../core/index.ts';
import type { CapturePlan } from '../../filesystem/index.ts';
import type { LayerJob, LayerLimits, LayerResult } from './layer-job.ts';
import { layerError } from './errors.ts';
import type { ExpansionAccount } from './expansion-account.ts';
import { LayerThread } from './layer-thread.ts';
import { closeChunkPipe, createChunkPipe, resetChunkPipe, type ChunkPipe } from './chunk-pipe.ts';
import type { InflateSetup, ParseSetup } from './worker-messages.ts';

export interface LaneOptions {
  readonly plan: CapturePlan;
  readonly limits: LayerLimits;
  /** Shared by all lanes that read one image. */
  readonly account: ExpansionAccount;
  /** Decompress in a thread of its own: faster for all but small layers. */
  readonly twoThreads: boolean;
}

/** Reads layers one at a time, in one worker thread, or in two with a pipe between them. */
export class LayerLane {
  readonly #progress = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #pipe: ChunkPipe | undefined;
  readonly #parser: LayerThread;
  readonly #inflater: LayerThread | undefined;

  constructor(options: LaneOptions) {
    const progress = this.#progress.buffer;
    const { plan, limits } = options;
    const expansion = options.account.shared;
    this.#pipe = options.twoThreads ? createChunkPipe() : undefined;
    const pipe = this.#pipe;
    const parse: ParseSetup = { plan, limits, progress, expansion, ...(pipe ? { pipe: pipe.reader } : {}) };
    this.#parser = new LayerThread(workerUrl(import.meta.url, 'layer-worker'), parse, pipe ? [pipe.reader.port] : []);
    if (pipe) {
      const inflate: InflateSetup = { limits, pipe: pipe.writer, progress, expansion };
      this.#inflater = new LayerThread(workerUrl(import.meta.url, 'inflate-worker'), inflate, [pipe.writer.port]);
    }
  }

  /** Stored bytes read so far. */
  get readBytes(): number {
    return Number(Atomics.load(this.#progress, 0));
  }

  /**
   * Reads a layer; its bytes come from the job's range, or from `stream`. After a failure the lane is of no use.
   * @throws AppError LAYER_*, INTERRUPTED, and what the stream throws
   */
  async run(job: LayerJob, stream: AsyncIterable<Uint8Array> | undefined, signal: AbortSignal): Promise<LayerResult> {
    const onAbort = (): void => {
      this.#parser.stop(abortError(signal));
      this.#inflater?.stop(abortError(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      const result = await (this.#inflater
        ? this.#runBoth(this.#inflater, job, stream)
        : this.#parser.run(job, stream));
      if (!result) throw new Error('a layer worker gave no result');
      return result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What is wrong with the stored bytes is said before what is wrong inside. */
  async #runBoth(
    inflater: LayerThread,
    job: LayerJob,
    stream: AsyncIterable<Uint8Array> | undefined,
  ): Promise<LayerResult | undefined> {
    const pipe = this.#pipe as ChunkPipe;
    resetChunkPipe(pipe);
    const stored = inflater.run(job, stream);
    const parsed = this.#parser.run(job, undefined);
    // neither may wait for the other once that one is gone, or its stream broke
    stored.catch(() => closeChunkPipe(pipe));
    parsed.catch(() => inflater.stop(layerError('LAYER_STOPPED', 'the parser gave up')));
    const [inflated, result] = await Promise.allSettled([stored, parsed]);
    const isStopped = inflated.status === 'rejected' && isStoppedByParser(inflated.reason);
    if (inflated.status === 'rejected' && !isStopped) throw inflated.reason;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  async terminate(): Promise<void> {
    await Promise.all([this.#parser.terminate(), this.#inflater?.terminate()]);
  }
}

function isStoppedByParser(reason: unknown): boolean {
  return reason instanceof Error && 'code' in reason && reason.code === 'LAYER_STOPPED';
}
