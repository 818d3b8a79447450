import { throwIfAborted, type Runtime } from '../../core/index.ts';
import { collectEvidence, type CollectOptions } from '../../evidence/index.ts';
import type { LoadedPolicy } from '../../policy/index.ts';
import type { ImageAccess } from '../store/open-image-store.ts';
import { createEvidencePorts } from './evidence-ports.ts';
import { openCollected, type OpenedCollection } from './open-collected.ts';
import { policyTrustPort, type PolicyTrustOptions } from './policy-trust.ts';

/** How images are looked at. */
export interface CollectingOptions extends PolicyTrustOptions {
  readonly access: ImageAccess;
  /** For each image, everything that is collected. */
  readonly deadlineMs: number;
  readonly maxLayerBytes?: number;
}

/** Which images are looked at, under which policy, and what of them. */
export interface Collection extends Pick<CollectOptions, 'collectedAt' | 'needs' | 'settle' | 'deployed'> {
  /** As the user wrote them. */
  readonly images: readonly string[];
  /** Canonical names that were given, by reference as written. */
  readonly names: ReadonlyMap<string, string>;
  readonly loaded: LoadedPolicy;
}

/** Collects evidence for a policy, and opens it as a replay will. What could not be collected is an error in it. */
export async function collectImages(
  { images, names, loaded, ...asked }: Collection,
  options: CollectingOptions,
  runtime: Runtime,
): Promise<OpenedCollection> {
  const { access, deadlineMs, maxLayerBytes } = options;
  const limits = maxLayerBytes === undefined ? {} : { maxLayerBytes };
  await using opened = createEvidencePorts({ access, names, ...limits }, runtime);
  const trust = policyTrustPort(loaded, options, runtime);
  const evidence = await collectEvidence(images, {
    ...asked,
    ports: opened.ports,
    ...(trust === undefined ? {} : { trust }),
    ...(loaded.lock === undefined ? {} : { lock: loaded.lock }),
    signal: runtime.signal,
    deadlineMs,
  });
  throwIfAborted(runtime.signal);
  return openCollected(evidence);
}
