import { canonicalJson, compareCodeUnits, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import { provenanceError } from './errors.ts';
import { appendLockRecords, EMPTY_LOCK, type LockRecordDraft } from './lock.ts';
import type { Lock, LockRecord } from './types.ts';

export interface MergedLock {
  readonly lock: Lock;
  /** The whole file. */
  readonly text: string;
  /** Records of the second lock that the first did not have. */
  readonly added: number;
}

/**
 * Joins two locks into one chain: what both observed stands in it once; in the order of observation, then by digest. Which lock comes first changes nothing, and
 * joining again changes nothing. The chain is linked anew, so signatures and pinned heads of the two no longer fit.
 * @throws AppError LOCK_MERGE_CONFLICT where the two say of one tag and one moment that it led to two digests; LOCK_TOO_LARGE
 */
export function mergeLocks(first: Lock, second: Lock): MergedLock {
  const drafts = new Map<Digest, LockRecordDraft>();
  for (const record of first.records) drafts.set(...identified(record));
  const before = drafts.size;
  for (const record of second.records) drafts.set(...identified(record));
  const ordered = [...drafts].toSorted(
    ([a, x], [b, y]) => Date.parse(x.observedAt) - Date.parse(y.observedAt) || compareCodeUnits(a, b),
  );
  const joined = ordered.map(([, draft]) => draft);
  refuseConflicts(joined);
  const { lock, lines } = appendLockRecords(EMPTY_LOCK, joined);
  return { lock, text: lines, added: drafts.size - before };
}

/** A record without its place in a chain, by the digest of what it says. */
function identified(record: LockRecord): [Digest, LockRecordDraft] {
  const { sequence: _sequence, previous: _previous, ...draft } = record;
  return [sha256Digest(canonicalJson(draft as unknown as JsonValue)), draft];
}

function refuseConflicts(drafts: readonly LockRecordDraft[]): void {
  const seen = new Map<string, LockRecordDraft>();
  for (const draft of drafts) {
    const { entry, image, tag, observedAt, digest } = draft;
    const moment = JSON.stringify([entry, image, tag, Date.parse(observedAt)]);
    const other = seen.get(moment);
    if (other !== undefined && other.digest !== digest) {
      throw provenanceError(
        'LOCK_MERGE_CONFLICT',
        `at ${observedAt} ${image}${tag === null ? '' : `:${tag}`} (${entry}) led to ${other.digest} in one lock, to ${digest} in the other`,
        { hint: 'one of the two was not there: find out which lock to believe, and keep that one' },
      );
    }
    seen.set(moment, draft);
  }
}
