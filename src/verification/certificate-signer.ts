import type { ParsedBundle, ParsedFileBundle } from '../attestation/index.ts';
import { isAppError } from '../core/index.ts';
import type { PublicKeyIdentity } from '../keys/index.ts';
import { checkPath, checkPathAt, findPath, type CertificatePath } from './certificate-path.ts';
import { certificateFingerprint, parseCertificate, serialHex, type Certificate } from './certificate.ts';
import { distinctOperators, evaluateProofs, type Proofs } from './evaluate-proofs.ts';
import { identityOf, matchIdentity, type IdentityMatch, type TrustedIdentity } from './identity.ts';
import { Rejection, rejectAs, quote } from './rejection.ts';
import { checkScts, type VerifiedSct } from './sct.ts';
import type { SignedContent } from './signed-content.ts';
import type { Thresholds, TrustedAuthority } from './trust-types.ts';
import type { CertificateSigner, SignatureProofs, SignerOptions, SigningTime, TrustedSource } from './types.ts';
import { isWithin, showValidity } from './validity.ts';

const ONE_OF_EACH: Thresholds = { logs: 1, timestamps: 1, scts: 1 };

/** What is being verified: a bundle, what it signs, and how its signature is checked with a key. */
export interface SignatureToCheck {
  readonly bundle: ParsedBundle | ParsedFileBundle;
  readonly content: SignedContent;
  verify(key: PublicKeyIdentity): boolean | Promise<boolean>;
}

/** The certificate's owner under the trusted root that proves it. */
interface Proven {
  readonly proofs: Proofs;
  readonly scts: readonly VerifiedSct[];
  readonly when: readonly SigningTime[];
}

/**
 * Verifies who owns the certificate that a bundle was signed with: its own signature, an authority, time, certificate logs, transparency logs, and at last
 * the identity.
 * @throws Rejection
 */
export async function checkCertificateSigner(
  signature: SignatureToCheck,
  certificates: readonly Uint8Array[],
  options: SignerOptions,
): Promise<SignatureProofs> {
  const trust = options.trust ?? [];
  checkChainAllowed(signature.bundle, trust);
  const [leaf, ...others] = certificates.map((bytes) =>
    rejectAs('CERTIFICATE_MALFORMED', 'a certificate of the bundle does not parse', () => parseCertificate(bytes)),
  );
  if (leaf === undefined) throw new Rejection('CERTIFICATE_MALFORMED', 'the bundle has no certificate');
  const key = checkKey(leaf, options);
  if (!(await signature.verify(key))) {
    throw new Rejection(
      'SIGNATURE_INVALID',
      "the signature is not that of the certificate's key: altered after signing, or never signed",
    );
  }
  const { proofs, scts, when } = await proveUnderAny(signature, leaf, others, options);
  const owner = identityOf(leaf);
  const identities = options.identities ?? [];
  const matches = identities.map((wanted) => matchIdentity(owner, wanted));
  const name = matches.find((match) => match.ok)?.name;
  if (name === undefined)
    throw new Rejection('IDENTITY_MISMATCH', mismatchReason(matches, owner.names[0]?.value ?? '', owner.issuer));
  const rules = matches.flatMap((match, index) => (match.ok ? [index] : []));
  const signer: CertificateSigner = {
    kind: 'certificate',
    fingerprint: key.fingerprint,
    names: namesOf(identities, rules),
    rules,
    identity: name.value,
    identityKind: name.kind,
    ...(owner.issuer === undefined ? {} : { issuer: owner.issuer }),
    extensions: owner.extensions,
    when,
    certificate: {
      fingerprint: certificateFingerprint(leaf),
      serialNumber: serialHex(leaf),
      notBefore: leaf.notBefore.toISOString(),
      notAfter: leaf.notAfter.toISOString(),
      algorithm: key.algorithm,
    },
    scts,
  };
  return { signer, log: proofs.log, timestamps: proofs.timestamps };
}

/** A bundle of version 0.3 carries the certificate alone; a chain is read where its root was given as certificates. */
function checkChainAllowed({ version, material }: SignatureToCheck['bundle'], trust: readonly TrustedSource[]): void {
  const isChain = material.kind === 'certificates' && material.certificates.length > 1;
  const isPrivate = trust.some(({ root }) =>
    root.certificateAuthorities.some(({ takesIntermediates }) => takesIntermediates),
  );
  if (version === '0.3' && isChain && !isPrivate) {
    throw new Rejection('BUNDLE_MALFORMED', 'a bundle of version 0.3 carries one certificate, not a chain');
  }
}

function checkKey(leaf: Certificate, { algorithms }: SignerOptions): PublicKeyIdentity {
  try {
    const key = leaf.key();
    if (algorithms?.includes(key.algorithm) === false) {
      throw new Rejection(
        'ALGORITHM_NOT_ALLOWED',
        `the certificate's key is ${key.algorithm}, which is not accepted here`,
      );
    }
    return key;
  } catch (error) {
    if (error instanceof Rejection) throw error;
    const code =
      isAppError(error) && error.code === 'KEY_UNSUPPORTED' ? 'ALGORITHM_NOT_ALLOWED' : 'CERTIFICATE_MALFORMED';
    throw new Rejection(code, `the certificate's key: ${error instanceof Error ? error.message : ''}`);
  }
}

async function proveUnderAny(
  signature: SignatureToCheck,
  leaf: Certificate,
  others: readonly Certificate[],
  options: SignerOptions,
): Promise<Proven> {
  let rejection = new Rejection('CERTIFICATE_UNTRUSTED', 'no trusted authority issued the certificate');
  for (const source of options.trust ?? []) {
    const paths = source.root.certificateAuthorities.flatMap((authority) => {
      const path = findPath(leaf, authority.chain, authority.takesIntermediates ? others : []);
      return path === undefined ? [] : [{ authority, path }];
    });
    if (paths.length === 0) continue;
    try {
      return await proveUnder(signature, leaf, { source, paths, options });
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejection = error;
    }
  }
  throw rejection;
}

interface Attempt {
  readonly source: TrustedSource;
  readonly paths: readonly { readonly authority: TrustedAuthority; readonly path: CertificatePath }[];
  readonly options: SignerOptions;
}

async function proveUnder(signature: SignatureToCheck, leaf: Certificate, attempt: Attempt): Promise<Proven> {
  const { source, paths, options } = attempt;
  const thresholds = { ...ONE_OF_EACH, ...source.thresholds };
  const usable = firstThatPasses(paths, ({ path }) => checkPath(path, 'codeSigning'));
  const proofs = await evaluateProofs(signature.bundle, {
    content: signature.content,
    signer: { kind: 'certificate', bytes: leaf.bytes },
    root: source.root,
    thresholds,
    withLog: options.requireTransparencyLog,
    now: options.now,
  });
  const when = proofs.times.length > 0 ? proofs.times : clockOf(thresholds, options);
  const [inForce] = firstThatPasses(usable, ({ authority, path }) => {
    for (const { time } of when) {
      checkAuthorityAt(authority, new Date(time));
      checkPathAt(path, new Date(time));
    }
  });
  if (inForce === undefined)
    throw new Rejection('CERTIFICATE_UNTRUSTED', 'no trusted authority issued the certificate');
  const scts = checkSctThreshold(inForce.path, source, thresholds.scts);
  return { proofs, scts, when };
}

/** Those that pass; when none does, the reason of the last. */
function firstThatPasses<T>(candidates: readonly T[], check: (candidate: T) => void): readonly T[] {
  let rejection: Rejection | undefined;
  const passed = candidates.filter((candidate) => {
    try {
      check(candidate);
      return true;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejection = error;
      return false;
    }
  });
  if (passed.length === 0 && rejection !== undefined) throw rejection;
  return passed;
}

/** Where no source of time is asked for, the clock of who asks is all there is; it must have been given. */
function clockOf(thresholds: Thresholds, { now }: SignerOptions): readonly SigningTime[] {
  if (thresholds.timestamps === 0 && now !== undefined)
    return [{ time: now.toISOString(), source: 'clock', operator: '' }];
  throw new Rejection('TIME_MISSING', 'nobody trusted says when it was signed');
}

function checkAuthorityAt({ validFor }: TrustedAuthority, time: Date): void {
  if (isWithin(validFor, time)) return;
  const span = showValidity(validFor);
  throw new Rejection(
    'CERTIFICATE_EXPIRED',
    `the authority is trusted ${span}, and it was signed at ${time.toISOString()}`,
  );
}

function checkSctThreshold(
  [leaf, issuer]: CertificatePath,
  { root }: TrustedSource,
  threshold: number,
): readonly VerifiedSct[] {
  const { verified, problems } = rejectAs('SCT_INVALID', 'the certificate timestamps do not parse', () =>
    checkScts(leaf, issuer, root.certificateLogs),
  );
  const count = distinctOperators(verified);
  if (count >= threshold) return verified;
  if (verified.length + problems.length === 0) {
    throw new Rejection(
      'SCT_MISSING',
      'the certificate is in no certificate log (it carries no SCT), and that is required',
    );
  }
  const found = `certificate logs of ${count} distinct operators vouch for it; ${threshold} are required`;
  throw new Rejection('SCT_INVALID', problems[0] === undefined ? found : `${found}: ${problems[0]}`);
}

function mismatchReason(matches: readonly IdentityMatch[], identity: string, issuer: string | undefined): string {
  const [only] = matches;
  if (matches.length === 1 && only?.ok === false) return only.reason;
  const by = issuer === undefined ? '' : ` (issuer ${quote(issuer)})`;
  return `it was signed by ${quote(identity)}${by}, who meets none of the ${matches.length} trusted identities`;
}

function namesOf(identities: readonly TrustedIdentity[], rules: readonly number[]): readonly string[] {
  return rules.flatMap((index) => {
    const name = identities[index]?.name;
    return name === undefined ? [] : [name];
  });
}
