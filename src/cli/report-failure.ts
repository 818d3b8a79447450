import { coreError, ExitCode, isAppError, redactSecrets, safeText, type AppError } from '../core/index.ts';

export interface FailureContext {
  /** Write the error as JSON on stdout instead of text on stderr. */
  readonly json: boolean;
  readonly argv: readonly string[];
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

/** Prints an error for people (stderr) or for programs (stdout, JSON) and returns the exit code of its class. */
export function reportFailure(error: unknown, context: FailureContext): ExitCode {
  const exit = oclifExit(error);
  if (exit !== undefined) return exit;
  const failure = toAppError(error, context);
  if (context.json) process.stdout.write(`${JSON.stringify(failureJson(failure), undefined, 2)}\n`);
  else {
    const lines = [`error: ${safeLines(failure.message)} [${failure.code}]`];
    if (failure.hint !== undefined) lines.push(`  hint: ${safeLines(failure.hint)}`);
    if (failure.exitCode === ExitCode.Internal && error instanceof Error && error.stack)
      lines.push(safeLines(error.stack));
    process.stderr.write(`${lines.join('\n')}\n`);
  }
  return failure.exitCode;
}

export function failureJson(error: AppError): FailureJson {
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

function toAppError(error: unknown, context: FailureContext): AppError {
  if (isAppError(error)) return error;
  if (isOclifUsageError(error)) {
    const command = context.argv
      .filter((argument) => /^[a-z-]+$/.test(argument) && !argument.startsWith('-'))
      .slice(0, 2);
    return coreError('USAGE', error.message.replace(/\nSee more help with --help\s*$/, '').trim(), {
      hint: `see waybill ${[...command, '--help'].join(' ')}`,
      cause: error,
    });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return coreError('INTERNAL', `this is a bug in waybill: ${redactSecrets(message)}`, {
    cause: error,
    hint: 'please report it with the command line and the text below',
  });
}

/** Parser errors, unknown commands and flags: everything oclif throws by itself is about how the command was called. */
function isOclifUsageError(error: unknown): error is Error {
  return error instanceof Error && 'oclif' in error;
}

function safeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => safeText(line))
    .join('\n');
}
