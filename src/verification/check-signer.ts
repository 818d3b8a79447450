import { X509Certificate } from 'node:crypto';
import type { BundleKeyMaterial, ParseBundleOptions, ParsedBundle, ParsedFileBundle } from '../attestation/index.ts';
import { isAppError } from '../core/index.ts';
import { checkCertificateSigner, type SignatureToCheck } from './certificate-signer.ts';
import { verificationError } from './errors.ts';
import { checkKeySigner, claimedFingerprint, hintOf } from './key-signer.ts';
import { Rejection, quote, type RejectionCode } from './rejection.ts';
import type { RejectedBundle, SignatureProofs, SignerOptions } from './types.ts';

/**
 * That somebody is trusted at all, and that what proves it is at hand.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT
 */
export function requireSigners({ keys, identities = [], trust = [] }: SignerOptions): void {
  if (keys.length + identities.length === 0) {
    throw verificationError('VERIFICATION_NO_KEYS', 'no key and no identity to verify with', {
      hint: 'give --key FILE, or --certificate-identity with --certificate-oidc-issuer: nobody is trusted unless named',
    });
  }
  if (identities.length > 0 && trust.length === 0) {
    throw verificationError(
      'VERIFICATION_NO_TRUST_ROOT',
      'identities are to be verified, and there is no trusted root',
      {
        hint: 'give --trusted-root FILE',
      },
    );
  }
}

/**
 * Verifies who signed: with a key where keys are trusted, with a certificate where identities are, and never the one for the other.
 * @throws Rejection
 */
export function checkSigner(signature: SignatureToCheck, options: SignerOptions): Promise<SignatureProofs> {
  const { material } = signature.bundle;
  if (material.kind === 'certificates') {
    if ((options.identities ?? []).length > 0) return checkCertificateSigner(signature, material.certificates, options);
    const identity = claimedIdentity(material);
    const claim = identity === undefined ? '' : ` that names ${quote(identity)}`;
    const reason = `it was signed with a certificate${claim} (keyless); only keys are trusted here`;
    throw new Rejection('KEYLESS_UNSUPPORTED', reason);
  }
  if (options.keys.length > 0) return checkKeySigner(signature, options);
  throw new Rejection('KEYED_UNSUPPORTED', 'it was signed with a key; only identities are trusted here');
}

/** What of the options is for the parser of bundles. */
export function parseOptionsOf({ maxBytes, minVersion, maxLogEntries }: SignerOptions): ParseBundleOptions {
  return {
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxLogEntries === undefined ? {} : { maxLogEntries }),
  };
}

/** Runs a parser of bundles or statements; what it refuses refuses the bundle. */
export function parseOrReject<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isAppError(error) && isParseCode(error.code)) throw new Rejection(error.code, error.message);
    throw error;
  }
}

function isParseCode(code: string): code is RejectionCode {
  return ['BUNDLE_MALFORMED', 'BUNDLE_TOO_LARGE', 'BUNDLE_VERSION', 'STATEMENT_MALFORMED'].includes(code);
}

type Claims = Pick<RejectedBundle, 'hint' | 'claimedFingerprint' | 'claimedIdentity'>;

/** What a refused bundle says of its signer. */
export function claimsOf(bundle: ParsedBundle | ParsedFileBundle | undefined): Claims {
  if (bundle === undefined) return {};
  const identity = claimedIdentity(bundle.material);
  if (identity !== undefined) return { claimedIdentity: identity };
  const hint = hintOf(bundle);
  const fingerprint = claimedFingerprint(hint);
  return {
    ...(hint === '' ? {} : { hint }),
    ...(fingerprint === undefined ? {} : { claimedFingerprint: fingerprint }),
  };
}

function claimedIdentity(material: BundleKeyMaterial): string | undefined {
  const certificate = material.kind === 'certificates' ? material.certificates[0] : undefined;
  if (certificate === undefined) return undefined;
  try {
    const names = new X509Certificate(certificate).subjectAltName?.slice(0, 500);
    // one name, as it nearly always is, stands without its kind
    return names?.replace(/^(?:URI|email):(?=[^,]*$)/, '');
  } catch {
    return undefined;
  }
}
