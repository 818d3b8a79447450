import { matchSubject } from '../../attestation/index.ts';
import { isAppError, isDigest, type Digest, type JsonValue } from '../../core/index.ts';
import type { ImageView } from '../../evidence/index.ts';
import { rememberingReader, type BundleReader, type VerifiedBundle } from '../../verification/index.ts';
import { judgeBundle, type BundleChecker, type PolicySigners, type Refusal, type SignerFacts } from './signers.ts';
import type { MissingTrust } from './trust.ts';

/** A statement whose signature was verified for somebody whom the policy names, about one digest of the image. */
export interface VerifiedStatement extends SignerFacts {
  readonly bundle: Digest;
  readonly subject: Digest;
  readonly predicateType: string;
  readonly predicate: JsonValue;
  /** Annotations beside the subject in the statement. */
  readonly annotations: Readonly<Record<string, JsonValue>>;
}

/** A bundle that is about none of the image's digests, or signed by nobody the policy knows. */
export interface RejectedBundle {
  readonly bundle: Digest;
  readonly foundAt: readonly Digest[];
  readonly code: string;
  readonly reason: string;
  /** The same for each group of names that the policy asks different things of; empty for bundles that verified. */
  readonly refusals: readonly Refusal[];
  /** Of bundles that verified, and only speak of something else: names of the policy's identities. */
  readonly identities: readonly string[];
  readonly predicateType?: string;
  /** A certificate instead of a key: a keyless signature. */
  readonly keyless: boolean;
}

export interface ImageStatements {
  readonly verified: readonly VerifiedStatement[];
  readonly rejected: readonly RejectedBundle[];
  /** Why certificates, log entries and timestamps were not judged; undefined when they were. */
  readonly missingTrust: MissingTrust | undefined;
}

/** Verifies every bundle of an image with everybody whom the policy names; whose signature counts is each check's affair. */
export async function verifyImageBundles(
  image: ImageView,
  signers: PolicySigners,
  check: BundleChecker,
): Promise<ImageStatements> {
  const ours = [
    ...(image.index === null ? [] : [image.index.digest]),
    ...image.platforms.map((platform) => platform.manifest),
  ];
  if (ours.length === 0 && image.evidence.digest !== null) ours.push(image.evidence.digest);
  const verified: VerifiedStatement[] = [];
  const rejected: RejectedBundle[] = [];
  for (const { digest: bundle, bytes, foundAt } of image.bundles) {
    const reader = rememberingReader();
    const claim = readClaim(bytes, reader);
    const subject = ours.find((digest) => claim.subjects.includes(digest)) ?? claim.subjects[0] ?? ours[0];
    if (subject === undefined) continue;
    const common = { bundle, foundAt, keyless: claim.keyless };
    const hint = claim.predicateType === undefined ? {} : { predicateType: claim.predicateType };
    const verdict = await judgeBundle(signers, (options) => check(bytes, { ...options, subject, reader }));
    if (!verdict.ok) {
      const [{ code, reason }] = verdict.refusals;
      rejected.push({ ...common, ...hint, identities: [], code, reason, refusals: verdict.refusals });
      continue;
    }
    const about = ours.filter((digest) => matchSubject(verdict.statement, digest) !== undefined);
    verified.push(...about.map((digest) => toStatement(verdict, bundle, digest)));
    if (about.length > 0) continue;
    rejected.push({
      ...common,
      predicateType: verdict.predicateType,
      identities: verdict.facts.identities,
      refusals: [],
      code: 'SUBJECT_MISMATCH',
      reason: `it speaks of ${subject}, which is no part of this image`,
    });
  }
  return { verified, rejected, missingTrust: signers.missingTrust };
}

/** The statement as verified for one subject. */
function toStatement(
  { facts, statement }: VerifiedBundle & { readonly facts: SignerFacts },
  bundle: Digest,
  subject: Digest,
): VerifiedStatement {
  return {
    ...facts,
    bundle,
    subject,
    predicateType: statement.predicateType,
    predicate: statement.predicate,
    annotations: matchSubject(statement, subject)?.annotations ?? {},
  };
}

interface BundleClaim {
  readonly subjects: readonly Digest[];
  readonly predicateType: string | undefined;
  readonly keyless: boolean;
}

/** What a bundle says of itself before anything is verified: chooses the subject to check with, and words for refusing. */
function readClaim(bytes: Uint8Array, reader: BundleReader): BundleClaim {
  let keyless = false;
  try {
    const bundle = reader.bundle(bytes, {});
    keyless = bundle.material.kind !== 'public-key';
    const statement = reader.statement(bundle.payload);
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
