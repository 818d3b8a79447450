import { coreError } from '../core/index.ts';

/** `KEY=VALUE` flags to a record; the first `=` separates. @throws AppError USAGE without one, for an empty key, and for a key given twice */
export function parsePairs(values: readonly string[], flag: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const value of values) {
    const at = value.indexOf('=');
    const key = value.slice(0, Math.max(at, 0));
    if (key === '') throw coreError('USAGE', `--${flag} ${JSON.stringify(value)} is not KEY=VALUE`);
    if (pairs.has(key)) throw coreError('USAGE', `--${flag} gives ${JSON.stringify(key)} twice`);
    pairs.set(key, value.slice(at + 1));
  }
  return Object.fromEntries(pairs);
}
