import { enableCompileCache } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Interfaces } from '@oclif/core';
import { coreError } from '../core/index.ts';
import { cacheDirectory, preparedDirectory } from './cache-directory.ts';
import { reportFailure } from './report-failure.ts';
import { isParserError, strayFlagError, unknownCommandError } from './usage-error.ts';

/** What the framework loads commands by. */
type LoadOptions = Interfaces.Options & { readonly pjson?: Interfaces.PJSON };

/**
 * Runs the command line: finds the command (each in a file of its own, loaded alone), runs it, sets the exit code.
 * @param argv arguments without node and script
 */
export async function start(argv: readonly string[]): Promise<void> {
  startCompileCache(argv);
  guardProcess(argv.includes('--json'));
  const words = spelledOut(argv);
  const options = loadOptions();
  const stray = strayFlagError(words, topicNames(options));
  if (stray !== undefined) {
    process.exitCode = reportFailure(stray, { json: argv.includes('--json') });
    return;
  }
  const { run } = await import('@oclif/core/run');
  const { flush } = await import('@oclif/core/flush');
  try {
    await run([...words], options);
    await flush();
  } catch (error) {
    process.exitCode = reportFailure(await inOurWords(error, words, options), { json: argv.includes('--json') });
  }
}

/** `waybill help sbom create` and `waybill version`, as people type them. */
function spelledOut(argv: readonly string[]): readonly string[] {
  if (argv[0] === 'help') return [...argv.slice(1).filter((word) => !word.startsWith('-')), '--help'];
  if (argv[0] === 'version' && argv.length === 1) return ['--version'];
  return argv;
}

/**
 * What goes wrong outside of any promise: a reader that closed the pipe (`| head`) is no failure, a full disk behind the standard output is one of the
 * surroundings, and what cannot be told on the error output changes nothing; anything else is a bug.
 */
function guardProcess(json: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    const full = coreError('FILE_UNWRITABLE', `cannot write the standard output: ${error.code ?? error.message}`);
    process.exit(reportFailure(full, { json: false }));
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
  });
  process.on('uncaughtException', (error) => process.exit(reportFailure(error, { json })));
}

function topicNames({ pjson }: LoadOptions): readonly string[] {
  return Object.keys(pjson?.oclif.topics ?? {});
}

/** Outside of a command oclif only complains about commands that do not exist. */
async function inOurWords(error: unknown, argv: readonly string[], options: LoadOptions): Promise<unknown> {
  if (!isParserError(error) || !/not found\.?$/i.test(error.message)) return error;
  const written: string[] = [];
  for (const word of argv) {
    if (word.startsWith('-') && written.length > 0) break;
    written.push(word);
  }
  const { Config } = await import('@oclif/core/config');
  const config = await Config.load(options);
  const known = [...config.commandIDs, ...config.topics.map((topic) => topic.name)];
  return unknownCommandError(
    written,
    known.map((id) => id.replaceAll(':', ' ')),
    error,
  );
}

/**
 * Code cache in the user's own cache folder: the shared default folder is no place for code that a security tool runs. None for the gate: compiled code cannot
 * be authenticated, and cache folders are restored from elsewhere.
 */
function startCompileCache(argv: readonly string[]): void {
  if (argv.includes('gate') || !import.meta.url.endsWith('.js')) return;
  // Node's own making of the folder never ends in some special file systems
  const directory = preparedDirectory(cacheDirectory(process.env));
  if (directory !== undefined) enableCompileCache(join(directory, 'code'));
}

/** Sources and build have the same shape: this file's folder decides where commands are. */
function loadOptions(): LoadOptions {
  const isSource = import.meta.url.endsWith('.ts');
  const root = fileURLToPath(new URL(isSource ? '../..' : '..', import.meta.url));
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  // the framework would load plug-ins from a folder that environment variables choose, and let them run before any command
  const own = { root, userPlugins: false, devPlugins: false };
  if (!isSource) return { ...own, pjson };
  return {
    ...own,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } },
    ignoreManifest: true,
    enableAutoTranspile: false,
  } as LoadOptions;
}
