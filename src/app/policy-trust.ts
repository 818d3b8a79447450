import type { Runtime } from '../core/index.ts';
import type { TrustPort } from '../evidence/index.ts';
import { policyTuf, type LoadedPolicy } from '../policy/index.ts';
import { readTrustedRoot } from './trust.ts';

export interface PolicyTrustOptions {
  /** PEM file of extra certificate authorities for the mirror. */
  readonly caFile?: string;
  /** No request is made: what was kept, else what ships with waybill. */
  readonly offline: boolean;
}

/**
 * Where the trusted root of a policy is from that brings none along: the repository it names, with the root that its own file starts trust from, or
 * Sigstore's public one. Undefined for a policy with a trusted root of its own.
 */
export function policyTrustPort(
  loaded: LoadedPolicy,
  options: PolicyTrustOptions,
  runtime: Runtime,
): TrustPort | undefined {
  const tuf = policyTuf(loaded);
  if (tuf === undefined) return undefined;
  return {
    source: tuf.source,
    read: async (signal) => {
      const { mirror, rootBytes } = tuf;
      const access = {
        ...options,
        ...(mirror === undefined ? {} : { mirror }),
        ...(rootBytes === undefined ? {} : { rootBytes }),
      };
      const { bytes } = await readTrustedRoot(access, { ...runtime, signal });
      return bytes;
    },
  };
}
