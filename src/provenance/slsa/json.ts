import { asObject, member, type JsonObject } from '../../attestation/index.ts';
import type { JsonValue } from '../../core/index.ts';

/** The own member at a path of objects; undefined where there is none. */
export function valueAt(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const key of path) {
    const object = asObject(found);
    if (object === undefined) return undefined;
    found = member(object, key);
  }
  return found;
}

/** A text of at most `maxChars`; undefined for anything else. */
export function textAt(value: JsonValue | undefined, path: readonly string[], maxChars = 2000): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' && found.length <= maxChars ? found : undefined;
}

export function objectAt(value: JsonValue | undefined, path: readonly string[]): JsonObject | undefined {
  return asObject(valueAt(value, path));
}

export function listAt(value: JsonValue | undefined, path: readonly string[]): readonly JsonValue[] | undefined {
  const found = valueAt(value, path);
  return Array.isArray(found) ? (found as readonly JsonValue[]) : undefined;
}
