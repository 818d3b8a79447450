import { enableCompileCache } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Interfaces } from '@oclif/core';
import { cacheDirectory } from './cache-directory.ts';
import { reportFailure } from './report-failure.ts';

/**
 * Runs the command line: finds the command (each in a file of its own, loaded alone), runs it, sets the exit code.
 * @param argv arguments without node and script
 */
export async function start(argv: readonly string[]): Promise<void> {
  startCompileCache();
  const { run } = await import('@oclif/core/run');
  const { flush } = await import('@oclif/core/flush');
  try {
    await run([...argv], loadOptions());
    await flush();
  } catch (error) {
    process.exitCode = reportFailure(error, { json: argv.includes('--json'), argv });
  }
}

/** Code cache in the user's own cache folder: the shared default folder is no place for code that a security tool runs. */
function startCompileCache(): void {
  const directory = cacheDirectory(process.env);
  if (directory !== undefined && import.meta.url.endsWith('.js')) enableCompileCache(join(directory, 'code'));
}

/** Sources and build have the same shape: this file's folder decides where commands are. */
function loadOptions(): Interfaces.LoadOptions {
  const isSource = import.meta.url.endsWith('.ts');
  const root = fileURLToPath(new URL(isSource ? '../..' : '..', import.meta.url));
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  if (!isSource) return { root, pjson };
  return {
    root,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } },
    ignoreManifest: true,
    enableAutoTranspile: false,
  } as Interfaces.LoadOptions;
}
