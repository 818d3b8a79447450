/** A comparison that can be answered for certain, or undefined. Negative: a is lower. */
type Compare = (a: string, b: string) => number | undefined;

type Operator = '<' | '<=' | '>' | '>=' | '=';

interface Bound {
  readonly operator: Operator;
  readonly version: string;
}

/** Alternatives of bounds that all hold: `>=1.2 <2 || =3.0.1`. */
export type VersionRange = readonly (readonly Bound[])[];

const BOUND = /^(<=|>=|<|>|=)?\s*([^\s<>=|,]+)$/;

/** Reads a range of versions; undefined when it is not one. Bounds are separated by commas or spaces, alternatives by `||`. */
export function parseVersionRange(text: string): VersionRange | undefined {
  const range: Bound[][] = [];
  for (const alternative of text.split('||')) {
    const parts = alternative
      .replaceAll(/([<>=]+)\s+/g, '$1')
      .split(/[\s,]+/)
      .filter((part) => part !== '');
    const bounds: Bound[] = [];
    for (const part of parts) {
      const match = BOUND.exec(part);
      if (match?.[2] === undefined) return undefined;
      bounds.push({ operator: (match[1] as Operator | undefined) ?? '=', version: match[2] });
    }
    if (bounds.length === 0) return undefined;
    range.push(bounds);
  }
  return range;
}

/** Whether a version of a package type lies in a range; undefined when that cannot be said for certain. */
export function isInRange(type: string, version: string, range: VersionRange): boolean | undefined {
  const answers = range.map((bounds) => all(bounds.map((bound) => holds(type, version, bound))));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

/** How two versions of a package type stand to each other; undefined when that cannot be said for certain. Negative: a is lower. */
export function compareVersions(type: string, a: string, b: string): number | undefined {
  return a === b ? 0 : comparatorFor(type)(a, b);
}

function all(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function holds(type: string, version: string, bound: Bound): boolean | undefined {
  if (version === bound.version) return ['=', '<=', '>='].includes(bound.operator);
  const order = comparatorFor(type)(version, bound.version);
  if (order === undefined) return bound.operator === '=' ? false : undefined;
  switch (bound.operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return order === 0;
  }
}

function comparatorFor(type: string): Compare {
  if (type === 'deb') return compareDebian;
  if (type === 'npm' || type === 'cargo' || type === 'golang') return compareSemver;
  return compareNumeric;
}

const NUMERIC = /^v?([0-9]{1,15}(?:\.[0-9]{1,15}){0,9})(?:-r([0-9]{1,9}))?$/;

/** Dotted numbers (with Alpine's `-rN`): the part of version schemes on which all agree. */
function compareNumeric(a: string, b: string): number | undefined {
  const left = NUMERIC.exec(a);
  const right = NUMERIC.exec(b);
  if (left?.[1] === undefined || right?.[1] === undefined) return undefined;
  return compareNumbers(left[1].split('.'), right[1].split('.')) || Number(left[2] ?? 0) - Number(right[2] ?? 0);
}

function compareNumbers(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = Number(a[index] ?? 0) - Number(b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const SEMVER = /^v?([0-9]{1,15}\.[0-9]{1,15}\.[0-9]{1,15})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** @see https://semver.org/#spec-item-11 */
function compareSemver(a: string, b: string): number | undefined {
  const left = SEMVER.exec(a);
  const right = SEMVER.exec(b);
  if (left?.[1] === undefined || right?.[1] === undefined) return compareNumeric(a, b);
  return compareNumbers(left[1].split('.'), right[1].split('.')) || comparePrereleases(left[2], right[2]);
}

function comparePrereleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareIdentifiers(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined);
  const numbers = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)] as const;
  if (numbers[0] && numbers[1]) return Number(a) - Number(b);
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const DEBIAN = /^(?:([0-9]{1,9}):)?([0-9A-Za-z.+~-]+?)(?:-([0-9A-Za-z.+~]+))?$/;

/** @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
function compareDebian(a: string, b: string): number | undefined {
  const left = DEBIAN.exec(a);
  const right = DEBIAN.exec(b);
  if (left === null || right === null || a.length > 256 || b.length > 256) return undefined;
  return (
    Number(left[1] ?? 0) - Number(right[1] ?? 0) ||
    compareDebianPart(left[2] ?? '', right[2] ?? '') ||
    compareDebianPart(left[3] ?? '0', right[3] ?? '0')
  );
}

/** Alternating runs of other characters and of digits; `~` sorts before everything, the end included; letters before the rest. */
function compareDebianPart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const left = digitsAt(a, i);
    const right = digitsAt(b, j);
    i += left.length;
    j += right.length;
    const [x, y] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

function digitsAt(text: string, start: number): string {
  let end = start;
  while (end < text.length && isDigit(text, end)) end += 1;
  return text.slice(start, end);
}

function weight(text: string, index: number): number {
  if (index >= text.length || isDigit(text, index)) return 0;
  const code = text.charCodeAt(index);
  if (code === 0x7e) return -1;
  return /[A-Za-z]/.test(text[index] ?? '') ? code : code + 256;
}
