import { X509Certificate } from 'node:crypto';
import { sha256Digest } from '../../core/index.ts';
import { parseTrustedRoots } from '../trusted-root.ts';
import type { TrustedAuthority, TrustedLog, TrustedRoot } from '../trust-types.ts';
import type { Validity } from '../validity.ts';

/** When something may be believed, and whether that is so at the time of looking. Times are RFC 3339 in UTC. */
export interface ValidityView {
  readonly from: string;
  /** Absent: until further notice. */
  readonly until?: string;
  readonly state: 'current' | 'ended' | 'future';
}

export interface CertificateView {
  /** As `O=…, CN=…`. */
  readonly subject: string;
  /** `sha256:` and hex, over the DER certificate. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** An authority for certificates or timestamps. */
export interface AuthorityView {
  readonly kind: 'certificate-authority' | 'timestamp-authority';
  readonly operator?: string;
  readonly uri?: string;
  /** Fingerprint of the key that issues: of the lowest certificate. `sha256:` and hex, over the DER SubjectPublicKeyInfo. */
  readonly keyId: string;
  readonly validity: ValidityView;
  /** From the lowest to the anchor. */
  readonly chain: readonly CertificateView[];
}

export interface LogView {
  readonly kind: 'transparency-log' | 'certificate-log';
  readonly operator?: string;
  readonly uri?: string;
  /** How entries name the log: base64, as in bundles. */
  readonly keyId: string;
  readonly algorithm: string;
  readonly validity: ValidityView;
}

/** A trusted root for people. */
export interface TrustedRootView {
  readonly authorities: readonly AuthorityView[];
  readonly logs: readonly LogView[];
  /** What is left out because its key is of a kind that is not read. */
  readonly ignored: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * What each root of a file trusts, in its order.
 * @param bytes one trusted root, or several as JSON lines; hostile
 * @throws AppError TRUST_ROOT_MALFORMED
 */
export function describeTrustedRoots(bytes: Uint8Array, now: Date): readonly TrustedRootView[] {
  return parseTrustedRoots(bytes).map((root) => describe(root, now));
}

function describe(root: TrustedRoot, now: Date): TrustedRootView {
  const authorities = (kind: AuthorityView['kind'], list: readonly TrustedAuthority[]): readonly AuthorityView[] =>
    list.map((authority) => describeAuthority(kind, authority, now));
  const logs = (kind: LogView['kind'], list: readonly TrustedLog[]): readonly LogView[] =>
    list.map((log) => describeLog(kind, log, now));
  return {
    authorities: [
      ...authorities('certificate-authority', root.certificateAuthorities),
      ...authorities('timestamp-authority', root.timestampAuthorities),
    ],
    logs: [...logs('transparency-log', root.transparencyLogs), ...logs('certificate-log', root.certificateLogs)],
    ignored: root.ignored.map(({ what, reason }) => ({ what, reason })),
  };
}

function describeAuthority(kind: AuthorityView['kind'], authority: TrustedAuthority, now: Date): AuthorityView {
  const lowest = authority.chain[0];
  return {
    kind,
    ...named(authority.operator, authority.uri),
    keyId: lowest === undefined ? '' : sha256Digest(lowest.spki),
    validity: describeValidity(authority.validFor, now),
    chain: authority.chain.map((certificate) => ({
      subject: subjectOf(certificate.bytes),
      fingerprint: sha256Digest(certificate.bytes),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
    })),
  };
}

function describeLog(kind: LogView['kind'], log: TrustedLog, now: Date): LogView {
  return {
    kind,
    ...named(log.operator, log.baseUrl),
    keyId: Buffer.from(log.ids[0] ?? '', 'hex').toString('base64'),
    algorithm: log.key.algorithm,
    validity: describeValidity(log.validFor, now),
  };
}

function named(operator: string, uri: string): { readonly operator?: string; readonly uri?: string } {
  return { ...(operator === '' ? {} : { operator }), ...(uri === '' ? {} : { uri }) };
}

function describeValidity({ start, end }: Validity, now: Date): ValidityView {
  return {
    from: start.toISOString(),
    ...(end === undefined ? {} : { until: end.toISOString() }),
    state: now < start ? 'future' : end !== undefined && now > end ? 'ended' : 'current',
  };
}

function subjectOf(certificate: Uint8Array): string {
  try {
    return new X509Certificate(certificate).subject.split('\n').join(', ').slice(0, 500);
  } catch {
    return '';
  }
}
