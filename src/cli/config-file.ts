import { join } from 'node:path';
import { coreError, isAbsurdlyNested, isAppError, readInputFileSync } from '../core/index.ts';
import { accountDirectory, userDirectory } from './user-directories.ts';

/** What a flag may be set to. */
export type FlagSetting = string | number | boolean | readonly (string | number | boolean)[];

/** Values of flags by their names, without dashes. */
export type FlagSettings = ReadonlyMap<string, FlagSetting>;

/** A configuration file: what it says for every command, and for some. */
export interface ConfigFile {
  readonly file: string;
  /** For every command that has the flag. */
  readonly flags: FlagSettings;
  /** By command as typed (`gate check`); goes before `flags`. */
  readonly commands: ReadonlyMap<string, FlagSettings>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_CONFIG_BYTES = 256 * 1024;

/**
 * The user's own file: `WAYBILL_CONFIG`, else `$XDG_CONFIG_HOME/waybill/config.yaml`, else `~/.config/waybill/config.yaml`. Never one of the working directory.
 * @param options.own only the file of the account, and only when no variable asks for another: for whoever must not be led astray by variables
 */
function userConfigFile(env: Environment, options: { readonly own: boolean }): string | undefined {
  const chosen = env['WAYBILL_CONFIG'] ?? configIn(userDirectory(env, 'config'));
  if (chosen === '' || chosen === undefined) return undefined;
  return options.own && chosen !== configIn(accountDirectory('config')) ? undefined : chosen;
}

function configIn(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : join(directory, 'config.yaml');
}

/**
 * The configuration that applies: that of `--config`, which must be there, else the user's.
 * @param argv of the command
 */
export async function findConfig(
  argv: readonly string[],
  from: { readonly env: Environment; readonly own: boolean },
): Promise<ConfigFile | undefined> {
  const given = givenConfig(argv);
  if (given !== undefined) return readConfig(given);
  const file = userConfigFile(from.env, from);
  return file === undefined ? undefined : readConfigIfThere(file);
}

/** The words among which flags may be: those before `--`. */
export function flagWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

function givenConfig(argv: readonly string[]): string | undefined {
  const words = flagWords(argv);
  const index = words.findIndex((word) => word === '--config' || word.startsWith('--config='));
  const word = words[index];
  // without a value it is the parser that complains
  return word === undefined ? undefined : word === '--config' ? words[index + 1] : word.slice('--config='.length);
}

/** The same as `readConfig`, or undefined when there is no such file. */
async function readConfigIfThere(file: string): Promise<ConfigFile | undefined> {
  try {
    return await readConfig(file);
  } catch (error) {
    if (isAppError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Reads a configuration file: YAML or JSON with `flags` and `commands`, each a map from names of flags to values.
 * @throws AppError CONFIG_INVALID, and those of reading files
 */
async function readConfig(file: string): Promise<ConfigFile> {
  const bytes = readInputFileSync(file, MAX_CONFIG_BYTES);
  const text = Buffer.from(bytes).toString('utf8');
  if (isAbsurdlyNested(text)) throw invalid(file, 'it is nested too deeply');
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, prettyErrors: false });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw invalid(file, problem.message);
  const root = mapOf(
    toValue(file, () => document.toJS({ maxAliasCount: 0 }) as unknown),
    file,
    'the file',
  );
  for (const key of root.keys())
    if (key !== 'flags' && key !== 'commands')
      throw invalid(file, `${JSON.stringify(key.slice(0, 80))} is no part of it`);
  const commands = [...mapOf(root.get('commands') ?? {}, file, 'commands')];
  return {
    file,
    flags: settingsOf(root.get('flags') ?? {}, file, 'flags'),
    commands: new Map(commands.map(([name, flags]) => [name, settingsOf(flags, file, `commands.${name}`)])),
  };
}

/** Aliases, too, are the file's mistake. */
function toValue(file: string, read: () => unknown): unknown {
  try {
    return read() ?? {};
  } catch (error) {
    if (error instanceof ReferenceError) throw invalid(file, 'aliases are not allowed in it');
    throw error;
  }
}

function mapOf(value: unknown, file: string, what: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(file, `${what} is no map`);
  return new Map(Object.entries(value));
}

function settingsOf(value: unknown, file: string, what: string): FlagSettings {
  const settings = new Map<string, FlagSetting>();
  for (const [name, setting] of mapOf(value, file, what)) {
    const valid = Array.isArray(setting) ? setting.every(isScalar) : isScalar(setting);
    if (!valid) throw invalid(file, `${what}.${name} is no text, number, boolean or list of them`);
    settings.set(name, setting as FlagSetting);
  }
  return settings;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function invalid(file: string, why: string): Error {
  return coreError('CONFIG_INVALID', `${file} is no configuration: ${why}`, {
    hint: 'write "flags:" and below it names of flags with their values; "commands:" has the same for single commands',
  });
}
