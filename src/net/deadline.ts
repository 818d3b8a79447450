import { abortError, type AppError } from '../core/index.ts';
import { netError } from './errors.ts';

/**
 * What ends one exchange early: the caller's signal, or a phase that takes too long. `signal` is given to fetch; `failure` tells which of the two it was.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #what: string;
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  constructor(outer: AbortSignal, what: string) {
    this.#outer = outer;
    this.#what = what;
    this.#onAbort = () => this.#end(abortError(outer));
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the exchange was ended from this side, if it was. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Starts (or starts again) the clock of a phase. */
  arm(phase: keyof typeof PHASES, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(timeoutError(this.#what, phase, ms)), ms);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the exchange without a reason: nothing of it is wanted any more. */
  cancel(): void {
    this.release();
    this.#controller.abort();
  }

  /** The exchange is over. */
  release(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
  }

  #end(error: Error): void {
    this.#failure ??= error;
    this.release();
    this.#controller.abort(error);
  }
}

const PHASES = {
  headers: 'no answer',
  body: 'no more of the answer came',
  slow: 'the answer trickles, no more came',
  upload: 'nothing more could be sent',
} as const;

function timeoutError(what: string, phase: keyof typeof PHASES, ms: number): AppError {
  return netError('NET_TIMEOUT', `${what}: ${PHASES[phase]} within ${Math.round(ms)} ms`, { details: { phase } });
}
