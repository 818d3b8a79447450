import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '@oclif/core/command';
import { ExitCode, type ErrorTable } from '../../../src/core/index.ts';

const SOURCE = resolve(import.meta.dirname, '../../../src');
export const SNAPSHOT = resolve(import.meta.dirname, '../../cli/command-surface.snapshot.json');

/** What others may rely on: commands, their arguments and flags, exit codes, error codes with their class, reason codes of verdicts. */
export async function commandSurface(): Promise<unknown> {
  return {
    exitCodes: ExitCode,
    commands: await commands(),
    errors: await errorTables(),
    reasons: {
      'verification: why a bundle was refused': unionMembers('verification/rejection.ts', 'RejectionCode'),
      'policy: problems of a policy file': unionMembers('policy/file/problem.ts', 'PolicyProblemCode'),
      'policy: checks of a decision': await decisionCodes(),
    },
  };
}

/** Every command by name, as users write it. */
export async function commandNames(): Promise<readonly string[]> {
  return Object.keys(await commands());
}

async function commands(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const file of globSync('commands/**/*.ts', { cwd: SOURCE }).sort()) {
    const loaded = (await import(pathToFileURL(join(SOURCE, file)).href)) as { readonly default: typeof Command };
    const command = loaded.default;
    const name = file.slice('commands/'.length, -'.ts'.length).replaceAll('/', ' ');
    found[name] = {
      manyArguments: !command.strict,
      args: Object.fromEntries(
        Object.entries(command.args).map(([key, arg]) => [key, { required: arg.required === true }]),
      ),
      flags: Object.fromEntries(
        Object.entries({ ...command.baseFlags, ...command.flags })
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, flag]) => [key, flagSurface(flag as FlagFacts)]),
      ),
    };
  }
  return found;
}

interface FlagFacts {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly helpValue?: string;
  readonly default?: unknown;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly exclusive?: readonly string[];
  readonly options?: readonly string[];
}

function flagSurface(flag: FlagFacts): Record<string, unknown> {
  const { type, char, helpValue, required, multiple, allowNo, exclusive, options } = flag;
  return Object.fromEntries(
    Object.entries({
      type,
      char,
      helpValue,
      default: flag.default,
      required,
      multiple,
      allowNo,
      exclusive,
      options,
    }).filter(([, value]) => value !== undefined && value !== false),
  );
}

/** Tables of error codes: every `errors.ts` holds one. */
async function errorTables(): Promise<Record<string, ErrorTable>> {
  const tables: Record<string, ErrorTable> = {};
  for (const file of globSync('**/errors.ts', { cwd: SOURCE }).sort()) {
    const loaded = (await import(pathToFileURL(join(SOURCE, file)).href)) as Record<string, unknown>;
    for (const [name, table] of Object.entries(loaded))
      if (name.endsWith('_ERRORS')) tables[dirname(file)] = sorted(table as ErrorTable);
  }
  return sorted(tables);
}

/** Literals of a union of codes. */
function unionMembers(file: string, type: string): readonly string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(text)?.[1] ?? '';
  return [...union.matchAll(/'([A-Z][A-Z0-9_]*)'/g)].map((match) => match[1] ?? '').sort();
}

/** Codes of check results are literals where a check is made; errors and problems of the policy file have lists of their own. */
async function decisionCodes(): Promise<readonly string[]> {
  const others = new Set([
    ...Object.values(await errorTables()).flatMap((table) => Object.keys(table)),
    ...unionMembers('policy/file/problem.ts', 'PolicyProblemCode'),
  ]);
  const codes = globSync(['policy/**/*.ts', 'evidence/**/*.ts'], { cwd: SOURCE })
    .filter((file) => basename(file) !== 'errors.ts')
    .flatMap((file) => [
      ...readFileSync(join(SOURCE, file), 'utf8').matchAll(
        /(?:code: |)'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'|code: '([A-Z]+)'/g,
      ),
    ])
    .map((match) => match[1] ?? match[2] ?? '');
  return [...new Set(codes)].filter((code) => !others.has(code)).sort();
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
