import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isAppError } from '../../core/index.ts';
import { canonicalRepository, parseImageReference } from '../../image/index.ts';
import type { LoadedPolicy } from '../../policy/index.ts';
import { appError } from '../errors.ts';

/**
 * The canonical name that `--as` gives to each image, by reference as written. Rules match canonical names only, so a name that is not one would silently match
 * none, or another rule than meant.
 * @throws AppError AS_NEEDS_ONE_IMAGE, AS_INVALID
 */
export function givenNames(images: readonly string[], as: string | undefined): ReadonlyMap<string, string> {
  const [image] = images;
  if (as === undefined || image === undefined) return new Map();
  if (images.length > 1) {
    throw appError('AS_NEEDS_ONE_IMAGE', '--as names one image, and several were given', {
      hint: 'check images from layouts and archives one at a time',
    });
  }
  if (tryTransport(image) === 'registry') {
    throw appError('AS_INVALID', `${image} has the name of its registry; --as cannot give it another`, {
      hint: 'leave --as out: it is for images from layouts, archives and directories',
    });
  }
  return new Map([[image, canonicalGivenName(as)]]);
}

function canonicalGivenName(as: string): string {
  const hint = 'write --as REGISTRY/REPOSITORY, without tag or digest';
  let reference: ReturnType<typeof parseImageReference>;
  try {
    reference = parseImageReference(as);
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw appError('AS_INVALID', `--as: ${cause.message}`, { cause, hint });
  }
  if (reference.transport !== 'registry') throw appError('AS_INVALID', `--as ${as} is no name in a registry`, { hint });
  const written = as.slice(as.lastIndexOf('/') + 1);
  if (reference.digest !== undefined || written.includes(':'))
    throw appError('AS_INVALID', `--as ${as} has a tag or digest`, { hint });
  return canonicalRepository(reference);
}

/** A reference that cannot be read is an error in the decision, not one of `--as`. */
function tryTransport(image: string): string | undefined {
  try {
    return parseImageReference(image).transport;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** What no output is written over. */
export interface GateInputFiles {
  readonly policyFile: string;
  readonly loaded: LoadedPolicy;
  /** Evidence, lists and manifests. */
  readonly inputs: readonly string[];
}

/**
 * Refuses to write over the policy, a file it refers to, another input, or one output over another.
 * @throws AppError OUTPUT_CONFLICT
 */
export async function checkGateOutputs(
  outputs: readonly string[],
  { policyFile, loaded, inputs }: GateInputFiles,
): Promise<void> {
  const ofPolicy = [policyFile, ...[...loaded.files.keys()].map((path) => join(dirname(policyFile), path))];
  const taken = new Map<string, string>();
  for (const input of inputs) taken.set(await place(input), 'an input');
  for (const input of ofPolicy) taken.set(await place(input), 'an input of the policy');
  for (const output of outputs) {
    const path = await place(output);
    const owner = taken.get(path);
    if (owner !== undefined) {
      throw appError('OUTPUT_CONFLICT', `${output} is ${owner}, which is never overwritten`, {
        hint: 'give the output a file of its own',
      });
    }
    taken.set(path, 'another output');
  }
}

/** Where a path leads, links of its folders resolved; the last segment too when it is there. */
async function place(path: string): Promise<string> {
  const absolute = resolve(path);
  return realpath(absolute).catch(async () =>
    join(await realpath(dirname(absolute)).catch(() => dirname(absolute)), absolute.slice(dirname(absolute).length)),
  );
}
