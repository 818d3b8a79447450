import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../core/index.ts';
import { isPolicyProgramErrorCode, policyProgramError } from './errors.ts';
import type { KnownPrograms, PolicyProgram } from './read-program.ts';
import type { RegoAnswer, RegoJob } from './worker-messages.ts';

export interface RegoLimits {
  /** For one evaluation, compiling the module included. */
  readonly deadlineMs: number;
  /** Of 64 KiB each. */
  readonly memoryPages: number;
}

/** What one evaluation may take: far above what rules over thousands of components need. */
export const REGO_LIMITS: RegoLimits = { deadlineMs: 10_000, memoryPages: 8192 };

/** Evaluates compiled policies; see `RegoRunner`. */
export type RegoEvaluator = Pick<RegoRunner, 'evaluate' | 'programs'>;

/** Heap of the thread beside the module's memory: results and operands pass through it. */
const THREAD_HEAP_MB = 512;
/** Starting a thread on a busy machine is no fault of the policy. */
const START_DEADLINE_MS = 60_000;

/**
 * Runs compiled policies in a thread of its own, one evaluation at a time, each in a fresh instance. The thread is started when it is first needed, ended
 * when an evaluation takes too long, and closed with the runner.
 */
export class RegoRunner implements AsyncDisposable {
  /** What was read for this runner: one policy is evaluated for many images. */
  readonly programs: KnownPrograms = new WeakMap();
  readonly #limits: RegoLimits;
  #thread: RegoThread | undefined;
  /** Evaluations wait for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: RegoLimits = REGO_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Evaluates an entrypoint.
   * @param input JSON text
   * @returns the engine's result set as JSON text: `[]` when undefined, else `[{"result": ...}]`
   * @throws AppError of the REGO codes
   */
  evaluate(program: PolicyProgram, entrypoint: string, input: string): Promise<string> {
    const turn = this.#last.then(() => this.#evaluate(program, entrypoint, input));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #evaluate(program: PolicyProgram, entrypoint: string, input: string): Promise<string> {
    const { deadlineMs, memoryPages } = this.#limits;
    this.#thread ??= new RegoThread();
    const thread = this.#thread;
    const answer = await thread.run(
      {
        moduleDigest: program.moduleDigest,
        module: program.module,
        data: program.data,
        input: Buffer.from(input),
        entrypoint,
        maxMemoryPages: memoryPages,
      },
      deadlineMs,
    );
    if (answer.kind === 'result') return answer.json;
    if (thread.ended) {
      this.#thread = undefined;
      await thread.close();
    }
    if (answer.code !== undefined && isPolicyProgramErrorCode(answer.code))
      throw policyProgramError(answer.code, answer.message);
    throw new TypeError(`the thread that evaluates policies failed: ${answer.message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.close();
    this.#thread = undefined;
  }
}

type FinalAnswer = Exclude<RegoAnswer, { readonly kind: 'ready' }>;

/** One worker thread, one job at a time; once it has failed it takes no more. */
class RegoThread {
  readonly #worker: Worker;
  readonly #ready: Promise<RegoAnswer>;
  #settle: (answer: RegoAnswer) => void = () => undefined;
  #failure: FinalAnswer | undefined;

  constructor() {
    this.#worker = new Worker(workerUrl(import.meta.url, 'rego-worker'), {
      name: 'waybill-rego',
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      // a policy sees no environment, and nothing it writes reaches our own streams
      env: {},
      stdout: true,
      stderr: true,
    });
    this.#ready = this.#next();
    this.#worker.on('message', (answer: RegoAnswer) => this.#settle(answer));
    this.#worker.on('error', (error: Error & { readonly code?: unknown }) => {
      const full = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#fail(
        full ? 'REGO_MEMORY' : undefined,
        full ? `the policy's results need more than the ${THREAD_HEAP_MB} MiB of memory allowed` : error.message,
      );
    });
    this.#worker.on('exit', () => this.#fail(undefined, 'it ended'));
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  async run(job: RegoJob, deadlineMs: number): Promise<FinalAnswer> {
    await this.#within(START_DEADLINE_MS, this.#ready);
    if (this.#failure !== undefined) return this.#failure;
    const answered = this.#next();
    this.#worker.postMessage(job, []);
    return this.#within(deadlineMs, answered);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #next(): Promise<RegoAnswer> {
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Waits for an answer; a thread that gives none in time has failed. */
  async #within(deadlineMs: number, answer: Promise<RegoAnswer>): Promise<FinalAnswer> {
    const timer = setTimeout(
      () => this.#fail('REGO_TIMEOUT', `the policy gave no answer within ${deadlineMs} ms`),
      deadlineMs,
    );
    const final = await answer;
    clearTimeout(timer);
    return final.kind === 'ready' ? { kind: 'result', json: '[]' } : final;
  }

  #fail(code: string | undefined, message: string): void {
    this.#failure ??= { kind: 'failure', code, message };
    this.#settle(this.#failure);
  }
}
