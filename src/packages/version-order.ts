import { compareCodeUnits } from '../core/index.ts';
import { compareAlpm } from './alpm-version.ts';
import { compareApk } from './apk-version.ts';
import { compareDigits } from './digit-order.ts';
import { compareRpm } from './rpm-version.ts';

/** A comparison that can be answered for certain, or undefined. Negative: a is lower. */
type Compare = (a: string, b: string) => number | undefined;

/** How two versions of a package type stand to each other; undefined when that cannot be said for certain. Negative: a is lower. */
export function compareVersions(type: string, a: string, b: string): number | undefined {
  return a === b ? 0 : comparatorFor(type)(a, b);
}

function comparatorFor(type: string): Compare {
  // opkg took dpkg's order with dpkg's format
  if (type === 'deb' || type === 'opkg') return compareDebian;
  if (type === 'apk') return compareApk;
  if (type === 'rpm') return compareRpm;
  if (type === 'alpm') return compareAlpm;
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
  if (numbers[0] && numbers[1]) return compareDigits(a, b);
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return compareCodeUnits(a, b);
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
    const order = compareDigits(left, right);
    if (order !== 0) return order;
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
