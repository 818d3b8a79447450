import { spawn } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import { abortError } from './runtime.ts';
import { coreError } from './errors.ts';

export interface HelperRun {
  /** A plain name looked up on PATH, or an absolute path; anything else is refused. */
  readonly command: string;
  readonly args: readonly string[];
  /** Bytes for standard input. */
  readonly input?: string | Uint8Array;
  /** The whole environment the helper sees: the caller picks what it needs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
}

export interface HelperResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  /** The first 4 KiB. */
  readonly stderr: string;
}

const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;

/**
 * Runs a helper program without a shell, with a deadline and a cap on output. A non-zero exit is a result, not an exception.
 * @throws AppError HELPER_NOT_FOUND, HELPER_FAILED (deadline, output cap), USAGE (a relative path), INTERRUPTED
 */
export function runHelper(run: HelperRun): Promise<HelperResult> {
  if (!run.command.startsWith('/') && !PLAIN_NAME.test(run.command)) {
    throw coreError('USAGE', `helper ${JSON.stringify(run.command)} must be a plain name or an absolute path`);
  }
  return new Promise((resolve, reject) => {
    const child = spawn(run.command, [...run.args], {
      env: { ...run.env, PATH: absolutePath(run.env['PATH']) },
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
    });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    const finish = (error: Error | undefined, exitCode = -1): void => {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', onAbort);
      if (error) {
        child.kill('SIGKILL');
        // what the helper itself started may live on and hold the pipes open
        for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
        reject(error);
      } else resolve({ exitCode, stdout: Buffer.concat(stdout), stderr });
    };
    const onAbort = (): void => finish(abortError(run.signal));
    const timer = setTimeout(
      () => finish(coreError('HELPER_FAILED', `${run.command} did not answer within ${run.timeoutMs} ms`)),
      run.timeoutMs,
    );
    run.signal.addEventListener('abort', onAbort, { once: true });
    child.on('error', (cause) => {
      const missing = 'code' in cause && cause.code === 'ENOENT';
      finish(
        missing
          ? coreError('HELPER_NOT_FOUND', `${run.command} is not installed`, {
              cause,
              hint: `install ${run.command} or put it on PATH`,
            })
          : coreError('HELPER_FAILED', `${run.command} could not be started: ${cause.message}`, { cause }),
      );
    });
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.byteLength;
      if (stdoutBytes > run.maxOutputBytes)
        finish(coreError('HELPER_FAILED', `${run.command} wrote more than ${run.maxOutputBytes} bytes`));
      else stdout.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr = (stderr + chunk.toString('utf8')).slice(0, 4096);
    });
    child.on('close', (code) => finish(undefined, code ?? -1));
    // the helper may exit without reading its input
    child.stdin.on('error', () => undefined);
    child.stdin.end(run.input ?? '');
  });
}

/** PATH without entries that mean the working folder: it may hold what a pull request put there. */
function absolutePath(path: string | undefined): string {
  const folders = (path ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.length === 0 ? '/usr/bin:/bin' : folders.join(delimiter);
}
