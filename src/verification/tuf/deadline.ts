import { abortError } from '../../core/index.ts';
import { tufError } from './errors.ts';

/**
 * Runs work that has to end in time, whatever the pace of the mirror.
 * @throws AppError TUF_TIMEOUT, INTERRUPTED
 */
export async function withDeadline<T>(
  outer: AbortSignal,
  deadline: { readonly ms: number; readonly what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const message = `the TUF mirror ${deadline.what} took longer than ${deadline.ms} ms`;
    controller.abort(tufError('TUF_TIMEOUT', message));
  }, deadline.ms);
  const interrupt = (): void => controller.abort(abortError(outer));
  if (outer.aborted) interrupt();
  else outer.addEventListener('abort', interrupt, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', interrupt);
  }
}
