import { matchSubject, parseBundle, parseStatement } from '../attestation/index.ts';
import { compareCodeUnits, isAppError, isDigest, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import type { ImageView } from '../evidence/index.ts';
import type { PublicKeyIdentity } from '../keys/index.ts';
import type { BundleVerdict, CheckBundleOptions, VerifiedBundle } from '../verification/index.ts';
import type { LoadedPolicy } from './types.ts';

/** Checks one bundle against keys and one subject; the verification room's `checkBundle` in deciding. */
export type BundleChecker = (bytes: Uint8Array, options: CheckBundleOptions) => Promise<BundleVerdict>;

/** A statement whose signature was verified with a key of the policy, about one digest of the image. */
export interface VerifiedStatement {
  readonly bundle: Digest;
  readonly subject: Digest;
  /** Fingerprint of the key: what thresholds count. */
  readonly signer: string;
  /** Names of the policy's identities that are this key. */
  readonly identities: readonly string[];
  readonly predicateType: string;
  readonly predicate: JsonValue;
  /** Annotations beside the subject in the statement. */
  readonly annotations: Readonly<Record<string, JsonValue>>;
  /** From a trusted source of time only. */
  readonly signedAt?: Date;
}

/** A bundle that is about none of the image's digests, or signed by nobody the policy knows. */
export interface RejectedBundle {
  readonly bundle: Digest;
  readonly foundAt: readonly Digest[];
  readonly code: string;
  readonly reason: string;
  readonly signedBy?: string;
  readonly predicateType?: string;
  /** A certificate instead of a key: a keyless signature. */
  readonly keyless: boolean;
}

export interface ImageStatements {
  readonly verified: readonly VerifiedStatement[];
  readonly rejected: readonly RejectedBundle[];
}

/** Verifies every bundle of an image with the keys of the whole policy; whose signature counts is each check's affair. */
export async function verifyImageBundles(
  image: ImageView,
  policy: LoadedPolicy,
  check: BundleChecker,
): Promise<ImageStatements> {
  const ours = [
    ...(image.index === null ? [] : [image.index.digest]),
    ...image.platforms.map((platform) => platform.manifest),
  ];
  if (ours.length === 0 && image.evidence.digest !== null) ours.push(image.evidence.digest);
  const verified: VerifiedStatement[] = [];
  const rejected: RejectedBundle[] = [];
  for (const bundle of image.bundles) {
    const claim = readClaim(bundle.bytes);
    const subject = ours.find((digest) => claim.subjects.includes(digest)) ?? claim.subjects[0] ?? ours[0];
    if (subject === undefined) continue;
    const facts = { bundle: bundle.digest, foundAt: bundle.foundAt, keyless: claim.keyless };
    const hint = claim.predicateType === undefined ? {} : { predicateType: claim.predicateType };
    const verdict = await checkWith(policy, bundle.bytes, subject, check);
    if (!verdict.ok) {
      rejected.push({ ...facts, ...hint, code: verdict.code, reason: verdict.reason });
      continue;
    }
    const about = ours.filter((digest) => matchSubject(verdict.statement, digest) !== undefined);
    verified.push(...about.map((digest) => toStatement(bundle.digest, digest, verdict, policy)));
    if (about.length > 0) continue;
    rejected.push({
      ...facts,
      predicateType: verdict.predicateType,
      signedBy: verdict.signer.fingerprint,
      code: 'SUBJECT_MISMATCH',
      reason: `it speaks of ${subject}, which is no part of this image`,
    });
  }
  return { verified, rejected };
}

/** With every key of the policy. Log entries are the identities' affair, so none is demanded here. */
export async function checkWith(
  policy: LoadedPolicy,
  bytes: Uint8Array,
  subject: Digest,
  check: BundleChecker,
): Promise<BundleVerdict> {
  const keys = distinctKeys(policy).map((key) => ({ key }));
  if (keys.length > 0) return check(bytes, { keys, subject, requireTransparencyLog: false });
  return { ok: false, bundleDigest: sha256Digest(bytes), code: 'UNTRUSTED_KEY', reason: 'the policy knows no key' };
}

/** The statement as verified for one subject. */
function toStatement(
  bundle: Digest,
  subject: Digest,
  verdict: VerifiedBundle,
  policy: LoadedPolicy,
): VerifiedStatement {
  const { statement, signer } = verdict;
  return {
    bundle,
    subject,
    signer: signer.fingerprint,
    identities: identityNames(policy, signer.fingerprint),
    predicateType: statement.predicateType,
    predicate: statement.predicate,
    annotations: matchSubject(statement, subject)?.annotations ?? {},
  };
}

function identityNames(policy: LoadedPolicy, fingerprint: string): readonly string[] {
  return [...policy.keys]
    .filter(([, key]) => key.fingerprint === fingerprint)
    .map(([name]) => name)
    .toSorted(compareCodeUnits);
}

/** Each key once, in a stable order. */
function distinctKeys(policy: LoadedPolicy): readonly PublicKeyIdentity[] {
  const byFingerprint = new Map([...policy.keys.values()].map((key) => [key.fingerprint, key]));
  return [...byFingerprint.values()].toSorted((a, b) => compareCodeUnits(a.fingerprint, b.fingerprint));
}

interface BundleClaim {
  readonly subjects: readonly Digest[];
  readonly predicateType: string | undefined;
  readonly keyless: boolean;
}

/** What a bundle says of itself before anything is verified: chooses the subject to check with, and words for refusing. */
function readClaim(bytes: Uint8Array): BundleClaim {
  let keyless = false;
  try {
    const bundle = parseBundle(bytes);
    keyless = bundle.material.kind !== 'public-key';
    const statement = parseStatement(bundle.payload);
    const digests = statement.subjects.flatMap((subject) =>
      Object.entries(subject.digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
    );
    return {
      subjects: digests.filter((digest): digest is Digest => isDigest(digest)),
      predicateType: statement.predicateType,
      keyless,
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { subjects: [], predicateType: undefined, keyless };
  }
}
