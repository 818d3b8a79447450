import { asObject, type JsonObject } from '../language/json-fields.ts';

/** The objects of an array; nothing for what is none. */
export function recordsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject).filter((record) => record !== undefined) : [];
}
