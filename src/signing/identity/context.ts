import { setTimeout as wait } from 'node:timers/promises';
import { abortError, isAppError, readInputFile, runHelper, type HelperRun } from '../../core/index.ts';
import { signingError } from '../errors.ts';
import type { IdentityContext } from './contract.ts';

export const MAX_TOKEN_FILE_BYTES = 64 * 1024;
const HELPER_TIMEOUT_MS = 30_000;
/** What any helper may see beside what it needs. */
const COMMON_VARIABLES = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** A small file's text without white space around it, or undefined when the file is not there. */
export async function readSmallFile(context: IdentityContext, path: string): Promise<string | undefined> {
  const read = context.readFile ?? readIfThere;
  const bytes = await read(path, MAX_TOKEN_FILE_BYTES);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8').trim();
}

async function readIfThere(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readInputFile(path, maxBytes);
  } catch (error) {
    if (isAppError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Output of a CI service's own program. Its output and its complaints may hold tokens: neither gets into messages. */
export async function helperOutput(
  context: IdentityContext,
  run: { readonly command: string; readonly args: readonly string[]; readonly variables: readonly string[] },
): Promise<string> {
  const { env, signal } = context.runtime;
  const helper: HelperRun = {
    command: run.command,
    args: run.args,
    env: Object.fromEntries([...COMMON_VARIABLES, ...run.variables].map((name) => [name, env[name]])),
    timeoutMs: HELPER_TIMEOUT_MS,
    maxOutputBytes: MAX_TOKEN_FILE_BYTES,
    signal,
  };
  const result = await (context.runHelper ?? runHelper)(helper);
  if (result.exitCode !== 0) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `${run.command} ended with status ${result.exitCode}`, {
      hint: `run it by hand in the same job: ${run.command} ${run.args.join(' ')}`,
    });
  }
  return Buffer.from(result.stdout).toString('utf8').trim();
}

/** Waits as the context says. */
export async function pause(context: IdentityContext, ms: number): Promise<void> {
  const { signal } = context.runtime;
  if (context.sleep !== undefined) return context.sleep(ms, signal);
  try {
    await wait(ms, undefined, { signal });
  } catch {
    throw abortError(signal);
  }
}
