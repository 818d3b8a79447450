import { compareCodeUnits } from '../core/index.ts';

/** The order of two numbers in decimal digits, of any length. */
export function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareCodeUnits(left, right);
}
