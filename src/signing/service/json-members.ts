import type { JsonValue } from '../../core/index.ts';

export type JsonObject = { readonly [key: string]: JsonValue };

export function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** An own member; null counts as absent. */
export function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  const object = asObject(value);
  return object !== undefined && Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/** The member at the end of a path of names. */
export function memberAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, name) => memberOf(inner, name), value);
}

export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Canonical base64, decoded. */
export function base64Of(value: JsonValue | undefined): Uint8Array | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes : undefined;
}

/** Lower-case hex of whole bytes, decoded. */
export function hexOf(value: JsonValue | undefined): Uint8Array | undefined {
  return typeof value === 'string' && /^(?:[0-9a-f]{2})+$/.test(value) ? Buffer.from(value, 'hex') : undefined;
}

/** A non-negative 64-bit integer, as a number or (protobuf's JSON) a string; as text. */
export function int64Of(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  return typeof value === 'string' && /^(?:0|[1-9]\d{0,18})$/.test(value) ? value : undefined;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
