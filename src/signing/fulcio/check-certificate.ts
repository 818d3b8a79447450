import { chainOf, type CertificateChain, type PublicKeyIdentity } from '../../keys/index.ts';
import { isAppError } from '../../core/index.ts';
import { signingError } from '../errors.ts';
import type { IdentityToken } from '../identity/token.ts';
import type { SigningCertificate } from '../signer/contract.ts';
import { allowsCodeSigning } from '../signer/code-signing.ts';
import { fulcioExtensions, type FulcioExtensions } from './extensions.ts';

export interface CertificateExpectations {
  readonly publicKey: PublicKeyIdentity;
  readonly token: IdentityToken;
  readonly now: Date;
  /** Whether the certificate must carry proof that a certificate-transparency log knows it. */
  readonly requireTimestamp: boolean;
}

const CLOCK_SKEW_MS = 60_000;
const SAN = /^(?:email|URI|othername|DNS|IP Address):(.+)$/;

/**
 * Checks what a certificate authority gave against what it was asked for: our key, now, for signing code, the token's issuer, a chain that holds together,
 * a timestamp of a log. Whether the authority is trusted is for verification to say.
 * @throws AppError SERVICE_ANSWER_INVALID
 */
export function checkCertificate(ders: readonly Uint8Array[], expected: CertificateExpectations): SigningCertificate {
  const chain = parseChain(ders);
  const { leaf, publicKey } = chain;
  if (publicKey.fingerprint !== expected.publicKey.fingerprint)
    throw wrong('is for another key than the one it was asked for');
  const [notBefore, notAfter] = [leaf.validFromDate, leaf.validToDate];
  const now = expected.now.getTime();
  if (now + CLOCK_SKEW_MS < notBefore.getTime() || now > notAfter.getTime()) {
    throw wrong(`is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, which is not now`);
  }
  if (allowsCodeSigning(leaf) !== 'named') throw wrong('is not for signing code');
  const extensions = fulcioExtensions(leaf.raw);
  if (extensions === undefined) throw wrong('has extensions that cannot be read');
  const issuer = checkIssuer(extensions, expected.token);
  if (expected.requireTimestamp && extensions.timestamps === 0) {
    throw wrong('carries no timestamp of a certificate-transparency log', {
      hint: 'a private authority without such a log needs --insecure-ignore-sct, here and where signatures are verified',
    });
  }
  const identity = identityOf(leaf.subjectAltName);
  return {
    leaf,
    intermediates: chain.intermediates,
    notBefore,
    notAfter,
    issuer,
    ...(identity === undefined ? {} : { identity }),
  };
}

function parseChain(ders: readonly Uint8Array[]): CertificateChain {
  try {
    return chainOf(ders);
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw signingError('SERVICE_ANSWER_INVALID', `the certificate authority gave no chain: ${cause.message}`, {
      cause,
    });
  }
}

function checkIssuer(extensions: FulcioExtensions, token: IdentityToken): string {
  const { issuer } = extensions;
  if (issuer === undefined) throw wrong('does not say who vouches for the identity');
  if (!token.issuers.includes(issuer))
    throw wrong(`names the issuer ${JSON.stringify(issuer.slice(0, 200))}, which the token does not`);
  return issuer;
}

/** The first name, without its kind; Node quotes what has unusual characters as JSON. */
function identityOf(subjectAltName: string | undefined): string | undefined {
  const name = SAN.exec((subjectAltName ?? '').split(', ')[0] ?? '')?.[1];
  if (name === undefined || !name.startsWith('"')) return name;
  try {
    return String(JSON.parse(name));
  } catch {
    return name;
  }
}

function wrong(why: string, options: { readonly hint?: string } = {}): Error {
  return signingError('SERVICE_ANSWER_INVALID', `the certificate that the authority gave ${why}`, options);
}
