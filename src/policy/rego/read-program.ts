import { gunzipSync } from 'node:zlib';
import { isAppError, LIMITS, parseStrictJson, sha256Digest, type Digest } from '../../core/index.ts';
import { TarReader } from '../../formats/index.ts';
import type { LoadedPolicy } from '../file/types.ts';
import { policyProgramError } from './errors.ts';
import { isRegoSource } from './sources.ts';

/** A compiled policy: its module, and the data it was built with as JSON text. */
export interface PolicyProgram {
  readonly module: Uint8Array<ArrayBuffer>;
  readonly moduleDigest: Digest;
  readonly data: Uint8Array;
  /** What a bundle's manifest says it was compiled for: good for advice, as the module alone decides. Absent where it says nothing that can be read. */
  readonly entrypoints?: readonly string[];
}

/** Programs that were read already, by the bytes they are from. */
export type KnownPrograms = WeakMap<Uint8Array, PolicyProgram>;

/** Uncompressed bytes of a bundle, and its members. */
const MAX_BUNDLE_BYTES = 8 * LIMITS.policyBytes;
const MAX_MEMBERS = 1000;
const NO_DATA = Buffer.from('{}');

/**
 * The program that a rule's `bundle` names: a bundle of `opa build -t wasm`, a bare `.wasm` module, or a `.rego` source that was compiled when the policy
 * was opened.
 * @throws AppError REGO_BUNDLE_INVALID, REGO_NOT_COMPILED
 */
export function programOf(loaded: LoadedPolicy, path: string, known: KnownPrograms): PolicyProgram {
  const bytes = loaded.compiledRego?.get(path)?.bundle ?? loaded.files.get(path);
  if (bytes === undefined) throw policyProgramError('REGO_BUNDLE_INVALID', 'it is missing');
  if (isRegoSource(path) && loaded.compiledRego?.get(path) === undefined) {
    throw policyProgramError('REGO_NOT_COMPILED', 'it is Rego source, and nothing was given to compile it with', {
      hint: 'give the opa program with --opa, or let the policy name a bundle made with opa build -t wasm',
    });
  }
  const program = known.get(bytes) ?? readProgram(bytes);
  known.set(bytes, program);
  return program;
}

/**
 * Reads a bundle or a bare module.
 * @param bytes hostile
 * @throws AppError REGO_BUNDLE_INVALID
 */
export function readProgram(bytes: Uint8Array): PolicyProgram {
  if (startsWith(bytes, [0x00, 0x61, 0x73, 0x6d])) return programWith(bytes, NO_DATA);
  if (!startsWith(bytes, [0x1f, 0x8b])) invalid('it is neither a gzipped bundle nor a WebAssembly module');
  const members = readMembers(inflate(bytes));
  const module = members.get('policy.wasm');
  if (module === undefined) invalid('there is no policy.wasm in it: build it with opa build -t wasm');
  const data = members.get('data.json') ?? NO_DATA;
  try {
    const value = parseStrictJson(data, 'data.json', { maxBytes: MAX_BUNDLE_BYTES });
    if (typeof value !== 'object' || value === null || Array.isArray(value)) invalid('data.json is no object');
  } catch (cause) {
    if (!isAppError(cause) || cause.code === 'REGO_BUNDLE_INVALID') throw cause;
    throw policyProgramError('REGO_BUNDLE_INVALID', cause.message, { cause });
  }
  const entrypoints = declaredEntrypoints(members.get('.manifest'));
  return { ...programWith(module, data), ...(entrypoints === undefined ? {} : { entrypoints }) };
}

function declaredEntrypoints(manifest: Uint8Array | undefined): readonly string[] | undefined {
  if (manifest === undefined) return undefined;
  try {
    const value = parseStrictJson(manifest, '.manifest', { maxBytes: MAX_BUNDLE_BYTES });
    const listed = typeof value === 'object' && value !== null && 'wasm' in value ? value['wasm'] : undefined;
    if (!Array.isArray(listed)) return undefined;
    return listed.flatMap((item: unknown) =>
      typeof item === 'object' && item !== null && 'entrypoint' in item && typeof item.entrypoint === 'string'
        ? [item.entrypoint]
        : [],
    );
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
}

function programWith(module: Uint8Array, data: Uint8Array): PolicyProgram {
  return { module: Uint8Array.from(module), moduleDigest: sha256Digest(module), data };
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BUNDLE_BYTES });
  } catch (cause) {
    const large = cause instanceof RangeError;
    const what = large ? `it unpacks to more than ${MAX_BUNDLE_BYTES} bytes` : 'it is no sound gzip file';
    throw policyProgramError('REGO_BUNDLE_INVALID', what, { cause });
  }
}

/** The module, the data and the manifest, by name. Data elsewhere would be left out of what the policy sees, so it is refused; sources and signatures say nothing new. */
function readMembers(tar: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const members = new Map<string, Uint8Array>();
  let pieces: Uint8Array[] = [];
  let current = '';
  const reader = new TarReader(
    {
      member: ({ path: file, type, sparse }) => {
        if (type === 'file' && /(?:^|\/)data\.(?:json|ya?ml)$/.test(file) && file !== 'data.json')
          invalid(`data lies in ${file}: opa build puts it all into data.json`);
        if (file !== 'policy.wasm' && file !== 'data.json' && file !== '.manifest') return false;
        // a sparse file's holes cost an archive nothing, and memory all the more
        if (type !== 'file' || sparse) invalid(`${file} is no ordinary file`);
        if (members.has(file)) invalid(`${file} is there twice`);
        members.set(file, new Uint8Array());
        current = file;
        pieces = [];
        return true;
      },
      content: (chunk) => pieces.push(Uint8Array.from(chunk)),
      contentEnd: () => members.set(current, Buffer.concat(pieces)),
    },
    { maxEntries: MAX_MEMBERS, globalPax: 'ignore' },
  );
  try {
    reader.write(tar);
    reader.end();
  } catch (cause) {
    if (!isAppError(cause) || cause.code === 'REGO_BUNDLE_INVALID') throw cause;
    throw policyProgramError('REGO_BUNDLE_INVALID', cause.message, { cause });
  }
  return members;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function invalid(what: string): never {
  throw policyProgramError('REGO_BUNDLE_INVALID', what);
}
