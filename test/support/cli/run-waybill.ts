import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '../../../src/core/index.ts';
import { builtPackage } from './built-package.ts';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that still runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The built command line, working in an empty folder with an empty home, temporary and cache folder. */
export interface Bench extends AsyncDisposable {
  /** Working folder of every command. */
  readonly path: string;
  /** `TMPDIR` of every command. */
  readonly temporary: string;
  /** What starts it: Node's arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a command to its end. Words are separated by spaces; give an array when they hold some. */
  run(command: string | readonly string[], options?: RunOptions): Promise<Finished>;
  start(command: string | readonly string[], options?: RunOptions): Running;
}

/** The time that any command here may take on a busy machine. */
const TIMEOUT_MS = 60_000;

export async function openBench(): Promise<Bench> {
  const folder = await TemporaryDirectory.create('waybill-test-');
  const paths = {
    work: join(folder.path, 'work'),
    temporary: join(folder.path, 'tmp'),
    home: join(folder.path, 'home'),
  };
  for (const path of Object.values(paths)) mkdirSync(path);
  const argv = [join(await builtPackage(), 'bin/run.js')];
  const env = {
    PATH: process.env['PATH'],
    HOME: paths.home,
    TMPDIR: paths.temporary,
    WAYBILL_CACHE_DIR: join(folder.path, 'cache'),
    COSIGN_PASSWORD: '',
    ...compiledCode(),
  };
  const start = (command: string | readonly string[], options: RunOptions = {}): Running => {
    const words = typeof command === 'string' ? command.split(' ').filter((word) => word !== '') : command;
    const child = spawn(process.execPath, [...argv, ...words], {
      cwd: paths.work,
      env: { ...env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    return { child, finished: collect(child) };
  };
  return {
    path: paths.work,
    temporary: paths.temporary,
    argv,
    env,
    start,
    run: (command, options) => start(command, options).finished,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Every bench has a cache of its own; what was compiled is shared by all of a run, where the runner says so (see `code-cache.ts`). */
function compiledCode(): { readonly NODE_COMPILE_CACHE?: string } {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

async function collect(child: ChildProcess): Promise<Finished> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code));
  });
  return { status, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
}

/** Asserts the exit code, showing what the command said when it is another. */
export function ended(finished: Finished, status: number): Finished {
  assert.equal(
    finished.status,
    status,
    `exit ${finished.status}, not ${status}\n${finished.stdout}\n${finished.stderr}`,
  );
  return finished;
}

/** Asserts a failure: its exit code, its error code in brackets on stderr, and an empty stdout. */
export function failed(finished: Finished, status: number, code: string): Finished {
  ended(finished, status);
  assert.equal(finished.stdout, '');
  assert.match(finished.stderr, new RegExp(`^error: [^]* \\[${code}\\]$`, 'm'));
  assert.doesNotMatch(finished.stderr, /\n\s+at /, 'a stack trace is shown');
  return finished;
}
