import type { Runtime } from '../../core/index.ts';
import type { TrustPort } from '../../evidence/index.ts';
import { policyTuf, type LoadedPolicy } from '../../policy/index.ts';
import { readTrustedRoot } from '../verification/trust.ts';

/** How a trusted root is got that a policy does not bring along. */
export interface PolicyTrustOptions {
  /** Trusted roots come from files, from what was kept, or ship with waybill: no request for them. False unless given. */
  readonly offline?: boolean;
  /** PEM file of extra certificate authorities for the repository of trusted roots. */
  readonly tufCaFile?: string;
}

/**
 * Where the trusted root of a policy is from that brings none along: the repository it names, with the root that its own file starts trust from, or
 * Sigstore's public one. Undefined for a policy with a trusted root of its own.
 */
export function policyTrustPort(
  loaded: LoadedPolicy,
  { offline = false, tufCaFile }: PolicyTrustOptions,
  runtime: Runtime,
): TrustPort | undefined {
  const tuf = policyTuf(loaded);
  if (tuf === undefined) return undefined;
  return {
    source: tuf.source,
    read: async (signal) => {
      const { mirror, rootBytes } = tuf;
      const access = {
        offline,
        ...(tufCaFile === undefined ? {} : { caFile: tufCaFile }),
        ...(mirror === undefined ? {} : { mirror }),
        ...(rootBytes === undefined ? {} : { rootBytes }),
      };
      const { bytes } = await readTrustedRoot(access, { ...runtime, signal });
      return bytes;
    },
  };
}
