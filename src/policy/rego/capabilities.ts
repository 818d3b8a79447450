import { parseStrictJson, type JsonValue } from '../../core/index.ts';
import { HOST_BUILTINS } from './builtins/registry.ts';
import ENGINE_BUILTINS from './engine-builtins.json' with { type: 'json' };
import { policyProgramError } from './errors.ts';

const MAX_CAPABILITIES_BYTES = 8 * 1024 * 1024;

/**
 * Takes what an `opa` can do (`opa capabilities --current`) down to what policies may do here: what the engine itself computes, and our own host functions.
 * No network, no clock, no randomness, no environment.
 * @throws AppError REGO_NOT_COMPILED when it is no capabilities document
 */
export function withoutOutsideWorld(current: Uint8Array): string {
  const value = parseStrictJson(current, 'the capabilities of opa', { maxBytes: MAX_CAPABILITIES_BYTES });
  const builtins = member(value, 'builtins');
  if (!isObject(value) || !Array.isArray(builtins))
    throw policyProgramError('REGO_NOT_COMPILED', 'opa does not say what its capabilities are');
  const allowed = new Set([...ENGINE_BUILTINS, ...HOST_BUILTINS.map(({ name }) => name)]);
  const kept = (builtins as readonly JsonValue[]).filter((builtin) => {
    const name = member(builtin, 'name');
    return typeof name === 'string' && allowed.has(name);
  });
  return JSON.stringify({ ...value, builtins: kept, allow_net: [] });
}

function member(value: JsonValue, key: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
