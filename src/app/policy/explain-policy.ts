import { coreError, type Digest, type Runtime } from '../../core/index.ts';
import { canonicalName } from '../../evidence/index.ts';
import { explainPolicy, loadPolicy, type PolicyExplanation } from '../../policy/index.ts';

export interface ExplainPolicyOptions {
  readonly file: string;
  /** An image's name: only what speaks of it. A tag or digest is left out. */
  readonly image?: string;
  /** Tells which rules deny and which exceptions hold; the runtime's clock unless given. */
  readonly asOf?: Date;
}

export interface ExplainPolicyResult extends PolicyExplanation {
  readonly file: string;
  readonly digest: Digest;
}

/**
 * Says in words what a policy demands. Reads no image.
 * @throws AppError USAGE for a name that is no image's, and what `loadPolicy` throws
 */
export async function explainPolicyFile(options: ExplainPolicyOptions, runtime: Runtime): Promise<ExplainPolicyResult> {
  const { file, image, asOf = runtime.now() } = options;
  const name = image === undefined ? undefined : canonicalName(image);
  if (image !== undefined && name === undefined) {
    throw coreError('USAGE', `${JSON.stringify(image.slice(0, 200))} is no image of a registry`, {
      hint: 'write it as it will be deployed: registry.example.com/shop/app',
    });
  }
  const { policy, digest } = await loadPolicy(file);
  return { file, digest, ...explainPolicy(policy, { now: asOf, ...(name === undefined ? {} : { image: name }) }) };
}
