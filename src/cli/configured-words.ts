import { isAbsolute } from 'node:path';
import { coreError, suggest } from '../core/index.ts';
import { flagWords, type ConfigFile, type FlagSetting } from './config-file.ts';

/** What is known about a flag. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly allowNo?: boolean;
  readonly multiple?: boolean;
  readonly exclusive?: readonly unknown[];
  readonly helpValue?: string | readonly string[];
}

export interface ConfiguredCommand {
  /** As typed: `gate check`. */
  readonly name: string;
  readonly flags: Readonly<Record<string, FlagShape>>;
  /** Names of the flags of all commands: a name that none has is a mistake. */
  readonly known: ReadonlySet<string>;
}

export interface FlagSources {
  readonly argv: readonly string[];
  readonly config: ConfigFile | undefined;
  /** `WAYBILL_*` are read from it; undefined for commands that no variable may weaken. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
}

/** Said on the command line only, or have no meaning there. */
const NEVER: ReadonlySet<string> = new Set(['config', 'help', 'json', 'version']);
/** What makes checks weaker is said where it can be seen. */
const WEAKENING = /^(?:insecure|allow)-/;

/**
 * Flags that variables and configuration set, as words to put before those of the command line. What the command line says itself, or says the contrary of, is left out;
 * variables go before the file, the file's words for the command before those for all.
 * @throws AppError CONFIG_INVALID, USAGE for a variable that is no boolean
 */
export function configuredWords(command: ConfiguredCommand, sources: FlagSources): readonly string[] {
  const { config, env } = sources;
  const typed = flagWords(sources.argv);
  if (config !== undefined) checkNames(command, config);
  const words: string[] = [];
  for (const [name, shape] of Object.entries(command.flags)) {
    if (NEVER.has(name) || isGiven(name, shape, typed) || isExcluded(shape, command, typed)) continue;
    const variable = fromVariable(name, shape, env);
    const setting = config?.commands.get(command.name)?.get(name) ?? config?.flags.get(name);
    if (variable !== undefined) words.push(...wordsOf(name, shape, { setting: variable, source: variableOf(name) }));
    else if (setting !== undefined && config !== undefined) {
      checkPath(name, shape, { setting, file: config.file });
      words.push(...wordsOf(name, shape, { setting, source: config.file }));
    }
  }
  return words;
}

function checkNames(command: ConfiguredCommand, config: ConfigFile): void {
  const own = config.commands.get(command.name);
  const names = [...config.flags.keys(), ...(own?.keys() ?? [])];
  for (const name of names) {
    const isOwn = own?.has(name) === true && !config.flags.has(name);
    const known = isOwn ? new Set(Object.keys(command.flags)) : command.known;
    if (known.has(name) && !NEVER.has(name)) continue;
    const near = suggest(name, known);
    const who = isOwn ? `waybill ${command.name}` : 'no command';
    const message = NEVER.has(name)
      ? `${config.file}: ${name} is said on the command line only`
      : `${config.file}: ${who} has ${isOwn ? 'no' : 'a'} flag ${JSON.stringify(name.slice(0, 80))}`;
    throw coreError('CONFIG_INVALID', message, near === undefined ? {} : { hint: `did you mean ${near}?` });
  }
}

/** Whether the command line says something about a flag: `--name`, `--name=`, `--no-name`, `-n`. */
function isGiven(name: string, { char }: FlagShape, typed: readonly string[]): boolean {
  return typed.some(
    (word) =>
      word === `--${name}` ||
      word.startsWith(`--${name}=`) ||
      word === `--no-${name}` ||
      (char !== undefined && word.startsWith(`-${char}`)),
  );
}

function isExcluded({ exclusive = [] }: FlagShape, { flags }: ConfiguredCommand, typed: readonly string[]): boolean {
  return exclusive.some(
    (other) => typeof other === 'string' && isGiven(other, flags[other] ?? { type: 'boolean' }, typed),
  );
}

const PREFIX = 'WAYBILL_';

function variableOf(name: string): string {
  return `${PREFIX}${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Read elsewhere than here. */
const READ: readonly string[] = ['WAYBILL_CACHE_DIR', 'WAYBILL_CONFIG', 'WAYBILL_PASSWORD'];
/** Read by others: signer plug-ins, the CI template of the gate, what tests and benchmarks this program. */
const OTHERS = /^WAYBILL_(?:SIGNER_|GATE_|PEERS$|CI_CACHE$|SIGSTACK$|DEMO_NODE$|ENTRY$)/;
/** What Kubernetes puts into every container of a namespace that has a service called `waybill` or `waybill-...`. */
const SERVICE = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;
const MAX_UNREAD = 5;

/**
 * Says which variables begin with `WAYBILL_` and are read by nothing, so that a slip does not go unseen: one line without its end, undefined when there are
 * none. Empty ones count as not set.
 * @param known names of the flags of all commands
 */
export function unreadVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): string | undefined {
  const given = Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name] !== '');
  if (given.length === 0) return undefined;
  const flags = new Map([...known].map((name) => [variableOf(name), name]));
  const isSettable = (name: string): boolean => !NEVER.has(name) && !WEAKENING.test(name);
  const read = new Set([...READ, ...[...flags].flatMap(([variable, name]) => (isSettable(name) ? variable : []))]);
  const unread = given.filter((name) => !read.has(name) && !OTHERS.test(name) && !SERVICE.test(name)).toSorted();
  if (unread.length === 0) return undefined;
  const endings = [...read].map((name) => name.slice(PREFIX.length));
  const told = unread.slice(0, MAX_UNREAD).map((name) => {
    const flag = flags.get(name);
    if (flag !== undefined) return `${name} (--${flag} is not set by a variable)`;
    const near = suggest(name.slice(PREFIX.length), endings);
    return `${name.slice(0, 80)}${near === undefined ? '' : ` (did you mean ${PREFIX}${near}?)`}`;
  });
  const more = unread.length > MAX_UNREAD ? [`and ${unread.length - MAX_UNREAD} more`] : [];
  return `nothing reads ${[...told, ...more].join(', ')}`;
}

function fromVariable(name: string, { type }: FlagShape, env: FlagSources['env']): FlagSetting | undefined {
  if (env === undefined || WEAKENING.test(name)) return undefined;
  const text = env[variableOf(name)];
  if (text === undefined || text === '') return undefined;
  if (type === 'option') return text;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw coreError('USAGE', `${variableOf(name)} is neither true nor false`);
}

interface Source {
  readonly setting: FlagSetting;
  /** The file or variable. */
  readonly source: string;
}

function wordsOf(name: string, shape: FlagShape, { setting, source }: Source): readonly string[] {
  const wrong = (what: string): Error => coreError('CONFIG_INVALID', `${source}: ${name} is ${what}`);
  if (shape.type === 'boolean') {
    if (typeof setting !== 'boolean') throw wrong('neither true nor false');
    if (setting) return [`--${name}`];
    return shape.allowNo === true ? [`--no-${name}`] : [];
  }
  if (typeof setting === 'boolean') throw wrong('no text or number');
  if (typeof setting !== 'object') return [`--${name}=${setting}`];
  if (shape.multiple !== true) throw wrong('a list, and takes one value only');
  return setting.map((item) => `--${name}=${item}`);
}

/** A relative path would be looked for in the working directory, which has no say. */
function checkPath(
  name: string,
  { helpValue }: FlagShape,
  { setting, file }: { readonly setting: FlagSetting; readonly file: string },
): void {
  if (helpValue !== 'FILE' && helpValue !== 'DIR') return;
  for (const path of typeof setting === 'object' ? setting : [setting]) {
    if (typeof path === 'string' && !isAbsolute(path))
      throw coreError('CONFIG_INVALID', `${file}: ${name} is no absolute path`, {
        hint: 'paths of a configuration file are absolute, so that the working directory has no say',
      });
  }
}
