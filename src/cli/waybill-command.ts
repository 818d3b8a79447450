import type { Interfaces } from '@oclif/core';
import { Command } from '@oclif/core/command';
import { boolean, string } from '@oclif/core/flags';
import { abortError, type ExitCode, type Runtime } from '../core/index.ts';
import { findConfig } from './config-file.ts';
import { configuredWords, unreadVariables, type FlagShape } from './configured-words.ts';
import { createProcessRuntime, type ProcessRuntime } from './create-runtime.ts';
import { reportFailure } from './report-failure.ts';
import { resultJson } from './result-json.ts';

/** What a command hands back: its result for `--json`, the same for people, and the exit code of the verdict. */
export interface CommandOutcome<T> {
  /** Printed as is under `--json`; one schema per command. */
  readonly result: T;
  /** Text for people (stdout), without a trailing newline; '' prints nothing. */
  readonly text: string;
  /** What to do next, for people (stderr), without a trailing newline; not under `--quiet` and `--json`. */
  readonly advice?: string;
  readonly exitCode: ExitCode;
}

/**
 * The base of every command: common flags, a runtime with signals and progress, results on stdout, everything else on stderr, exit codes by class.
 * Subclasses parse, call one use case, hand its result to a renderer, and return the outcome.
 */
export abstract class WaybillCommand<T> extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    json: boolean({
      summary: 'Print the result, or the error, as JSON on stdout.',
      helpGroup: 'GLOBAL',
    }),
    quiet: boolean({ summary: 'No progress and no warnings on stderr.', helpGroup: 'GLOBAL' }),
    cache: boolean({
      summary: 'Keep verified layers in the cache folder (WAYBILL_CACHE_DIR, else the user’s cache folder).',
      helpGroup: 'GLOBAL',
      allowNo: true,
      default: true,
    }),
    config: string({
      summary: 'Configuration file: values of flags that are not given. Default: ~/.config/waybill/config.yaml.',
      helpValue: 'FILE',
      helpGroup: 'GLOBAL',
    }),
  };

  #process: ProcessRuntime | undefined;
  /** Variables that nothing reads, to be told once it is known whether anything may be told. */
  #unread: string | undefined;

  protected abstract execute(start: StartRuntime): Promise<CommandOutcome<T>>;

  override async run(): Promise<T> {
    let quiet = false;
    const outcome = await this.execute((flags) => {
      quiet = flags.quiet === true;
      this.#process = createProcessRuntime({ quiet: flags.quiet === true, cache: flags.cache !== false });
      const { runtime } = this.#process;
      if (this.#unread !== undefined) runtime.progress({ kind: 'warning', message: this.#unread });
      return runtime;
    });
    this.#process?.clearProgress();
    process.exitCode = outcome.exitCode;
    if (this.jsonEnabled()) writeOut(`${resultJson(outcome.result)}\n`);
    else {
      if (outcome.text !== '') writeOut(`${outcome.text}\n`);
      if (outcome.advice !== undefined && !quiet) process.stderr.write(`${outcome.advice}\n`);
    }
    return outcome.result;
  }

  /** Flags that are not given come from `WAYBILL_*` and the configuration; for the gate, from no variable. */
  protected override async parse<F extends Parsed, B extends Parsed, A extends Parsed>(
    options?: Interfaces.Input<F, B, A>,
    argv: string[] = this.argv,
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const name = this.#name();
    const isGate = name.startsWith('gate ');
    const config = await findConfig(argv, { env: process.env, own: isGate });
    const known = new Set(this.config.commands.flatMap((command) => Object.keys(command.flags)));
    this.#unread = unreadVariables(process.env, known);
    const flags = this.#flags();
    const words = configuredWords({ name, flags, known }, { argv, config, env: isGate ? undefined : process.env });
    return super.parse(options, [...words, ...argv]);
  }

  /** How running text is drawn: wrapped at the terminal's width. */
  protected textOptions(): { readonly width: number; readonly color: boolean } {
    const { width, color } = this.tableOptions();
    return { width: Math.max(width ?? 120, 40), color };
  }

  /** The same for a text that goes to a file: no colours, lines of one length. */
  protected decisionOptions(file: string | undefined): { readonly width: number; readonly color: boolean } {
    return file === undefined ? this.textOptions() : { width: 120, color: false };
  }

  /** How tables are drawn: cut to the terminal, never when piped. */
  protected tableOptions(): { readonly width: number | undefined; readonly color: boolean } {
    const { stdout } = process;
    const color = stdout.isTTY && !process.env['NO_COLOR'];
    return { width: stdout.isTTY ? stdout.columns : undefined, color };
  }

  /** `run` has written the result already: it goes out as plain JSON, uncoloured, the same bytes on a terminal and in a pipe. */
  override logJson(): void {}

  override async catch(error: Error): Promise<void> {
    this.#process?.clearProgress();
    const signal = this.#process?.runtime.signal;
    // whatever fails once the user wants to stop fails because of that
    process.exitCode = reportFailure(signal?.aborted === true ? abortError(signal) : error, {
      json: this.jsonEnabled(),
      command: { name: this.#name(), flags: Object.keys(this.#flags()) },
    });
    return Promise.resolve();
  }

  /** As typed: `gate check`. */
  #name(): string {
    return (this.id ?? '').replaceAll(':', ' ');
  }

  /** Its own and those of every command. */
  #flags(): Readonly<Record<string, FlagShape>> {
    return { ...this.ctor.baseFlags, ...this.ctor.flags };
  }

  override async finally(): Promise<void> {
    this.#process?.[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** What the framework's parser gives: values by name. */
type Parsed = Record<string, unknown>;

/** Connects the command to the process once its flags are known. */
export type StartRuntime = (flags: CommonFlags) => Runtime;

/** Flags that every command has. */
export interface CommonFlags {
  readonly quiet?: boolean;
  readonly cache?: boolean;
}

/** A closed pipe (`| head`) is no failure. */
function writeOut(text: string): void {
  process.stdout.write(text, () => undefined);
}
