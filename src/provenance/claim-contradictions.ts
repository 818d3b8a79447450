import type { Digest } from '../core/index.ts';
import { sameLayers } from './match-bases.ts';
import { parseImageName } from './slsa/image-name.ts';
import type { BaseClaim, Lock, LockRecord } from './types.ts';

/** A base that the lock knows by a digest, of an index or a platform. */
export function recordHasDigest(record: LockRecord, digest: Digest): boolean {
  return record.digest === digest || record.platforms.some((platform) => platform.manifest === digest);
}

/** Records of the lock that have the digest which a claim names. */
export function recordsOfClaim(lock: Lock, { digest }: BaseClaim): readonly LockRecord[] {
  return digest === undefined ? [] : lock.records.filter((record) => recordHasDigest(record, digest));
}

/**
 * Pairs of claims that cannot both be true: they name two repositories, or two digests that the lock knows to be different content. Labels and history are left
 * out: a child inherits labels, so that they may speak of the base's base, and history names nothing. Two digests of which the lock does not know both may be
 * an index and a platform of it.
 */
export function contradictingClaims<T extends { readonly claim: BaseClaim }>(
  claims: readonly T[],
  lock: Lock,
): readonly (readonly [T, T])[] {
  const own = claims.filter(({ claim }) => claim.source !== 'label' && claim.source !== 'history');
  return own.flatMap((a, index) =>
    own.slice(index + 1).flatMap((b) => (contradict(a.claim, b.claim, lock) ? [[a, b] as const] : [])),
  );
}

function contradict(a: BaseClaim, b: BaseClaim, lock: Lock): boolean {
  if (a.digest !== undefined && a.digest === b.digest) return false;
  const [nameA, nameB] = [repositoryOf(a), repositoryOf(b)];
  if (nameA !== undefined && nameB !== undefined && nameA !== nameB) return true;
  const [recordsA, recordsB] = [recordsOfClaim(lock, a), recordsOfClaim(lock, b)];
  if (recordsA.length === 0 || recordsB.length === 0) return false;
  return !recordsA.some((record) => recordsB.some((other) => sharesContent(record, other)));
}

function repositoryOf({ name }: BaseClaim): string | undefined {
  return name === undefined ? undefined : parseImageName(name)?.repository;
}

/** One record, or two of the same base under different digests. */
function sharesContent(a: LockRecord, b: LockRecord): boolean {
  if (a === b) return true;
  return a.platforms.some((here) => b.platforms.some((there) => sameLayers(here.diffIds, there.diffIds)));
}
