import { sameBytes } from './bytes.ts';
import { basicConstraints, EXTENSION_OID, extendedKeyUsage, KEY_PURPOSE, keyUsage } from './certificate-extensions.ts';
import { isIssuedBy, SIGNATURE_HASHES, type Certificate } from './certificate.ts';
import { nameConstraintProblem } from './name-constraints.ts';
import { Rejection, rejectAs } from './rejection.ts';

/** Authorities between a certificate and its anchor, the anchor included. */
const MAX_AUTHORITIES = 8;
/** Signatures that are checked while looking for a path: hostile certificates of one name would make it explode. */
const MAX_ATTEMPTS = 32;

/** Extensions that are understood; any other one that is critical refuses the certificate. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...Object.values(EXTENSION_OID),
  '2.5.29.14', // subject key identifier
  '2.5.29.35', // authority key identifier
  '2.5.29.32', // certificate policies: none is asked for
  '2.5.29.31', // where revocation lists lie: none is read
]);

/** A certificate, its issuer, the issuer's issuer, and so on up to the trust anchor. */
export type CertificatePath = readonly [Certificate, Certificate, ...Certificate[]];

/**
 * The path from a certificate to the anchor, which is the last certificate of the trusted chain. Signatures and names are checked, times are not yet.
 * @param untrusted certificates that may stand between, such as those that came with the bundle
 */
export function findPath(
  leaf: Certificate,
  chain: readonly Certificate[],
  untrusted: readonly Certificate[] = [],
): CertificatePath | undefined {
  const anchor = chain.at(-1);
  if (anchor === undefined) return undefined;
  // the trusted ones first, so that nobody can lead around them
  const candidates = [...chain, ...untrusted];
  let attempts = 0;
  const climb = (below: Certificate, used: readonly Certificate[]): readonly Certificate[] | undefined => {
    if (used.length > MAX_AUTHORITIES) return undefined;
    for (const candidate of candidates) {
      if (used.includes(candidate) || !sameBytes(below.issuer, candidate.subject)) continue;
      attempts += 1;
      if (attempts > MAX_ATTEMPTS) return undefined;
      if (!isIssuedBy(below, candidate)) continue;
      if (candidate === anchor) return [...used, candidate];
      const rest = climb(candidate, [...used, candidate]);
      if (rest !== undefined) return rest;
    }
    return undefined;
  };
  const [first, issuer, ...rest] = climb(leaf, [leaf]) ?? [];
  return first === undefined || issuer === undefined ? undefined : [first, issuer, ...rest];
}

/** What the end of a path must be for. */
export type PathPurpose = 'codeSigning' | 'timeStamping';

/**
 * Every rule of a path that does not depend on time: purposes, authorities, path lengths, name constraints, critical extensions, algorithms.
 * @throws Rejection CERTIFICATE_USAGE, CERTIFICATE_NAME_CONSTRAINTS, CERTIFICATE_MALFORMED, ALGORITHM_NOT_ALLOWED
 */
export function checkPath(path: CertificatePath, purpose: PathPurpose): void {
  rejectAs('CERTIFICATE_MALFORMED', 'a certificate does not parse', () => {
    const [leaf, ...authorities] = path;
    checkCommon(leaf, 'the certificate');
    checkLeaf(leaf, purpose);
    for (const [index, authority] of authorities.entries()) {
      const what = index === authorities.length - 1 ? 'the trust anchor' : `intermediate certificate ${index + 1}`;
      checkCommon(authority, what);
      checkAuthority(authority, what, {
        purpose,
        isAnchor: index === authorities.length - 1,
        // those that only rename an authority do not count
        below: path.slice(1, index + 1).filter((between) => !sameBytes(between.subject, between.issuer)).length,
      });
      for (const below of path.slice(0, index + 1)) checkNames(authority, below);
    }
  });
}

/**
 * That the whole path was in force at a time, both ends included.
 * @throws Rejection CERTIFICATE_EXPIRED
 */
export function checkPathAt(path: CertificatePath, time: Date): void {
  for (const [index, { notBefore, notAfter }] of path.entries()) {
    if (notBefore <= time && time <= notAfter) continue;
    const what =
      index === 0 ? 'the certificate' : index === path.length - 1 ? 'the trust anchor' : 'an intermediate certificate';
    const span = `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
    throw new Rejection('CERTIFICATE_EXPIRED', `${what} was not in force at ${time.toISOString()}, only from ${span}`);
  }
}

function checkCommon(certificate: Certificate, what: string): void {
  if (certificate.version !== 3) usage(`${what} is of X.509 version ${certificate.version}, not 3`);
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !UNDERSTOOD.has(oid)) usage(`${what} has the critical extension ${oid}, which is not understood`);
  }
  if (!Object.hasOwn(SIGNATURE_HASHES, certificate.signatureAlgorithm)) {
    throw new Rejection(
      'ALGORITHM_NOT_ALLOWED',
      `${what} is signed with the algorithm ${certificate.signatureAlgorithm}`,
    );
  }
  rejectAs('ALGORITHM_NOT_ALLOWED', `the key of ${what}`, () => certificate.key());
}

function checkLeaf(leaf: Certificate, purpose: PathPurpose): void {
  if (basicConstraints(leaf).isCa) usage('the certificate is that of an authority');
  const use = keyUsage(leaf);
  // Fulcio always says so; authorities for timestamps may leave it open
  if (use === undefined ? purpose === 'codeSigning' : !use.digitalSignature) {
    usage('the certificate is not for digital signatures');
  }
  if (use?.keyCertSign === true) usage('the certificate is for signing certificates');
  const purposes = extendedKeyUsage(leaf) ?? [];
  if (!purposes.includes(KEY_PURPOSE[purpose])) usage(`the certificate is not for ${PURPOSE_WORDS[purpose]}`);
  // RFC 3161, section 2.3: for nothing else, and said so that nobody can overlook it
  const isSole = purposes.length === 1 && leaf.extensions.get(EXTENSION_OID.extendedKeyUsage)?.critical === true;
  if (purpose === 'timeStamping' && !isSole) usage('the certificate is not for timestamps alone');
}

interface AuthorityPlace {
  readonly purpose: PathPurpose;
  readonly isAnchor: boolean;
  readonly below: number;
}

function checkAuthority(authority: Certificate, what: string, { purpose, isAnchor, below }: AuthorityPlace): void {
  const { isCa, pathLength } = basicConstraints(authority);
  if (!isCa) usage(`${what} is not that of an authority`);
  if (keyUsage(authority)?.keyCertSign === false) usage(`${what} is not for signing certificates`);
  if (pathLength !== undefined && below > pathLength) {
    usage(`${what} allows ${pathLength} authorities below itself, and there are ${below}`);
  }
  const purposes = isAnchor ? undefined : extendedKeyUsage(authority);
  const isFor = purposes === undefined || purposes.includes(KEY_PURPOSE[purpose]) || purposes.includes(KEY_PURPOSE.any);
  if (!isFor) usage(`${what} is not for ${PURPOSE_WORDS[purpose]}`);
}

function checkNames(authority: Certificate, below: Certificate): void {
  const problem = nameConstraintProblem(authority, below);
  if (problem !== undefined)
    throw new Rejection('CERTIFICATE_NAME_CONSTRAINTS', `by the constraints of an authority above, ${problem}`);
}

const PURPOSE_WORDS = { codeSigning: 'code signing', timeStamping: 'timestamps' } as const;

function usage(reason: string): never {
  throw new Rejection('CERTIFICATE_USAGE', reason);
}
