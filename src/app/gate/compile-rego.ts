import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInputFile, runHelper, safeText, TemporaryDirectory, type Runtime } from '../../core/index.ts';
import {
  loadPolicy,
  regoSources,
  restrictCapabilities,
  type CompiledRego,
  type LoadedPolicy,
  type LoadPolicyOptions,
  type RegoSource,
} from '../../policy/index.ts';
import { appError } from '../errors.ts';

const COMPILE_DEADLINE_MS = 60_000;
const PLAIN_FILE = /(?:^|\/)([A-Za-z0-9][A-Za-z0-9._-]*\.rego)$/;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

export interface OpenPolicyOptions extends LoadPolicyOptions {
  /** The `opa` program to compile Rego sources with: a plain name or an absolute path. Without it they cannot be evaluated, which denies. */
  readonly opa?: string;
}

/** What running `opa` needs: PATH to find it by, and what ends it. */
export type OpaRuntime = Pick<Runtime, 'env' | 'signal'>;

/**
 * Loads a policy and compiles the Rego sources it names, where something is given to compile them with.
 * @throws AppError as `loadPolicy`; REGO_COMPILE_FAILED, HELPER_NOT_FOUND, HELPER_FAILED
 */
export async function openPolicy(file: string, options: OpenPolicyOptions, runtime: OpaRuntime): Promise<LoadedPolicy> {
  const { opa, ...loading } = options;
  const loaded = await loadPolicy(file, loading);
  const sources = regoSources(loaded.policy);
  if (opa === undefined || sources.length === 0) return loaded;
  await using folder = await TemporaryDirectory.create('waybill-rego-');
  const compiler = new OpaCompiler(opa, folder.path, runtime);
  const version = await compiler.prepare();
  const compiledRego = new Map<string, CompiledRego>();
  for (const [index, source] of sources.entries()) {
    const bytes = loaded.files.get(source.path);
    if (bytes === undefined) continue;
    const bundle = await compiler.compile(source, bytes, `source-${index}`);
    compiledRego.set(source.path, { bundle, compiler: `opa ${version}` });
  }
  return { ...loaded, compiledRego };
}

/** One `opa` program, used with restricted capabilities and nothing of our environment but PATH. */
class OpaCompiler {
  readonly #command: string;
  readonly #folder: string;
  readonly #runtime: OpaRuntime;

  constructor(command: string, folder: string, runtime: OpaRuntime) {
    this.#command = command;
    this.#folder = folder;
    this.#runtime = runtime;
  }

  /** Writes the capabilities; gives the version of the program. */
  async prepare(): Promise<string> {
    const capabilities = await this.#run(['capabilities', '--current'], 'tell its capabilities');
    await writeFile(join(this.#folder, 'capabilities.json'), await restrictCapabilities(capabilities));
    const version = /^Version: ([0-9A-Za-z.+-]{1,64})$/m.exec(
      Buffer.from(await this.#run(['version'], 'tell its version')).toString(),
    );
    if (version?.[1] === undefined)
      throw appError('REGO_COMPILE_FAILED', `${this.#command} does not say which version of opa it is`);
    return version[1];
  }

  async compile(source: RegoSource, bytes: Uint8Array, name: string): Promise<Uint8Array> {
    const folder = join(this.#folder, name);
    await mkdir(folder);
    // so that what opa says of the source says its name
    const input = join(folder, PLAIN_FILE.exec(source.path)?.[1] ?? 'source.rego');
    const output = join(folder, 'bundle.tar.gz');
    await writeFile(input, bytes);
    const entrypoints = source.entrypoints.flatMap((entrypoint) => ['--entrypoint', entrypoint]);
    const capabilities = join(this.#folder, 'capabilities.json');
    await this.#run(
      ['build', '--target', 'wasm', '--capabilities', capabilities, ...entrypoints, '--output', output, input],
      `compile ${source.path}`,
    );
    return readInputFile(output, MAX_OUTPUT_BYTES);
  }

  async #run(args: readonly string[], task: string): Promise<Uint8Array> {
    const { exitCode, stdout, stderr } = await runHelper({
      command: this.#command,
      args,
      // opa keeps nothing and needs nothing of the user's
      env: { PATH: this.#runtime.env['PATH'], HOME: this.#folder },
      timeoutMs: COMPILE_DEADLINE_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal: this.#runtime.signal,
    });
    if (exitCode === 0) return stdout;
    // opa says what is wrong with a source on its standard output
    const words = stderr.trim() === '' ? Buffer.from(stdout.subarray(0, 4096)).toString() : stderr;
    const said = safeText(
      words
        .replaceAll(`${this.#folder}/`, '')
        .replaceAll(/source-\d+\//g, '')
        .trim()
        .replaceAll('\n', '; '),
      1000,
    );
    throw appError(
      'REGO_COMPILE_FAILED',
      `${this.#command} could not ${task}: ${said === '' ? `exit ${exitCode}` : said}`,
      {
        hint: 'policies may use neither network nor clock nor randomness; input.time is the time decided for',
      },
    );
  }
}
