import { isDigest, type Digest, type JsonValue } from '../core/index.ts';
import { evidenceError } from './errors.ts';

export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** Typed reading of an evidence document that may have been written by anyone. Every function throws EVIDENCE_MALFORMED with the path. */
export function malformed(path: string, wanted: string): never {
  throw evidenceError('EVIDENCE_MALFORMED', `${path} must be ${wanted}`, {
    hint: 'this is not an evidence file that waybill wrote',
  });
}

export function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(path, 'an object');
  return value as JsonObject;
}

/** An object with exactly these members (those with `?` may be absent). */
export function closedObjectAt(value: JsonValue | undefined, path: string, members: readonly string[]): JsonObject {
  const object = objectAt(value, path);
  const known = members.map((member) => member.replace('?', ''));
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) malformed(`${path}.${key.slice(0, 80)}`, 'absent: it is no member that waybill knows');
  }
  for (const member of members) {
    if (!member.endsWith('?') && object[member] === undefined) malformed(`${path}.${member}`, 'present');
  }
  return object;
}

export function listAt<T>(
  value: JsonValue | undefined,
  path: string,
  read: (item: JsonValue, path: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) return malformed(path, 'a list');
  return (value as readonly JsonValue[]).map((item, index) => read(item, `${path}[${index}]`));
}

export function textAt(value: JsonValue | undefined, path: string): string {
  return typeof value === 'string' ? value : malformed(path, 'a text');
}

export function countAt(value: JsonValue | undefined, path: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : malformed(path, 'a count');
}

export function oneOfAt<const T extends string>(value: JsonValue | undefined, path: string, known: readonly T[]): T {
  return known.find((word) => word === value) ?? malformed(path, `one of ${known.join(', ')}`);
}

export function flagAt(value: JsonValue | undefined, path: string): boolean {
  return typeof value === 'boolean' ? value : malformed(path, 'true or false');
}

export function digestAt(value: JsonValue | undefined, path: string): Digest {
  return isDigest(value) ? value : malformed(path, 'a digest');
}

export function nullable<T>(value: JsonValue | undefined, read: (value: JsonValue | undefined) => T): T | null {
  return value === null ? null : read(value);
}

/** Members of a value that are there: keeps absent ones absent. */
export function optional<K extends string, T>(
  key: K,
  value: JsonValue | undefined,
  read: (value: JsonValue) => T,
): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: read(value) } as { readonly [P in K]?: T });
}
