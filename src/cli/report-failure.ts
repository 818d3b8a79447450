import { coreError, ExitCode, isAppError, redactSecrets, safeText, type AppError } from '../core/index.ts';
import { resultJson } from './result-json.ts';
import { isParserError, usageError, type CalledCommand } from './usage-error.ts';

export interface FailureContext {
  /** Write the error as JSON on stdout instead of text on stderr. */
  readonly json: boolean;
  /** The command that ran; undefined when none was found. */
  readonly command?: CalledCommand;
}

/** The error as `--json` shows it. */
export interface FailureJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly exitCode: ExitCode;
    readonly hint?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

/** Prints an error for people (stderr) or for programs (stdout, JSON) and returns the exit code of its class. A stack is shown for bugs only. */
export function reportFailure(error: unknown, context: FailureContext): ExitCode {
  const exit = oclifExit(error);
  if (exit !== undefined) return exit;
  const failure = toAppError(error, context.command ?? { name: '', flags: [] });
  if (context.json) process.stdout.write(`${resultJson(failureJson(failure))}\n`);
  else process.stderr.write(`${failureLines(failure).join('\n')}\n`);
  if (failure.exitCode === ExitCode.Internal && failure.cause instanceof Error && failure.cause.stack !== undefined)
    process.stderr.write(`${safeLines(redactSecrets(failure.cause.stack))}\n`);
  return failure.exitCode;
}

function failureLines(failure: AppError): readonly string[] {
  const message = `error: ${safeLines(failure.message)} [${failure.code}]`;
  return failure.hint === undefined ? [message] : [message, `  hint: ${safeLines(failure.hint)}`];
}

function failureJson(error: AppError): FailureJson {
  return {
    error: {
      code: error.code,
      message: error.message,
      exitCode: error.exitCode,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
}

/** `this.exit(n)` and `--help` end a run through an exception of oclif's own. */
function oclifExit(error: unknown): ExitCode | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIT') return undefined;
  const oclif = 'oclif' in error ? (error.oclif as { readonly exit?: number } | undefined) : undefined;
  return (oclif?.exit ?? 0) as ExitCode;
}

function toAppError(error: unknown, command: CalledCommand): AppError {
  if (isAppError(error)) return error;
  if (isParserError(error)) return usageError(error, command);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return coreError('INTERNAL', `this is a bug in waybill: ${message}`, {
    cause: error,
    hint: 'please report it with the command line and what follows',
  });
}

function safeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => safeText(line))
    .join('\n');
}
