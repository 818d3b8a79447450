import { attachBundle } from '../../attestation/index.ts';
import type { Digest, Runtime } from '../../core/index.ts';
import type { Descriptor, ReferrerStore } from '../../image/index.ts';

/** Attaches a bundle that is ready. @returns the digest of the referrer's manifest */
export async function attach(
  options: {
    readonly store: ReferrerStore;
    readonly subject: Descriptor;
    readonly bundle: Uint8Array;
    readonly predicateType: string;
  },
  runtime: Runtime,
): Promise<Digest> {
  const { store, subject, bundle, predicateType } = options;
  const referrer = await attachBundle(store, subject, bundle, {
    predicateType,
    created: runtime.now(),
    signal: runtime.signal,
  });
  return referrer.digest;
}
