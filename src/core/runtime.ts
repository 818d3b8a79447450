import { coreError } from './errors.ts';
import type { ProgressListener } from './progress.ts';

/**
 * What the outside world gives to a use case. Nothing in `src` but `cli/` reads clock, environment, randomness or signals by itself.
 */
export interface Runtime {
  /** Environment variables, read-only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current time; used only where a time is truly meant (decisions, lock records), never for SBOM content. */
  readonly now: () => Date;
  /** Cryptographic randomness: `length` bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Aborted on Ctrl-C or a deadline. */
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
  /** The user's cache directory for waybill (0700), or undefined for no cache. */
  readonly cacheDir: string | undefined;
}

/** @throws AppError INTERRUPTED, or the AppError the signal was aborted with. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** The error that an aborted signal stands for. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === 'AppError') return reason;
  return coreError('INTERRUPTED', 'interrupted', { cause: reason });
}
