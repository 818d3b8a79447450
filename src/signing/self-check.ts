import { parseAnyBundle } from '../attestation/index.ts';
import { verifySignature } from '../keys/index.ts';
import type { SignedArtifact } from './artifact.ts';
import { signingError } from './errors.ts';
import type { SigningCertificate } from './signer/contract.ts';
import type { Testimony } from './witness/contract.ts';

export interface SelfCheckOptions {
  readonly testimonies: readonly Testimony[];
  readonly certificate?: SigningCertificate;
  readonly maxBytes: number;
}

/** Clocks of logs and authorities are given this much. */
const CLOCK_SKEW_MS = 5_000;

/**
 * What can be checked without knowing whom a verifier trusts: the bundle reads back, its signature is the key's over the content, the witnesses' times fall
 * into the certificate's.
 * @throws AppError SIGNING_SELF_CHECK_FAILED, SERVICE_ANSWER_INVALID
 */
export function selfCheck(bytes: Uint8Array, signed: SignedArtifact, options: SelfCheckOptions): void {
  const { publicKey, signedBytes } = signed;
  const signature = signatureOf(bytes, signed, options.maxBytes);
  if (signature === undefined || !verifySignature(publicKey, signedBytes, signature)) {
    throw signingError(
      'SIGNING_SELF_CHECK_FAILED',
      `the signature made with the key ${publicKey.fingerprint} does not verify`,
      {
        hint: 'the private key and the public key do not belong together, or the signer is broken; nothing was written',
      },
    );
  }
  if (options.certificate !== undefined) checkTimes(options.certificate, options.testimonies);
}

/** The signature in the bundle, if its content is what was to be signed. */
function signatureOf(
  bytes: Uint8Array,
  { artifact, digest }: SignedArtifact,
  maxBytes: number,
): Uint8Array | undefined {
  const bundle = parseAnyBundle(bytes, { maxBytes });
  const same =
    'payload' in bundle
      ? artifact.kind === 'statement' && Buffer.compare(bundle.payload, artifact.payload) === 0
      : artifact.kind === 'file' && Buffer.compare(bundle.messageDigest.digest, digest) === 0;
  return same ? bundle.signature : undefined;
}

function checkTimes(certificate: SigningCertificate, testimonies: readonly Testimony[]): void {
  const times = testimonies.flatMap((testimony) => {
    if (testimony.kind === 'timestamp') return [testimony.timestamp.time];
    return testimony.entry.integratedTime === undefined ? [] : [testimony.entry.integratedTime];
  });
  if (times.length === 0 && certificate.issuer !== undefined) {
    throw signingError(
      'SIGNING_SELF_CHECK_FAILED',
      'nothing says when the signature was made, and the certificate is short-lived',
      {
        hint: 'add a timestamp authority; logs of version 2 have no time of their own',
      },
    );
  }
  const outside = times.find(
    (time) =>
      time.getTime() + CLOCK_SKEW_MS < certificate.notBefore.getTime() ||
      time.getTime() - CLOCK_SKEW_MS > certificate.notAfter.getTime(),
  );
  if (outside !== undefined) {
    throw signingError(
      'SERVICE_ANSWER_INVALID',
      `a witness says ${outside.toISOString()}, which is not within the certificate's time (${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()})`,
    );
  }
}
