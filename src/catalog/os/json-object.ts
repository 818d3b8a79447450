import type { JsonValue } from '../../core/index.ts';

/** The value as an object; undefined for any other. */
export function jsonObject(value: JsonValue | undefined): { readonly [key: string]: JsonValue } | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
