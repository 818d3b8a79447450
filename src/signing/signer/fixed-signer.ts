import { parseCertificateChain, type CertificateChain, type KeySigner } from '../../keys/index.ts';
import { signingError } from '../errors.ts';
import { allowsCodeSigning } from './code-signing.ts';
import type { SignerSource, SigningCertificate } from './contract.ts';

/** Signs everything with one key: bundles carry its hint. */
export function keySource(key: KeySigner): SignerSource {
  return { acquire: () => Promise.resolve({ key }) };
}

export interface CertificateSourceOptions {
  readonly key: KeySigner;
  /** PEM, leaf first. */
  readonly certificates: Uint8Array | string;
  readonly now: () => Date;
}

/**
 * Signs everything with one key and the certificate that was brought along for it.
 * @throws AppError SIGNING_CERTIFICATE_UNUSABLE (another key, out of its time, not for signing code), and those of reading certificates
 */
export function certificateSource(options: CertificateSourceOptions): SignerSource {
  const chain = parseCertificateChain(options.certificates);
  if (chain.publicKey.fingerprint !== options.key.publicKey.fingerprint) {
    throw signingError('SIGNING_CERTIFICATE_UNUSABLE', 'the certificate is for another key than the one that signs', {
      hint: 'the first certificate of the file must be the one of the key',
      details: { certificate: chain.publicKey.fingerprint, key: options.key.publicKey.fingerprint },
    });
  }
  const certificate = signingCertificate(chain);
  return {
    async acquire() {
      requireUsable(certificate, options.now());
      return { key: options.key, certificate };
    },
  };
}

/** A chain with its times, as signers carry it. */
export function signingCertificate(chain: CertificateChain): SigningCertificate {
  const { leaf, intermediates } = chain;
  return { leaf, intermediates, notBefore: leaf.validFromDate, notAfter: leaf.validToDate };
}

/** @throws AppError SIGNING_CERTIFICATE_UNUSABLE */
export function requireUsable(certificate: SigningCertificate, now: Date): void {
  const { leaf, notBefore, notAfter } = certificate;
  if (now < notBefore || now > notAfter) {
    throw signingError(
      'SIGNING_CERTIFICATE_UNUSABLE',
      `the certificate is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, which is not now`,
    );
  }
  if (allowsCodeSigning(leaf) === 'not') {
    throw signingError('SIGNING_CERTIFICATE_UNUSABLE', 'the certificate is not for signing code', {
      hint: 'its extended key usage must contain codeSigning',
    });
  }
}
