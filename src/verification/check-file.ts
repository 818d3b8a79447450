import { hash } from 'node:crypto';
import { parseAnyBundle, type ParsedBundle, type ParsedFileBundle } from '../attestation/index.ts';
import { digestAlgorithm, digestHex, parseDigest, sha256Digest, type Digest } from '../core/index.ts';
import type { PublicKeyIdentity } from '../keys/index.ts';
import { checkBundle } from './check-bundle.ts';
import { checkSigner, claimsOf, parseOptionsOf, parseOrReject, requireSigners } from './check-signer.ts';
import { hexOf } from './bytes.ts';
import { verifyBytes, verifyDigest } from './prehashed-signature.ts';
import { Rejection, quote } from './rejection.ts';
import { fileContent, HASH_NAMES, type HashName } from './signed-content.ts';
import type { BundleVerdict, CheckBundleOptions, FileVerdict, SignerOptions, VerifiedFile } from './types.ts';

/** The file that a bundle must sign: its bytes, or its digest where the bytes are not at hand or too many. */
export type FileToCheck = { readonly bytes: Uint8Array } | { readonly digest: Digest };

export interface CheckFileOptions extends SignerOptions {
  readonly file: FileToCheck;
}

/**
 * Checks a bundle over a file (`messageSignature`), in memory. By digest alone where the algorithm allows: Ed25519 needs the bytes. Hostile input; never
 * throws for it.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT
 */
export async function checkFile(bytes: Uint8Array, options: CheckFileOptions): Promise<FileVerdict> {
  requireSigners(options);
  const bundleDigest = sha256Digest(bytes);
  let bundle: ParsedBundle | ParsedFileBundle | undefined;
  try {
    bundle = parseFor(bytes, options);
    if ('payload' in bundle) {
      throw new Rejection(
        'BUNDLE_MALFORMED',
        'the bundle signs a statement (dsseEnvelope), not a file (messageSignature)',
      );
    }
    return { ok: true, bundleDigest, ...(await verifyParsed(bundle, options)) };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ok: false, bundleDigest, code: error.code, reason: error.message, ...claimsOf(bundle) };
  }
}

/** Options of a check where the bundle decides what it is: a file's own signature, or a statement about the file. */
export type CheckArtifactOptions = CheckFileOptions & Pick<CheckBundleOptions, 'predicateType' | 'annotations'>;

/**
 * Checks a bundle of either kind about a file: its signature, or a statement of which the file is a subject (by SHA-256 or SHA-512, or by the digest given).
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT
 */
export async function checkArtifact(
  bytes: Uint8Array,
  options: CheckArtifactOptions,
): Promise<BundleVerdict | FileVerdict> {
  requireSigners(options);
  const { file } = options;
  if (!isStatement(bytes, options)) return checkFile(bytes, options);
  const check = (subject: Digest): Promise<BundleVerdict> =>
    checkBundle(bytes, { ...options, subject, minVersion: options.minVersion ?? '0.1' });
  if ('digest' in file) return check(file.digest);
  const verdict = await check(sha256Digest(file.bytes));
  // statements about npm packages name them by SHA-512 alone
  if (verdict.ok || verdict.code !== 'SUBJECT_MISMATCH') return verdict;
  const other = await check(parseDigest(`sha512:${hash('sha512', file.bytes, 'hex')}`));
  return other.ok ? other : verdict;
}

function isStatement(bytes: Uint8Array, options: SignerOptions): boolean {
  try {
    return 'payload' in parseFor(bytes, options);
  } catch (error) {
    // the same check says so again, with its reason
    if (error instanceof Rejection) return true;
    throw error;
  }
}

function parseFor(bytes: Uint8Array, options: SignerOptions): ParsedBundle | ParsedFileBundle {
  return parseOrReject(() => parseAnyBundle(bytes, { minVersion: '0.1', ...parseOptionsOf(options) }));
}

type FileProofs = Omit<VerifiedFile, 'ok' | 'bundleDigest'>;

async function verifyParsed(bundle: ParsedFileBundle, options: CheckFileOptions): Promise<FileProofs> {
  const { file } = options;
  const { algorithm, fileDigest } = checkDigest(bundle, file);
  const verify = (key: PublicKeyIdentity): Promise<boolean> =>
    'bytes' in file
      ? verifyBytes(key, file.bytes, bundle.signature)
      : verifyDigest(key, { algorithm, bytes: bundle.messageDigest.digest }, bundle.signature);
  const content = fileContent(bundle.signature, digestsOf(file));
  return { fileDigest, ...(await checkSigner({ bundle, content, verify }, options)) };
}

/** That the digest in the bundle is the file's. */
function checkDigest(
  { messageDigest }: ParsedFileBundle,
  file: FileToCheck,
): { readonly algorithm: HashName; readonly fileDigest: string } {
  const name = messageDigest.algorithm;
  const algorithm = name.startsWith('SHA2_') && Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name] : undefined;
  if (algorithm === undefined) throw new Rejection('BUNDLE_MALFORMED', `the digest's algorithm is ${quote(name)}`);
  const stated = hexOf(messageDigest.digest);
  const actual = digestsOf(file, algorithm).get(algorithm);
  if (actual === undefined) {
    const reason = `the bundle has a digest of ${algorithm}, and the file is known by another kind only`;
    throw new Rejection('DIGEST_UNSUPPORTED', reason);
  }
  if (actual !== stated) {
    throw new Rejection('DIGEST_MISMATCH', `it signs ${algorithm}:${stated.slice(0, 128)}, not ${algorithm}:${actual}`);
  }
  return { algorithm, fileDigest: `${algorithm}:${actual}` };
}

/** The digests of the file that are known. */
function digestsOf(file: FileToCheck, only?: HashName): ReadonlyMap<HashName, string> {
  if ('digest' in file) return new Map([[digestAlgorithm(file.digest), digestHex(file.digest)]]);
  const wanted: readonly HashName[] = only === undefined ? ['sha256', 'sha384', 'sha512'] : [only];
  return new Map(wanted.map((algorithm) => [algorithm, hash(algorithm, file.bytes, 'hex')]));
}
