import { compareCodeUnits } from '../core/index.ts';
import { compareDigits } from './digit-order.ts';

/** `epoch:version-release`, the first and the last left out where there is none. */
const EVR = /^(?:([0-9]{1,10}):)?([0-9A-Za-z._+~]+?)(?:-([0-9A-Za-z._]+))?$/;
const MAX_CHARS = 256;

/**
 * The order of two versions of pacman's packages; undefined where one is none. A release that only one has is left out of account, no epoch is epoch 0.
 * @see https://man.archlinux.org/man/vercmp.8
 */
export function compareAlpm(a: string, b: string): number | undefined {
  const [left, right] = [EVR.exec(a), EVR.exec(b)];
  if (left === null || right === null || a.length > MAX_CHARS || b.length > MAX_CHARS) return undefined;
  const order = Number(left[1] ?? 0) - Number(right[1] ?? 0) || compareParts(left[2] ?? '', right[2] ?? '');
  if (order !== 0 || left[3] === undefined || right[3] === undefined) return order;
  return compareParts(left[3], right[3]);
}

/** What separates, however long, and the digits or letters behind it. */
const TOKEN = /([^0-9A-Za-z]*)([0-9]+|[A-Za-z]+|$)/gy;

/**
 * Runs of digits and of letters one by one: longer separators are newer, a number is newer than letters, and what goes on is newer than what ends unless it goes
 * on with letters (`1.0rc` before `1.0`).
 */
function compareParts(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a.matchAll(TOKEN)], [...b.matchAll(TOKEN)]];
  for (let index = 0; ; index += 1) {
    const [, before = '', one = ''] = left[index] ?? [];
    const [, other = '', two = ''] = right[index] ?? [];
    // one that has ended leaves the other's separator standing
    if (before + one === '' || other + two === '') return compareEnds(before + one, other + two);
    if (one === '' || two === '') return compareEnds(one, two);
    const order = before.length - other.length || compareRuns(one, two);
    if (order !== 0) return order;
  }
}

/** What is left where at least one has no run any more. */
function compareEnds(one: string, two: string): number {
  const isLetter = (text: string): boolean => /^[A-Za-z]/.test(text);
  if (one === '' && two === '') return 0;
  return (one === '' && !isLetter(two)) || isLetter(one) ? -1 : 1;
}

function compareRuns(a: string, b: string): number {
  const [isNumber, isOther] = [/^[0-9]/.test(a), /^[0-9]/.test(b)];
  if (isNumber !== isOther) return isNumber ? 1 : -1;
  return isNumber ? compareDigits(a, b) : compareCodeUnits(a, b);
}
