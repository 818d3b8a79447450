import { SIGN_PREDICATE_TYPE, signStatement } from '../../attestation/index.ts';
import type { Runtime } from '../../core/index.ts';
import { signEach, type SignEachOptions, type SignEachResult } from './sign-each.ts';

export interface SignImageOptions extends SignEachOptions {
  /** Signed with the subject; `verify --annotation` asks for them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export type SignImageResult = SignEachResult;

/** Signs what the reference leads to (an index covers its platforms), verifies the signature, and only then attaches it. */
export async function signImage(options: SignImageOptions, runtime: Runtime): Promise<SignImageResult> {
  const { annotations = {} } = options;
  return signEach(
    options,
    { predicateType: SIGN_PREDICATE_TYPE, payload: ({ digest }) => signStatement(digest, annotations) },
    runtime,
  );
}
