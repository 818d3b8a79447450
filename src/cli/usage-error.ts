import { coreError, type AppError, suggest } from '../core/index.ts';

/** What is known about the command that was called wrongly. */
export interface CalledCommand {
  /** As the user writes it: `sbom create`. */
  readonly name: string;
  /** Names of its flags without dashes. */
  readonly flags: readonly string[];
}

/** What oclif's parser attaches to its errors. */
interface ParserError extends Error {
  readonly oclif: unknown;
  /** Flags with dashes that do not exist. */
  readonly flags?: readonly unknown[];
  /** Argument definitions that are missing, or words that are too many. */
  readonly args?: unknown;
}

/** Everything oclif throws by itself is about how the command was called. */
export function isParserError(error: unknown): error is ParserError {
  return error instanceof Error && 'oclif' in error;
}

/** Says in our words what oclif's parser found: one line, and what to do. */
export function usageError(error: Error, command: CalledCommand): AppError {
  const parsed = error as ParserError;
  const help = `see waybill ${command.name} --help`;
  const unknown = parsed.flags?.find((flag) => typeof flag === 'string');
  if (unknown !== undefined) {
    const near = suggest(
      unknown.replace(/^-+/, ''),
      command.flags.flatMap((flag) => [flag, `no-${flag}`]),
    );
    return coreError('USAGE', `waybill ${command.name} has no flag ${unknown}`, {
      cause: error,
      hint: near === undefined ? help : `did you mean --${near}? (${help})`,
    });
  }
  return coreError('USAGE', missingArguments(parsed) ?? plainMessage(error.message), { cause: error, hint: help });
}

function missingArguments({ args, message }: ParserError): string | undefined {
  if (!Array.isArray(args) || !message.startsWith('Missing')) return undefined;
  const names = args.flatMap((arg: { readonly name?: unknown }) => (typeof arg.name === 'string' ? [arg.name] : []));
  return names.length === 0 ? undefined : `${names.map((name) => name.toUpperCase()).join(' and ')} is missing`;
}

/** oclif's own words on one line, without its headings and colours. */
function plainMessage(message: string): string {
  const lines = message
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .replace(/\n*See more help with --help\s*$/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^The following errors? occurred:$/.test(line));
  return lines
    .map((line) => line.replace(/^Missing required flag (\S+)$/, '--$1 is missing').replace(/^Parsing (--\S+)$/, '$1:'))
    .join('; ')
    .replace(/:; /, ': ');
}

const GENERAL_FLAGS: readonly string[] = ['help', 'version'];

/**
 * A flag of waybill itself or of a topic that is none: the framework would show help and call that success.
 * @param argv as typed
 * @param topics names of topics
 */
export function strayFlagError(argv: readonly string[], topics: readonly string[]): AppError | undefined {
  const [first = '', second = ''] = argv;
  const flag = topics.includes(first) ? second : first;
  if (!flag.startsWith('-') || flag === '-h' || GENERAL_FLAGS.some((known) => flag === `--${known}`)) return undefined;
  const name = flag === first ? 'waybill' : `waybill ${first}`;
  const near = suggest(flag.replace(/^-+/, ''), GENERAL_FLAGS);
  const help = flag === first ? 'waybill --help lists the commands' : `${name} --help lists its commands`;
  return coreError('USAGE', `${name} has no flag ${flag.slice(0, 100)}`, {
    hint: near === undefined ? help : `did you mean --${near}? (${help})`,
  });
}

/**
 * A command that does not exist: what was written, and the nearest that does. Words after a command that takes none are part of its name for oclif.
 * @param written words as typed, flags left out
 * @param known every command and topic, words separated by spaces
 */
export function unknownCommandError(written: readonly string[], known: readonly string[], cause: unknown): AppError {
  const command = known.find((name) => `${written.join(' ')} `.startsWith(`${name} `) && name.includes(' '));
  if (command !== undefined) {
    const surplus = written[command.split(' ').length] ?? '';
    return coreError('USAGE', `Unexpected argument: ${surplus}`, { cause, hint: `see waybill ${command} --help` });
  }
  const words = written.slice(0, 2);
  const typed = words.join(' ');
  const near = suggest(typed, known) ?? suggest(words[0] ?? '', known);
  return coreError('USAGE', `there is no command ${JSON.stringify(typed)}`, {
    cause,
    hint: near === undefined ? 'waybill --help lists the commands' : `did you mean: waybill ${near}`,
  });
}
