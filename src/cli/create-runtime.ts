import { randomBytes } from 'node:crypto';
import { coreError, type Runtime } from '../core/index.ts';
import { cacheDirectory } from './cache-directory.ts';
import { createTerminalProgress } from './terminal-progress.ts';

export interface RuntimeSettings {
  readonly quiet: boolean;
  readonly cache: boolean;
}

/** A runtime with what ends its signal handlers. */
export interface ProcessRuntime extends Disposable {
  readonly runtime: Runtime;
  /** Removes the progress line. */
  clearProgress(): void;
}

/** Connects a use case to this process: its environment, clock, signals and terminal. */
export function createProcessRuntime(settings: RuntimeSettings): ProcessRuntime {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(coreError('INTERRUPTED', 'interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const isInteractive = process.stderr.isTTY && !settings.quiet && !process.env['CI'];
  const progress = createTerminalProgress(isInteractive ? process.stderr : undefined, (line) => {
    if (!settings.quiet) process.stderr.write(`${line}\n`);
  });
  return {
    runtime: {
      env: process.env,
      now: () => new Date(),
      randomBytes: (length) => randomBytes(length),
      signal: controller.signal,
      progress: progress.listener,
      cacheDir: settings.cache ? cacheDirectory(process.env) : undefined,
    },
    clearProgress: () => progress.clear(),
    [Symbol.dispose]: () => {
      progress.clear();
      process.removeListener('SIGINT', onSignal);
      process.removeListener('SIGTERM', onSignal);
    },
  };
}
