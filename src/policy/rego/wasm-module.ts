import { policyProgramError } from './errors.ts';

const MEMORY_SECTION = 5;

/** What the engine of a compiled policy may ask its host for. @see https://www.openpolicyagent.org/docs/wasm */
const IMPORTS: ReadonlySet<string> = new Set([
  'memory',
  'opa_abort',
  'opa_println',
  'opa_builtin0',
  'opa_builtin1',
  'opa_builtin2',
  'opa_builtin3',
  'opa_builtin4',
]);

const EXPORTS = [
  'builtins',
  'entrypoints',
  'opa_eval',
  'opa_heap_ptr_get',
  'opa_heap_ptr_set',
  'opa_json_dump',
  'opa_json_parse',
  'opa_malloc',
  'opa_value_dump',
  'opa_value_parse',
] as const;

/**
 * Compiles a policy's module and refuses what no `opa build` makes: imports beyond the host functions of OPA, or a memory of its own,
 * which our cap would not bound.
 * @param bytes hostile
 * @throws AppError REGO_BUNDLE_INVALID
 */
export function compilePolicyModule(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw policyProgramError('REGO_BUNDLE_INVALID', 'policy.wasm is no WebAssembly module', { cause });
  }
  const imports = WebAssembly.Module.imports(module);
  const alien = imports.find((item) => item.module !== 'env' || !IMPORTS.has(item.name));
  if (alien !== undefined)
    throw policyProgramError(
      'REGO_BUNDLE_INVALID',
      `policy.wasm imports ${alien.module}.${alien.name}, which OPA does not`,
    );
  if (!imports.some((item) => item.name === 'memory' && item.kind === 'memory') || hasOwnMemory(bytes))
    throw policyProgramError('REGO_BUNDLE_INVALID', 'policy.wasm does not use the memory it is given');
  const exported = new Set(WebAssembly.Module.exports(module).map((item) => item.name));
  const missing = EXPORTS.filter((name) => !exported.has(name));
  if (missing.length > 0)
    throw policyProgramError(
      'REGO_BUNDLE_INVALID',
      `policy.wasm lacks ${missing.join(', ')}: was it made by opa build?`,
    );
  return module;
}

/** Walks the sections of a module that compiled, so its sizes are right. */
function hasOwnMemory(bytes: Uint8Array): boolean {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at] ?? 0;
    at += 1;
    let sizeBytes = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0;
      at += 1;
      sizeBytes += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (id === MEMORY_SECTION && sizeBytes > 1) return true;
    at += sizeBytes;
  }
  return false;
}
