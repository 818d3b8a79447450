import type { JsonValue } from '../core/index.ts';
import { closedObjectAt, countAt, listAt } from './json-shape.ts';

/** More of a kind say nothing more. */
const MAX_LISTED = 200;

/** How many there are, and the first 200 of them. */
export interface Listed<T> {
  readonly count: number;
  readonly items: readonly T[];
}

/** @param items all, sorted */
export function listed<T>(items: readonly T[]): Listed<T> {
  return { count: items.length, items: items.slice(0, MAX_LISTED) };
}

/** @throws AppError EVIDENCE_MALFORMED */
export function readListed<T>(
  value: JsonValue | undefined,
  path: string,
  read: (item: JsonValue, path: string) => T,
): Listed<T> {
  const list = closedObjectAt(value, path, ['count', 'items']);
  return { count: countAt(list['count'], `${path}.count`), items: listAt(list['items'], `${path}.items`, read) };
}
