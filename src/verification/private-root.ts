import { sameBytes } from './bytes.ts';
import { basicConstraints } from './certificate-extensions.ts';
import { isIssuedBy, parseCertificate, type Certificate } from './certificate.ts';
import { verificationError } from './errors.ts';
import { brandTrustedRoot, type TrustedAuthority, type TrustedRoot } from './trust-types.ts';
import type { Validity } from './validity.ts';

const MAX_PEM_BYTES = 1024 * 1024;
const MAX_CERTIFICATES = 64;
// the body ends at the next dash, so that matching stays linear
const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;

export interface CertificateRootOptions {
  /** PEM of the root of a private certificate authority, with or without its intermediates, in any order; several roots are fine. */
  readonly certificateAuthority?: Uint8Array | string;
  /** PEM of a timestamp authority: root, intermediates, and its own certificate where tokens do not carry it. */
  readonly timestampAuthority?: Uint8Array | string;
  /** Who runs them, for thresholds. */
  readonly operator?: string;
}

/**
 * A trusted root of certificates that the user brings along. Anchors are the self-signed certificates, or, where there is none, the highest one;
 * they hold for as long as they say themselves. There is no log in it.
 * @throws AppError TRUST_ROOT_MALFORMED
 */
export function trustedRootFromCertificates(options: CertificateRootOptions): TrustedRoot {
  const { certificateAuthority, timestampAuthority, operator = '' } = options;
  const authorities = (pem: Uint8Array | string | undefined): readonly TrustedAuthority[] =>
    pem === undefined ? [] : chainsOf(parsePemCertificates(pem)).map((chain) => privateAuthority(chain, operator));
  const [certificateAuthorities, timestampAuthorities] = [
    authorities(certificateAuthority),
    authorities(timestampAuthority),
  ];
  if (certificateAuthorities.length + timestampAuthorities.length === 0) throw malformed('no certificate is given');
  return brandTrustedRoot({
    certificateAuthorities,
    timestampAuthorities,
    transparencyLogs: [],
    certificateLogs: [],
    ignored: [],
  });
}

/**
 * The certificates of a PEM file, in order.
 * @throws AppError TRUST_ROOT_MALFORMED
 */
export function parsePemCertificates(pem: Uint8Array | string): readonly Certificate[] {
  if (pem.length > MAX_PEM_BYTES) throw malformed(`it has more than ${MAX_PEM_BYTES} bytes`);
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  const bodies = [...text.matchAll(BLOCK)].map(([, body = '']) => body.replaceAll(/\s/g, ''));
  if (bodies.length === 0) throw malformed('it has no PEM block CERTIFICATE');
  if (bodies.length > MAX_CERTIFICATES) throw malformed(`it has more than ${MAX_CERTIFICATES} certificates`);
  return bodies.map((body, index) => {
    const bytes = Buffer.from(body, 'base64');
    try {
      if (bytes.toString('base64') !== body) throw new Error('it is not base64');
      return parseCertificate(bytes);
    } catch (cause) {
      throw malformed(`certificate ${index + 1} does not parse: ${cause instanceof Error ? cause.message : ''}`, cause);
    }
  });
}

/** One chain for each anchor, with every other certificate as a possible step below it. */
function chainsOf(certificates: readonly Certificate[]): readonly (readonly Certificate[])[] {
  const roots = certificates.filter((certificate) => sameBytes(certificate.subject, certificate.issuer));
  const anchors =
    roots.length > 0 ? roots : certificates.filter((one) => !certificates.some((other) => isIssuedBy(one, other)));
  const steps = certificates.filter((certificate) => !anchors.includes(certificate));
  for (const anchor of anchors) {
    if (!basicConstraints(anchor).isCa) throw malformed('its root is not that of an authority');
  }
  return anchors.map((anchor) => [...steps, anchor]);
}

function privateAuthority(chain: readonly Certificate[], operator: string): TrustedAuthority {
  const anchor = chain.at(-1);
  if (anchor === undefined) throw malformed('it is empty');
  const validFor: Validity = { start: anchor.notBefore, end: anchor.notAfter };
  return { operator, uri: '', chain, validFor, takesIntermediates: true };
}

function malformed(reason: string, cause?: unknown): Error {
  return verificationError('TRUST_ROOT_MALFORMED', `the certificates are not read: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'give PEM with -----BEGIN CERTIFICATE-----, the root last',
  });
}
