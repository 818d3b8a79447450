/**
 * waybill as a library: the use cases that the command line calls, with their results.
 *
 * Every use case takes its options and a `Runtime`, which stands for the outside world: clock, randomness, environment, cancellation, progress, cache. `createRuntime`
 * makes one. What is foreseen to fail is thrown as an `AppError` with a stable code and the exit code of its class; a verdict (unsigned, denied, invalid) is a
 * result, never an exception. References, files and everything read from registries are taken to be hostile.
 *
 * @example
 * import { createRuntime, createSboms, writeCycloneDx } from 'waybill';
 *
 * const options = { image: 'registry.example.com/shop/app:1.2', access: {}, allowEmpty: false, strict: false };
 * const { platforms: [sbom] } = await createSboms(options, createRuntime());
 * const bytes = await writeCycloneDx(sbom.document, { format: 'json', specVersion: '1.6' });
 */
import { randomBytes } from 'node:crypto';
import type { ProgressListener, Runtime } from './core/index.ts';

export * from './app/index.ts';
export { AppError, ExitCode, isAppError, TOOL_NAME, TOOL_VERSION } from './core/index.ts';
export type { AppErrorOptions, Digest, JsonValue, ProgressEvent, ProgressListener, Runtime } from './core/index.ts';

export interface RuntimeOptions {
  /** Cancels the work; never unless given. */
  readonly signal?: AbortSignal;
  /** Called with progress and warnings; nobody is told unless given. */
  readonly progress?: ProgressListener;
  /** Environment variables that use cases see (SOURCE_DATE_EPOCH, REGISTRY_AUTH_FILE, HTTPS_PROXY, HOME ...); the process's unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of the layer cache; nothing is kept unless given. */
  readonly cacheDir?: string;
  /** The time that decisions and lock records are made for; the system clock unless given. */
  readonly now?: () => Date;
}

/** A runtime over this process: no cache, no progress and no cancellation unless told. Installs no signal handlers and writes to no stream. */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  return {
    env: options.env ?? process.env,
    now: options.now ?? (() => new Date()),
    randomBytes: (length) => randomBytes(length),
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => undefined),
    cacheDir: options.cacheDir,
  };
}
