import { ExitCode, sha256Digest, type Digest } from '../core/index.ts';
import { SIGN_PREDICATE_TYPE } from '../attestation/index.ts';
import type { EvidenceView } from '../evidence/index.ts';
import { lockBlob, matchBases, type Lock, type LockRecord } from '../provenance/index.ts';
import { authenticatedKey, type LockFacts } from './context.ts';
import { lockBundlePath } from './load-policy.ts';
import { checkWith, type BundleChecker } from './statements.ts';
import type { BaseEntry, LoadedPolicy } from './types.ts';

/** Verifies the lock's own signature where one is demanded, and the kept signatures of those bases that some image stands on. */
export async function verifyLock(
  loaded: LoadedPolicy,
  evidence: EvidenceView,
  check: BundleChecker,
): Promise<LockFacts> {
  const refused = await lockRefusal(loaded, check);
  const authenticated = new Map<string, string>();
  if (refused !== undefined) return { refused, authenticated };
  for (const record of matchedRecords(loaded.lock, evidence)) {
    const entry = loaded.policy.bases?.entries.find((candidate) => candidate.name === record.entry);
    if (entry?.signedBy !== undefined) await authenticate(record, { loaded, entry, check, authenticated });
  }
  return { authenticated };
}

function matchedRecords(lock: Lock | undefined, evidence: EvidenceView): ReadonlySet<LockRecord> {
  if (lock === undefined) return new Set();
  const platforms = evidence.images.flatMap((image) => image.platforms);
  return new Set(
    platforms
      .flatMap(({ platform, config }) => matchBases(lock, { platform, diffIds: config.diffIds }))
      .map((match) => match.record),
  );
}

interface Authentication {
  readonly loaded: LoadedPolicy;
  readonly entry: BaseEntry;
  readonly check: BundleChecker;
  readonly authenticated: Map<string, string>;
}

/** A signature over the platform's manifest, or over the index whose stored bytes list it (the lock's reader has checked that they do). */
async function authenticate(record: LockRecord, context: Authentication): Promise<void> {
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
  const { loaded, entry, check } = context;
  const verdict = await checkWith(loaded, bytes, subject, check);
  if (!verdict.ok || verdict.predicateType !== SIGN_PREDICATE_TYPE) return undefined;
  return trustedName(loaded, entry.signedBy ?? [], verdict.signer.fingerprint);
}

function trustedName(loaded: LoadedPolicy, names: readonly string[], fingerprint: string): string | undefined {
  return names.find((name) => {
    const identity = loaded.policy.identities?.get(name);
    return identity?.requireTransparencyLog !== true && loaded.keys.get(name)?.fingerprint === fingerprint;
  });
}

async function lockRefusal(loaded: LoadedPolicy, check: BundleChecker): Promise<LockFacts['refused']> {
  const { bases } = loaded.policy;
  if (bases?.lock === undefined || bases.lockSignedBy === undefined || loaded.lock === undefined) return undefined;
  const { lockSignedBy } = bases;
  const remedy = `run waybill base lock --key with the key of one of ${lockSignedBy.join(', ')}, or pin lockHead instead of lockSignedBy`;
  const bytes = loaded.files.get(bases.lock);
  const bundle = loaded.files.get(lockBundlePath(bases.lock));
  if (bytes === undefined || bundle === undefined) {
    return {
      code: 'BASE_LOCK_UNSIGNED',
      reason: `the lock is not signed: ${lockBundlePath(bases.lock)} is missing`,
      remedy,
      exitCode: ExitCode.Usage,
    };
  }
  const usable = lockSignedBy.filter((name) => loaded.keys.has(name));
  if (usable.length === 0) {
    const reason = 'the lock’s signature by a keyless identity cannot be verified by this version of waybill';
    return {
      code: 'CHECK_NOT_SUPPORTED',
      reason,
      remedy: 'sign the lock with a key, or pin lockHead',
      exitCode: ExitCode.Usage,
    };
  }
  const verdict = await checkWith(loaded, bundle, sha256Digest(bytes), check);
  const isSigned = verdict.ok && verdict.predicateType === SIGN_PREDICATE_TYPE;
  if (isSigned && trustedName(loaded, lockSignedBy, verdict.signer.fingerprint) !== undefined) return undefined;
  // an attestation says something about the bytes, not that they are to be trusted: builds attest whatever comes out of them
  const otherType =
    verdict.ok && !isSigned ? `an attestation of type ${verdict.predicateType} is no signature` : undefined;
  const why = otherType ?? (verdict.ok ? 'by another key' : verdict.reason);
  return {
    code: 'BASE_LOCK_UNTRUSTED',
    reason: `the lock’s signature is not by one of ${lockSignedBy.join(', ')}: ${why}`,
    remedy,
    exitCode: ExitCode.Input,
  };
}
