import { compareVersions } from '../../packages/index.ts';

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

function all(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

const EPOCH = /^[0-9]+:/;

function holds(type: string, version: string, bound: Bound): boolean | undefined {
  // who names no epoch may mean any: equal is equal, lower and higher cannot be said
  if (type === 'rpm' && EPOCH.test(version) && !EPOCH.test(bound.version) && !version.startsWith('0:')) {
    const isEqual = compareVersions(type, version.replace(EPOCH, ''), bound.version) === 0;
    if (isEqual) return ['=', '<=', '>='].includes(bound.operator);
    return bound.operator === '=' ? false : undefined;
  }
  if (version === bound.version) return ['=', '<=', '>='].includes(bound.operator);
  const order = compareVersions(type, version, bound.version);
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
