import { ExitCode, sha256Digest, type Digest } from '../../core/index.ts';
import { PREDICATE_TYPES, SIGN_PREDICATE_TYPE, type Statement } from '../../attestation/index.ts';
import type { EvidenceView } from '../../evidence/index.ts';
import { containedRecords, lockBlob, matchBases, type Lock, type LockRecord } from '../../provenance/index.ts';
import { checkFile, type BundleVerdict, type FileVerdict } from '../../verification/index.ts';
import { authenticatedKey, type LockFacts } from '../context.ts';
import { lockBundlePath } from '../file/load-policy.ts';
import { judgeBundle, refusalFor, type BundleChecker, type Judged, type PolicySigners } from '../signers/signers.ts';
import type { BaseEntry, LoadedPolicy } from '../file/types.ts';
import { readVsa } from '../vsa/vsa.ts';

/** With whom and how bundles are judged. */
export interface LockJudges {
  readonly signers: PolicySigners;
  readonly check: BundleChecker;
}

/** Verifies the lock's own signature where one is demanded, and the kept signatures of those bases that some image stands on. */
export async function verifyLock(loaded: LoadedPolicy, evidence: EvidenceView, judges: LockJudges): Promise<LockFacts> {
  const refused = await lockRefusal(loaded, judges);
  const authenticated = new Map<string, string>();
  const { missingTrust } = judges.signers;
  if (refused !== undefined) return { refused, authenticated, missingTrust };
  for (const record of matchedRecords(loaded.lock, evidence)) {
    const entry = loaded.policy.bases?.entries.find((candidate) => candidate.name === record.entry);
    if (entry?.signedBy !== undefined) await authenticate(record, { ...judges, entry, authenticated });
  }
  return { authenticated, missingTrust };
}

function matchedRecords(lock: Lock | undefined, evidence: EvidenceView): ReadonlySet<LockRecord> {
  if (lock === undefined) return new Set();
  const platforms = evidence.images.flatMap((image) => image.platforms);
  return new Set(
    platforms.flatMap((view) => [
      ...matchBases(lock, { platform: view.platform, diffIds: view.config.diffIds }).map((match) => match.record),
      ...containedRecords(lock, view.platform, view.evidence.containments ?? []).map(({ match }) => match.record),
    ]),
  );
}

export interface Authentication extends LockJudges {
  readonly entry: BaseEntry;
  readonly authenticated: Map<string, string>;
}

/** A signature over the platform's manifest, or over the index whose stored bytes list it (the lock's reader has checked that they do). */
export async function authenticate(record: LockRecord, context: Authentication): Promise<void> {
  for (const platform of record.platforms) {
    for (const subject of new Set<Digest>([platform.manifest, record.digest])) {
      for (const bundle of record.bundles.filter((item) => item.subject === subject)) {
        const signer = await signerOf(lockBlob(record, bundle.digest), subject, context);
        if (signer !== undefined)
          context.authenticated.set(authenticatedKey(record.sequence, platform.manifest), signer);
      }
    }
  }
}

async function signerOf(bytes: Uint8Array, subject: Digest, context: Authentication): Promise<string | undefined> {
  const { signers, entry, check } = context;
  const verdict = await judgeBundle(signers, (options) => check(bytes, { ...options, subject }));
  if (!verdict.ok || !authenticates(verdict.statement)) return undefined;
  return entry.signedBy?.find((name) => verdict.facts.identities.includes(name));
}

/** What a base's publisher vouches for it with: a signature, or a verification summary that passed. Any other attestation only says something about it. */
export function authenticates({ predicateType, predicate }: Statement): boolean {
  if (predicateType === SIGN_PREDICATE_TYPE) return true;
  return predicateType === PREDICATE_TYPES.vsa.uri && readVsa(predicate)?.result === 'PASSED';
}

/** Why the lock's own signature does not do, where one is demanded. */
export async function lockRefusal(loaded: LoadedPolicy, judges: LockJudges): Promise<LockFacts['refused']> {
  const { bases } = loaded.policy;
  if (bases?.lock === undefined || bases.lockSignedBy === undefined || loaded.lock === undefined) return undefined;
  const { lockSignedBy } = bases;
  const signatureFile = lockBundlePath(bases.lock);
  const remedy = `sign it as one of ${lockSignedBy.join(', ')}: waybill base lock --key, or waybill blob sign ${bases.lock} --bundle ${signatureFile}; or pin lockHead instead of lockSignedBy`;
  const bytes = loaded.files.get(bases.lock);
  const bundle = loaded.files.get(signatureFile);
  if (bytes === undefined || bundle === undefined) {
    return {
      code: 'BASE_LOCK_UNSIGNED',
      reason: `the lock is not signed: ${signatureFile} is missing`,
      remedy,
      exitCode: ExitCode.Usage,
    };
  }
  const { signers } = judges;
  const verdict = await judgeLock(bundle, bytes, judges);
  // an attestation says something about the bytes, not that they are to be trusted: builds attest whatever comes out of them
  const otherType =
    verdict.ok && 'predicateType' in verdict && verdict.predicateType !== SIGN_PREDICATE_TYPE
      ? `an attestation of type ${verdict.predicateType} is no signature`
      : undefined;
  const isTrusted = verdict.ok && lockSignedBy.some((name) => verdict.facts.identities.includes(name));
  if (isTrusted && otherType === undefined) return undefined;
  const { missingTrust } = signers;
  const isUnjudged =
    missingTrust !== undefined &&
    (verdict.ok
      ? verdict.facts.withheld.some(({ name, code }) => lockSignedBy.includes(name) && code === 'LOG_UNVERIFIABLE')
      : [missingTrust.code, 'LOG_UNVERIFIABLE'].includes(verdict.refusals[0].code));
  if (isUnjudged) return { ...missingTrust, reason: `the lock’s signature: ${missingTrust.reason}` };
  const withheld = verdict.ok ? verdict.facts.withheld.find(({ name }) => lockSignedBy.includes(name)) : undefined;
  const why =
    otherType ??
    (verdict.ok
      ? (withheld?.reason ?? `by ${verdict.facts.signedBy}`)
      : refusalFor(lockSignedBy, verdict.refusals).reason);
  return {
    code: 'BASE_LOCK_UNTRUSTED',
    reason: `the lock’s signature is not by one of ${lockSignedBy.join(', ')}: ${why}`,
    remedy,
    exitCode: ExitCode.Input,
  };
}

/** The lock's bundle is a statement about it as `base lock` signs one, or a file's signature as `blob sign` makes it. */
async function judgeLock(
  bundle: Uint8Array,
  lock: Uint8Array,
  { signers, check }: LockJudges,
): Promise<Judged<BundleVerdict | FileVerdict>> {
  const subject = sha256Digest(lock);
  const asStatement = await judgeBundle(signers, (options) => check(bundle, { ...options, subject }));
  if (asStatement.ok || asStatement.refusals[0].code !== 'BUNDLE_MALFORMED') return asStatement;
  const file = { bytes: lock };
  const asFile = await judgeBundle(signers, (options) => checkFile(bundle, { ...options, file }));
  return asFile.ok || asFile.refusals[0].code !== 'BUNDLE_MALFORMED' ? asFile : asStatement;
}
