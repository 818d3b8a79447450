import type { HostBuiltin } from './contract.ts';
import { numberTerm } from './term.ts';

interface SemanticVersion {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly preRelease: readonly string[];
}

const VERSION =
  /^v?(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** @see https://www.openpolicyagent.org/docs/policy-reference/builtins/semver */
export const semverCompare: HostBuiltin = {
  name: 'semver.compare',
  call: (left, right) => {
    const a = typeof left === 'string' ? parseVersion(left) : undefined;
    const b = typeof right === 'string' ? parseVersion(right) : undefined;
    return a === undefined || b === undefined ? undefined : numberTerm(compareVersions(a, b));
  },
};

export const semverIsValid: HostBuiltin = {
  name: 'semver.is_valid',
  call: (text) => typeof text === 'string' && parseVersion(text) !== undefined,
};

function parseVersion(text: string): SemanticVersion | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  const numbers = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)] as const;
  if (numbers.some((number) => number > 0x7fffffffffffffffn)) return undefined;
  const preRelease = match[4]?.split('.') ?? [];
  return preRelease.some((part) => /^0[0-9]+$/.test(part)) ? undefined : { numbers, preRelease };
}

function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0) {
    return Math.sign(b.preRelease.length - a.preRelease.length);
  }
  for (const [index, part] of a.preRelease.entries()) {
    const other = b.preRelease[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return a.preRelease.length < b.preRelease.length ? -1 : 0;
}

/** Numbers by size and before words; words by their bytes. */
function compareParts(a: string, b: string): number {
  const numeric = [a, b].map((part) => /^[0-9]+$/.test(part));
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  if (numeric[0]) {
    const [left, right] = [BigInt(a), BigInt(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  }
  return a === b ? 0 : a < b ? -1 : 1;
}
