import { randomBytes } from 'node:crypto';
import { coreError, ExitCode, type Runtime } from '../core/index.ts';
import { cacheDirectory, preparedDirectory } from './cache-directory.ts';
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

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Work that does not stop by itself after a signal is left behind: Ctrl-C ends the process within a second. */
const GRACE_MS = 800;

/** Connects a use case to this process: its environment, clock, signals and terminal. */
export function createProcessRuntime(settings: RuntimeSettings): ProcessRuntime {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(ExitCode.Interrupted);
    controller.abort(coreError('INTERRUPTED', 'interrupted'));
    setTimeout(() => process.exit(ExitCode.Interrupted), GRACE_MS).unref();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
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
      cacheDir: settings.cache ? preparedDirectory(cacheDirectory(process.env)) : undefined,
    },
    clearProgress: () => progress.clear(),
    [Symbol.dispose]: () => {
      progress.clear();
      // a second signal on the way out must not kill by the system's own rule
      if (controller.signal.aborted) return;
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
