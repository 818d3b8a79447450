import type { LoadedPolicy } from '@open-policy-agent/opa-wasm';
import { HOST_BUILTINS } from './builtins/registry.ts';
import { parseTerm, writeTerm, type Term } from './builtins/term.ts';
import { policyProgramError } from './errors.ts';

const PAGE_BYTES = 64 * 1024;
/** Memory a module starts with beside its own size. */
const SPARE_PAGES = 64;
/** Longest result, as JSON. */
const MAX_RESULT_CHARS = 1024 * 1024;

export interface EvaluationInput {
  /** The module's size, from which its first memory is reckoned. */
  readonly moduleBytes: number;
  readonly maxMemoryPages: number;
  /** `waybill/deny` */
  readonly entrypoint: string;
  /** JSON text. */
  readonly data: Uint8Array;
  /** JSON text. */
  readonly input: Uint8Array;
}

type PolicyFunction = (...operands: number[]) => number;

/**
 * Evaluates an entrypoint in a fresh instance, so that no evaluation sees what another left.
 * @returns the result as JSON text: `[]` when it is undefined
 * @throws AppError REGO_BUNDLE_INVALID, REGO_ENTRYPOINT_MISSING, REGO_BUILTIN_MISSING, REGO_TRAP, REGO_MEMORY, REGO_RESULT_INVALID
 */
export async function evaluateModule(module: WebAssembly.Module, request: EvaluationInput): Promise<string> {
  const memory = new WebAssembly.Memory({
    initial: Math.min(request.maxMemoryPages, Math.ceil(request.moduleBytes / PAGE_BYTES) + SPARE_PAGES),
    maximum: request.maxMemoryPages,
  });
  const loaded = await instantiate(module, memory);
  try {
    const policy = loaded.open();
    const entrypoints = policy.entrypoints as Readonly<Record<string, number>>;
    if (!Object.hasOwn(entrypoints, request.entrypoint)) {
      const known = Object.keys(entrypoints).toSorted().slice(0, 20).join(', ');
      throw policyProgramError(
        'REGO_ENTRYPOINT_MISSING',
        `the policy was compiled without the entrypoint ${request.entrypoint}; it has ${known === '' ? 'none' : known}`,
      );
    }
    policy.setData(toBuffer(request.data));
    const result = JSON.stringify(policy.evaluate(toBuffer(request.input), request.entrypoint));
    if (result.length > MAX_RESULT_CHARS)
      throw policyProgramError('REGO_RESULT_INVALID', `the result is longer than ${MAX_RESULT_CHARS} characters`);
    return result;
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) throw error;
    throw trapped(error, memory, request.maxMemoryPages);
  }
}

interface Instantiated {
  /** Checks the ABI and the built-ins that the module leaves to its host. */
  open(): LoadedPolicy;
}

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Instantiated> {
  // the package's types name the class itself; its ESM entry exports it on the default export only
  const library = (await import('@open-policy-agent/opa-wasm')) as unknown as {
    readonly default: { readonly LoadedPolicy: typeof LoadedPolicy };
  };
  let functions: WebAssembly.Exports = {};
  const builtins = new Map<number, (typeof HOST_BUILTINS)[number]>();
  const text = (address: number): string => readText(memory, address);
  const call = (id: number, operands: readonly number[]): number => {
    const builtin = builtins.get(id);
    if (builtin === undefined) throw new Error(`the built-in ${id} was not announced`);
    const dump = functions['opa_value_dump'] as PolicyFunction;
    const result = builtin.call(...operands.map((operand) => parseTerm(text(dump(operand)))));
    return result === undefined ? 0 : storeTerm(functions, memory, result);
  };
  const env: Record<string, WebAssembly.ImportValue> = {
    memory,
    opa_abort: (address: number) => {
      throw new Error(text(address));
    },
    // nothing that a policy prints is shown
    opa_println: () => undefined,
  };
  for (let operands = 0; operands <= 4; operands += 1) {
    env[`opa_builtin${operands}`] = (id: number, _context: number, ...terms: number[]) => call(id, terms);
  }
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, { env });
  } catch (cause) {
    throw policyProgramError('REGO_BUNDLE_INVALID', `policy.wasm cannot be started: ${messageOf(cause)}`, { cause });
  }
  functions = instance.exports;
  return {
    open: () => {
      const abi = globalValue(functions['opa_wasm_abi_version']);
      if (abi !== 1)
        throw policyProgramError('REGO_BUNDLE_INVALID', `policy.wasm speaks version ${abi} of OPA's interface, not 1`);
      for (const [name, id] of announced(functions, text)) builtins.set(id, hostBuiltin(name));
      const minor = globalValue(functions['opa_wasm_abi_minor_version']) ?? 0;
      return new library.default.LoadedPolicy({ instance, module }, memory, minor);
    },
  };
}

function announced(functions: WebAssembly.Exports, text: (address: number) => string): readonly [string, number][] {
  const dump = functions['opa_json_dump'] as PolicyFunction;
  const list = JSON.parse(text(dump((functions['builtins'] as PolicyFunction)()))) as Readonly<Record<string, number>>;
  return Object.entries(list).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** A built-in that is missing is refused at once, not only where the evaluation happens to come by it. */
function hostBuiltin(name: string): (typeof HOST_BUILTINS)[number] {
  const builtin = HOST_BUILTINS.find((candidate) => candidate.name === name);
  if (builtin !== undefined) return builtin;
  throw policyProgramError('REGO_BUILTIN_MISSING', `the policy calls ${name}, which policies cannot use here`);
}

function storeTerm(functions: WebAssembly.Exports, memory: WebAssembly.Memory, term: Term): number {
  const bytes = Buffer.from(writeTerm(term));
  const address = (functions['opa_malloc'] as PolicyFunction)(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, address);
  const parsed = (functions['opa_value_parse'] as PolicyFunction)(address, bytes.length);
  if (parsed === 0) throw new Error('the engine could not read what a built-in gave');
  return parsed;
}

function readText(memory: WebAssembly.Memory, address: number): string {
  const bytes = new Uint8Array(memory.buffer);
  const end = bytes.indexOf(0, address);
  return new TextDecoder().decode(bytes.subarray(address, end < 0 ? bytes.length : end));
}

function globalValue(value: WebAssembly.ExportValue | undefined): number | undefined {
  const number: unknown = value instanceof WebAssembly.Global ? value.value : undefined;
  return typeof number === 'number' ? number : undefined;
}

/** The module ended by itself: by a trap, an abort, or because it may not grow any more. */
function trapped(cause: unknown, memory: WebAssembly.Memory, maxMemoryPages: number): Error {
  const message = messageOf(cause);
  const full = memory.buffer.byteLength > maxMemoryPages * PAGE_BYTES * 0.9 || /memory/i.test(message);
  if (cause instanceof RangeError ? /memory/i.test(message) : full) {
    const limit = (maxMemoryPages * PAGE_BYTES) / (1024 * 1024);
    return policyProgramError('REGO_MEMORY', `the policy needs more than the ${limit} MiB of memory allowed`, {
      cause,
    });
  }
  return policyProgramError('REGO_TRAP', `the policy broke off: ${message.slice(0, 500)}`, { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The library takes text as an ArrayBuffer of its own. */
function toBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
