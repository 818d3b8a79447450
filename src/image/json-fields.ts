import type { JsonValue } from '../core/index.ts';
import { imageError, type ImageErrorCode } from './errors.ts';

export type JsonObject = Readonly<Record<string, JsonValue | undefined>>;

/** Where a value stands, for messages, and which code its faults have. */
export interface FieldContext {
  readonly what: string;
  readonly code: ImageErrorCode;
}

export function fieldError(context: FieldContext, why: string): Error {
  return imageError(context.code, `${context.what}: ${why}`);
}

export function asObject(value: JsonValue | undefined, context: FieldContext): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fieldError(context, 'not a JSON object');
  return value as JsonObject;
}

/** A list; null and absence are the empty list, as Go writes them. */
export function listField(object: JsonObject, key: string, context: FieldContext): readonly JsonValue[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fieldError(context, `${key} is not a list`);
  return value as readonly JsonValue[];
}

/** Text; null, absence and '' are undefined. */
export function textField(object: JsonObject, key: string, context: FieldContext): string | undefined {
  const value = object[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw fieldError(context, `${key} is not text`);
  return value;
}

export function textListField(object: JsonObject, key: string, context: FieldContext): readonly string[] {
  return listField(object, key, context).map((item) => {
    if (typeof item !== 'string') throw fieldError(context, `${key} holds something other than text`);
    return item;
  });
}

/** A map of texts; null and absence are the empty map. */
export function textMapField(object: JsonObject, key: string, context: FieldContext): Readonly<Record<string, string>> {
  const value = object[key];
  if (value === undefined || value === null) return {};
  const entries = Object.entries(asObject(value, { ...context, what: `${context.what}: ${key}` }));
  for (const [name, text] of entries) {
    if (typeof text !== 'string')
      throw fieldError(context, `${key} has something other than text under ${JSON.stringify(name.slice(0, 80))}`);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The keys of a map that stands for a set, as Go writes one (`{"80/tcp": {}}`), in their order; null and absence are the empty set. */
export function setField(object: JsonObject, key: string, context: FieldContext): readonly string[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  return Object.keys(asObject(value, { ...context, what: `${context.what}: ${key}` }));
}

/**
 * Refuses members that differ from a known one by case only. Go's JSON reader takes them for the known member, this one does not: two readers
 * would see two documents.
 */
export function refuseCaseVariants(object: JsonObject, known: readonly string[], context: FieldContext): void {
  const folded = new Map(known.map((key) => [fold(key), key]));
  for (const key of Object.keys(object)) {
    const twin = folded.get(fold(key));
    if (twin !== undefined && twin !== key) {
      throw fieldError(
        { ...context, code: 'MANIFEST_AMBIGUOUS' },
        `${JSON.stringify(key.slice(0, 80))} is read as ${JSON.stringify(twin)} by some tools only`,
      );
    }
  }
}

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}
