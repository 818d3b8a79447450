import type { PublicKeyIdentity } from '../keys/index.ts';
import type { Certificate } from './certificate.ts';
import type { Validity } from './validity.ts';

declare const trustedRootBrand: unique symbol;

/** An authority for certificates or timestamps: certificates from the lowest to the anchor, which is the last. */
export interface TrustedAuthority {
  /** Who runs it; thresholds count these. Empty when the file does not say: all such count as one. */
  readonly operator: string;
  readonly uri: string;
  readonly chain: readonly Certificate[];
  readonly validFor: Validity;
  /** Whether certificates that came with a signature may stand between; only for roots that were given as certificates. */
  readonly takesIntermediates: boolean;
}

/** A transparency log, or a certificate transparency log. */
export interface TrustedLog {
  /** Who runs it; thresholds count these. Empty when the file does not say: all such count as one. */
  readonly operator: string;
  readonly baseUrl: string;
  /** Every id that entries and checkpoints name it by, in hex. */
  readonly ids: readonly string[];
  readonly key: PublicKeyIdentity;
  readonly validFor: Validity;
}

/** Something of a trusted root that is not used, and why: a key of a kind that is not read. It trusts less, never more. */
export interface IgnoredTrust {
  readonly what: string;
  readonly reason: string;
}

/** Whom to believe, parsed and checked. Made by `parseTrustedRoot` and `trustedRootFromCertificates` only. */
export interface TrustedRoot {
  readonly [trustedRootBrand]: true;
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
  readonly transparencyLogs: readonly TrustedLog[];
  readonly certificateLogs: readonly TrustedLog[];
  readonly ignored: readonly IgnoredTrust[];
}

export function brandTrustedRoot(parts: Omit<TrustedRoot, typeof trustedRootBrand>): TrustedRoot {
  return parts as TrustedRoot;
}

/** How many distinct operators must vouch for each thing. */
export interface Thresholds {
  /** Transparency logs. */
  readonly logs: number;
  /** Sources of time: timestamp authorities, and logs of Rekor v1 that signed the time of an entry. */
  readonly timestamps: number;
  /** Certificate transparency logs. */
  readonly scts: number;
}

/** What a trusted root can show: one log and one certificate log where it has any, and always one source of time. */
export function thresholdsOf(root: TrustedRoot): Thresholds {
  return {
    logs: Math.min(1, root.transparencyLogs.length),
    timestamps: 1,
    scts: Math.min(1, root.certificateLogs.length),
  };
}
