import { attestStatement, resolvePredicateType } from '../attestation/index.ts';
import { readInputFile, type Runtime } from '../core/index.ts';
import { MAX_PREDICATE_BYTES } from './bundle-size.ts';
import { signEach, type SignEachOptions, type SignEachResult } from './sign-each.ts';

export interface AttestImageOptions extends SignEachOptions {
  /** Short name or URI. */
  readonly type: string;
  readonly predicateFile: string;
}

export type AttestImageResult = SignEachResult;

/** Signs a statement that holds the predicate's bytes unchanged, verifies it, and attaches it to what the reference leads to. */
export async function attestImage(options: AttestImageOptions, runtime: Runtime): Promise<AttestImageResult> {
  const { uri } = resolvePredicateType(options.type);
  const predicateJson = await readInputFile(options.predicateFile, MAX_PREDICATE_BYTES);
  return signEach(
    options,
    {
      predicateType: uri,
      payload: ({ digest }, { repository }) =>
        attestStatement({
          predicateType: uri,
          predicateJson,
          subject: digest,
          ...(repository === undefined ? {} : { subjectName: repository }),
        }),
    },
    runtime,
  );
}
