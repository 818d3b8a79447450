import { inertJson } from '../core/index.ts';

/** A result as indented JSON: the same value for every parser, and nothing in it that a terminal acts on. */
export function resultJson(value: unknown): string {
  return inertJson(JSON.stringify(value, undefined, 2));
}
