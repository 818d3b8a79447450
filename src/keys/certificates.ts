import { X509Certificate, type KeyObject } from 'node:crypto';
import { LIMITS } from '../core/index.ts';
import { keyError } from './errors.ts';
import { pemBlocks } from './pem.ts';
import { identifyPublicKey } from './public-key.ts';
import type { PublicKeyIdentity } from './types.ts';

/** A certificate for signing, and those that lead from it to a root. */
export interface CertificateChain {
  readonly leaf: X509Certificate;
  /** Each issued the one before it; a self-signed root at the end is left out, as verifiers bring their own. */
  readonly intermediates: readonly X509Certificate[];
  readonly publicKey: PublicKeyIdentity;
}

const MAX_CERTIFICATES = 16;

/**
 * Reads a chain of certificates from PEM: the leaf first, then each one's issuer. Signatures and names along the chain are checked; times and trust are not.
 * @throws AppError KEY_MALFORMED (no certificate, rubbish, an order that is no chain), KEY_UNSUPPORTED (the leaf's key), KEY_WRONG_KIND (a leaf that is an authority)
 */
export function parseCertificateChain(input: Uint8Array | string): CertificateChain {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (size > LIMITS.keyBytes)
    throw keyError('KEY_MALFORMED', `the certificates are ${size} bytes, more than the ${LIMITS.keyBytes} allowed`);
  const blocks = pemBlocks(typeof input === 'string' ? input : Buffer.from(input).toString('latin1'));
  const other = blocks.find(({ label }) => label !== 'CERTIFICATE');
  if (other !== undefined) {
    throw keyError('KEY_WRONG_KIND', `a PEM block ${other.label} lies among the certificates`, {
      hint: 'keep keys in their own files',
    });
  }
  return chainOf(blocks.map(({ bytes }) => bytes));
}

/**
 * The same from DER, leaf first.
 * @throws AppError KEY_MALFORMED, KEY_UNSUPPORTED, KEY_WRONG_KIND
 */
export function chainOf(ders: readonly Uint8Array[]): CertificateChain {
  if (ders.length > MAX_CERTIFICATES)
    throw keyError('KEY_MALFORMED', `the chain has ${ders.length} certificates, more than ${MAX_CERTIFICATES}`);
  const [leaf, ...issuers] = ders.map((der) => parseCertificate(der));
  if (leaf === undefined) throw keyError('KEY_MALFORMED', 'there is no PEM block CERTIFICATE');
  if (leaf.ca) {
    throw keyError('KEY_WRONG_KIND', 'the first certificate is an authority, not one that signs', {
      hint: 'put the leaf first, then its issuer, and so on',
    });
  }
  issuers.reduce((issued, issuer) => {
    if (!issuer.ca || !hasIssued(issuer, issued)) {
      throw keyError(
        'KEY_MALFORMED',
        `the certificate of ${nameOf(issuer)} did not issue the one of ${nameOf(issued)}`,
        {
          hint: 'put the leaf first, then its issuer, and so on',
        },
      );
    }
    return issuer;
  }, leaf);
  return {
    leaf,
    intermediates: issuers.filter((issuer) => issuer.issuer !== issuer.subject),
    publicKey: identifyPublicKey(keyOf(leaf)),
  };
}

/** By name and by signature. */
function hasIssued(issuer: X509Certificate, issued: X509Certificate): boolean {
  try {
    return issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
  } catch {
    // OpenSSL throws for keys that it does not know
    return false;
  }
}

function keyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw keyError('KEY_UNSUPPORTED', `the key in the certificate of ${nameOf(certificate)} cannot be read`, { cause });
  }
}

function parseCertificate(der: Uint8Array): X509Certificate {
  try {
    const certificate = new X509Certificate(der);
    // OpenSSL reads the first of several concatenated ones, and PEM as well
    if (certificate.raw.byteLength !== der.byteLength) throw new TypeError('not one DER certificate');
    return certificate;
  } catch (cause) {
    throw keyError('KEY_MALFORMED', 'a certificate cannot be read', { cause });
  }
}

function nameOf(certificate: X509Certificate): string {
  return JSON.stringify((certificate.subject ?? '').slice(0, 120));
}
