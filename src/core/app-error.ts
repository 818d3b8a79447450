import { ExitCode } from './exit-code.ts';
import { redactSecrets } from './redact.ts';

export interface AppErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** One sentence that tells the user what to do. */
  readonly hint?: string;
  /** Machine-readable facts (digests, paths, sizes); plain JSON, no secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Every failure that waybill foresees. Made through a room's factory (`defineErrors`), which holds the closed set of codes.
 * The message says what failed and which object; the hint says what to do. Secrets and URL userinfo are redacted here.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, exitCode: ExitCode, message: string, options: AppErrorOptions = {}) {
    super(redactSecrets(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = exitCode;
    this.hint = options.hint === undefined ? undefined : redactSecrets(options.hint);
    this.details = options.details;
  }
}

/** Makes an `AppError` of one room. */
export type ErrorFactory<Code extends string> = (code: Code, message: string, options?: AppErrorOptions) => AppError;

/** A room's closed table of error codes: code to the exit code of its class. */
export type ErrorTable = Readonly<Record<string, ExitCode>>;

/**
 * Turns a room's table of codes into its factory. Codes are public: added on purpose, never renamed.
 *
 * @example
 * export const IMAGE_ERRORS = { IMAGE_NOT_FOUND: ExitCode.Input } as const satisfies ErrorTable;
 * export const imageError = defineErrors(IMAGE_ERRORS);
 * throw imageError('IMAGE_NOT_FOUND', `no image at ${path}`, { hint: 'check the path' });
 */
export function defineErrors<Table extends ErrorTable>(table: Table): ErrorFactory<Extract<keyof Table, string>> {
  return (code, message, options) => new AppError(code, table[code] ?? ExitCode.Internal, message, options);
}

export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError;
}
