import { compareCodeUnits } from '../core/index.ts';
import { compareDigits } from './digit-order.ts';

/** `epoch:version-release`, the first and the last left out where there is none. */
const EVR = /^(?:([0-9]{1,10}):)?([0-9A-Za-z._+~^]+)(?:-([0-9A-Za-z._+~^]+))?$/;
const MAX_CHARS = 256;

/**
 * The order of two versions of rpm packages; undefined where one is none, or only one has a release (which rpm then leaves out of account). No epoch is epoch 0.
 * @see https://rpm-software-management.github.io/rpm/manual/dependencies.html
 */
export function compareRpm(a: string, b: string): number | undefined {
  const [left, right] = [EVR.exec(a), EVR.exec(b)];
  if (left === null || right === null || a.length > MAX_CHARS || b.length > MAX_CHARS) return undefined;
  const order = Number(left[1] ?? 0) - Number(right[1] ?? 0) || compareParts(left[2] ?? '', right[2] ?? '');
  if (order !== 0) return order;
  if ((left[3] === undefined) !== (right[3] === undefined)) return undefined;
  return compareParts(left[3] ?? '', right[3] ?? '');
}

/** `~` sorts before everything, the end too; `^` after the end and before the rest. */
const TOKEN = /[~^]|[0-9]+|[A-Za-z]+/g;

/** Runs of digits and of letters one by one; a number is newer than letters, what goes on is newer than what ends. */
function compareParts(a: string, b: string): number {
  const [left, right] = [a.match(TOKEN) ?? [], b.match(TOKEN) ?? []];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one, two] = [left[index] ?? '', right[index] ?? ''];
    const order = rank(one) - rank(two) || compareRuns(one, two);
    if (order !== 0) return order;
  }
  return 0;
}

function rank(token: string): number {
  if (token === '~') return -1;
  if (token === '') return 0;
  if (token === '^') return 1;
  return /^[0-9]/.test(token) ? 3 : 2;
}

/** Two of one rank: numbers of any length, letters by their codes. */
function compareRuns(a: string, b: string): number {
  return rank(a) < 3 ? compareCodeUnits(a, b) : compareDigits(a, b);
}
