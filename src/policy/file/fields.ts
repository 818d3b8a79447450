import { compareCodeUnits, suggest } from '../../core/index.ts';
import type { PolicyProblem, PolicyProblemCode } from './problem.ts';
import type { SourceNode, SourcePosition } from './source-tree.ts';

/** Where a value stands, and where its problems go. */
export interface Place {
  readonly path: string;
  /** What the whole document is called; `the policy` unless given. */
  readonly document?: string;
  readonly problems: PolicyProblem[];
  /** Position of every value that was read, by path: later checks point at them. */
  readonly positions: Map<string, SourcePosition>;
}

/** Reads one value; undefined when it is wrong, with the problem noted. */
export type Field<T> = (node: SourceNode, place: Place) => T | undefined;

export function note(
  place: Place,
  at: SourcePosition,
  problem: {
    readonly code: PolicyProblemCode;
    readonly message: string;
    readonly hint?: string;
    readonly severity?: 'error' | 'warning';
  },
): undefined {
  place.problems.push({ severity: 'error', path: place.path, line: at.line, column: at.column, ...problem });
  return undefined;
}

function nameOf({ path, document = 'the policy' }: Place): string {
  return path === '' ? document : path;
}

function wrongType(node: SourceNode, place: Place, wanted: string): undefined {
  const found =
    node.kind === 'scalar'
      ? node.value === null
        ? 'nothing'
        : `the ${typeof node.value} ${String(node.value).slice(0, 60)}`
      : `a ${node.kind}`;
  const quote = node.kind === 'scalar' && wanted.startsWith('a text') && node.value !== null;
  return note(place, node, {
    code: 'POLICY_WRONG_TYPE',
    message: `${nameOf(place)} must be ${wanted}, not ${found}`,
    ...(quote ? { hint: 'write it in quotes' } : {}),
  });
}

/** A text that is not empty; `check` returns what is wrong with it, or undefined. */
export function text(check?: (value: string) => string | undefined): Field<string> {
  return (node, place) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') return wrongType(node, place, 'a text');
    const wrong =
      node.value === ''
        ? 'it is empty'
        : node.value.length > 4096
          ? 'it is longer than 4096 characters'
          : check?.(node.value);
    return wrong === undefined
      ? node.value
      : note(place, node, { code: 'POLICY_BAD_VALUE', message: `${place.path}: ${wrong}` });
  };
}

/** A text turned into a value; `parse` gives undefined when it is not one. */
export function parsed<T>(parse: (value: string) => T | undefined, wanted: string, hint?: string): Field<T> {
  return (node, place) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') return wrongType(node, place, `a text: ${wanted}`);
    const value = parse(node.value);
    if (value !== undefined) return value;
    const message = `${place.path} must be ${wanted}, not ${JSON.stringify(node.value.slice(0, 120))}`;
    return note(place, node, { code: 'POLICY_BAD_VALUE', message, ...(hint === undefined ? {} : { hint }) });
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Field<T> {
  return parsed((value) => values.find((known) => known === value), `one of ${values.join(', ')}`);
}

export function flag(): Field<boolean> {
  return (node, place) =>
    node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : wrongType(node, place, 'true or false');
}

/** A whole number; ranges are for the linter, which knows the names. */
export function count(): Field<number> {
  return (node, place) =>
    node.kind === 'scalar' && typeof node.value === 'number' && Number.isSafeInteger(node.value)
      ? node.value
      : wrongType(node, place, 'a whole number');
}

export function list<T>(item: Field<T>, options: { readonly mayBeEmpty?: boolean } = {}): Field<readonly T[]> {
  return (node, place) => {
    if (node.kind !== 'list') return wrongType(node, place, 'a list');
    if (node.items.length === 0 && !options.mayBeEmpty) {
      return note(place, node, { code: 'POLICY_EMPTY_LIST', message: `${place.path} is empty: it can never be met` });
    }
    const values = node.items.map((child, index) => read(item, child, place, `${place.path}[${index}]`));
    return values.every((value) => value !== undefined) ? values : undefined;
  };
}

/** A map with free keys. */
export function named<T>(
  value: Field<T>,
  checkKey?: (key: string) => string | undefined,
): Field<ReadonlyMap<string, T>> {
  return (node, place) => {
    if (node.kind !== 'map') return wrongType(node, place, 'a map');
    const result = new Map<string, T>();
    let good = true;
    for (const entry of node.entries) {
      const path = join(place.path, entry.key);
      const wrong = checkKey?.(entry.key);
      if (wrong !== undefined)
        note({ ...place, path }, entry, { code: 'POLICY_BAD_VALUE', message: `${path}: ${wrong}` });
      const member = read(value, entry.value, place, path);
      if (member === undefined || wrong !== undefined) good = false;
      else result.set(entry.key, member);
    }
    return good ? result : undefined;
  };
}

export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** A map with known keys. Unknown and missing ones are problems. */
export function object<T extends object>(fields: Fields<T>, required: readonly (keyof T & string)[]): Field<T> {
  return (node, place) => {
    if (node.kind !== 'map') return wrongType(node, place, 'a map');
    const known = Object.keys(fields);
    const result: Record<string, unknown> = {};
    let good = true;
    for (const entry of node.entries) {
      const path = join(place.path, entry.key);
      if (!Object.hasOwn(fields, entry.key)) {
        note({ ...place, path }, entry, unknownKey(entry.key, place.path, known));
        good = false;
        continue;
      }
      const field = fields[entry.key as keyof T] as Field<unknown>;
      place.positions.set(`${path}#key`, { line: entry.line, column: entry.column });
      const value = read(field, entry.value, place, path);
      if (value === undefined) good = false;
      else result[entry.key] = value;
    }
    for (const key of required) {
      if (node.entries.some((entry) => entry.key === key)) continue;
      note(place, node, {
        code: 'POLICY_MISSING_KEY',
        message: `${nameOf(place)} needs the key "${key}"`,
      });
      good = false;
    }
    return good ? (result as T) : undefined;
  };
}

function read<T>(field: Field<T>, node: SourceNode, place: Place, path: string): T | undefined {
  place.positions.set(path, { line: node.line, column: node.column });
  return field(node, { ...place, path });
}

function join(path: string, key: string): string {
  const part = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? part : `${path}.${part}`;
}

function unknownKey(
  key: string,
  where: string,
  known: readonly string[],
): { readonly code: PolicyProblemCode; readonly message: string; readonly hint: string } {
  const near = suggest(key, known);
  return {
    code: 'POLICY_UNKNOWN_KEY',
    message: `unknown key ${JSON.stringify(key.slice(0, 80))}${where === '' ? '' : ` in ${where}`}`,
    hint: near === undefined ? `known keys: ${known.toSorted(compareCodeUnits).join(', ')}` : `did you mean "${near}"?`,
  };
}
