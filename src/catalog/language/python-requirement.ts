import { normalizePythonName } from './python-metadata.ts';

/** One `Requires-Dist` value, without its version range. */
export interface PythonRequirement {
  /** Normalised. */
  readonly name: string;
  /** Extras of the named distribution that are asked for; normalised. */
  readonly extras: readonly string[];
  readonly marker: Marker | undefined;
}

/** What is known of the environment a distribution is installed in. */
export interface MarkerEnvironment {
  /** `3.11`, from the path it lies in. */
  readonly pythonVersion: string | undefined;
  readonly extras: ReadonlySet<string>;
}

/** An environment marker as a tree; `unknown` holds what cannot be judged. */
export type Marker =
  | { readonly kind: 'and' | 'or'; readonly left: Marker; readonly right: Marker }
  | { readonly kind: 'compare'; readonly left: MarkerValue; readonly operator: string; readonly right: MarkerValue }
  | { readonly kind: 'unknown' };

export interface MarkerValue {
  readonly text: string;
  readonly isVariable: boolean;
}

const MAX_REQUIREMENT_CHARS = 4096;

/** @returns undefined when there is no name at the beginning @see https://packaging.python.org/en/latest/specifications/dependency-specifiers/ */
export function parseRequirement(text: string): PythonRequirement | undefined {
  if (text.length > MAX_REQUIREMENT_CHARS) return undefined;
  const match = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?/.exec(text);
  if (match === null) return undefined;
  const rest = text.slice(match[0].length);
  // in a direct reference (`name @ url ; marker`) a semicolon counts only behind a space
  const semicolon = /^\s*@/.test(rest) ? rest.search(/\s;/) : rest.indexOf(';');
  const extras = (match[2] ?? '').split(',').map((extra) => normalizePythonName(extra.trim()));
  return {
    name: normalizePythonName(match[1] ?? ''),
    extras: extras.filter((extra) => extra !== ''),
    marker: semicolon === -1 ? undefined : parseMarker(rest.slice(semicolon).replace(/^\s*;/, '')),
  };
}

const MAX_DEPTH = 32;

/** A recursive-descent parser; anything it does not understand is `unknown`. */
export function parseMarker(text: string): Marker {
  const token = /\s*(?:(\(|\))|("[^"]*"|'[^']*')|(===|==|~=|!=|<=|>=|<|>)|([A-Za-z_][A-Za-z0-9_.]*))/y;
  const end = text.trimEnd().length;
  const tokens: string[] = [];
  while (token.lastIndex < end) {
    const match = token.exec(text);
    if (match === null) return { kind: 'unknown' };
    tokens.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  const parser = { tokens, at: 0 };
  const marker = parseOr(parser, 0);
  return parser.at === tokens.length ? marker : { kind: 'unknown' };
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
}

function parseOr(parser: Parser, depth: number): Marker {
  let left = parseAnd(parser, depth);
  while (parser.tokens[parser.at] === 'or') {
    parser.at += 1;
    left = { kind: 'or', left, right: parseAnd(parser, depth) };
  }
  return left;
}

function parseAnd(parser: Parser, depth: number): Marker {
  let left = parseAtom(parser, depth);
  while (parser.tokens[parser.at] === 'and') {
    parser.at += 1;
    left = { kind: 'and', left, right: parseAtom(parser, depth) };
  }
  return left;
}

function parseAtom(parser: Parser, depth: number): Marker {
  if (parser.tokens[parser.at] === '(' && depth < MAX_DEPTH) {
    parser.at += 1;
    const inner = parseOr(parser, depth + 1);
    if (parser.tokens[parser.at] === ')') {
      parser.at += 1;
      return inner;
    }
    return { kind: 'unknown' };
  }
  const left = valueOf(parser.tokens[parser.at]);
  let operator = parser.tokens[parser.at + 1] ?? '';
  parser.at += 2;
  if (operator === 'not' && parser.tokens[parser.at] === 'in') {
    operator = 'not in';
    parser.at += 1;
  }
  const right = valueOf(parser.tokens[parser.at]);
  parser.at += 1;
  return left === undefined || right === undefined ? { kind: 'unknown' } : { kind: 'compare', left, operator, right };
}

function valueOf(token: string | undefined): MarkerValue | undefined {
  if (token === undefined) return undefined;
  if (token.startsWith('"') || token.startsWith("'")) return { text: token.slice(1, -1), isVariable: false };
  return /^[A-Za-z_]/.test(token) ? { text: token, isVariable: true } : undefined;
}

/** true, false, or undefined when what it speaks of is not known from files alone. */
export function evaluateMarker(marker: Marker, environment: MarkerEnvironment): boolean | undefined {
  if (marker.kind === 'unknown') return undefined;
  if (marker.kind === 'compare') return evaluateComparison(marker, environment);
  const left = evaluateMarker(marker.left, environment);
  const right = evaluateMarker(marker.right, environment);
  const decisive = marker.kind === 'or';
  if (left === decisive || right === decisive) return decisive;
  return left === undefined || right === undefined ? undefined : !decisive;
}

/** Container images hold Linux programs run by CPython; other values stay unknown. */
const LINUX: Readonly<Record<string, string>> = {
  os_name: 'posix',
  sys_platform: 'linux',
  platform_system: 'Linux',
};

function evaluateComparison(
  { left, operator, right }: Extract<Marker, { kind: 'compare' }>,
  environment: MarkerEnvironment,
): boolean | undefined {
  if (left.isVariable === right.isVariable) return undefined;
  const variable = left.isVariable ? left.text : right.text;
  const literal = left.isVariable ? right.text : left.text;
  if (variable === 'extra') {
    const asked = environment.extras.has(normalizePythonName(literal));
    return operator === '==' ? asked : operator === '!=' ? !asked : undefined;
  }
  if (variable === 'python_version' && left.isVariable)
    return compareVersions(environment.pythonVersion, operator, literal);
  const actual = Object.hasOwn(LINUX, variable) ? LINUX[variable] : undefined;
  if (actual === undefined) return undefined;
  if (operator === '==') return actual === literal;
  if (operator === '!=') return actual !== literal;
  if (operator === 'in' && left.isVariable) return literal.includes(actual);
  if (operator === 'not in' && left.isVariable) return !literal.includes(actual);
  return undefined;
}

/** Compares `3.11`, or `3` when the path does not say which 3.x: then only what holds for all of them is known. */
function compareVersions(actual: string | undefined, operator: string, literal: string): boolean | undefined {
  if (actual === undefined || !/^\d+(?:\.\d+)?$/.test(actual) || !/^\d+(?:\.\d+)?$/.test(literal)) return undefined;
  const [major = 0, minor] = actual.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = literal.split('.').map(Number);
  const lowest = major - wantedMajor || (minor ?? 0) - wantedMinor;
  const highest = major - wantedMajor || (minor ?? Infinity) - wantedMinor;
  if (operator === '<') return highest < 0 ? true : lowest >= 0 ? false : undefined;
  if (operator === '<=') return highest <= 0 ? true : lowest > 0 ? false : undefined;
  if (operator === '>') return lowest > 0 ? true : highest <= 0 ? false : undefined;
  if (operator === '>=') return lowest >= 0 ? true : highest < 0 ? false : undefined;
  if (operator !== '==' && operator !== '!=') return undefined;
  if (lowest > 0 || highest < 0) return operator === '!=';
  return lowest === 0 && highest === 0 ? operator === '==' : undefined;
}
