import {
  matchBases,
  sameLayers,
  type BaseLevel,
  type BaseMatch,
  type Lock,
  type LockRecord,
} from '../../provenance/index.ts';
import { isSamePlatform, type PlatformView } from '../../evidence/index.ts';
import { matchesAny } from '../../core/index.ts';
import type { BaseEntry } from '../file/types.ts';

/** Why a record of the lock does not count for an entry. */
export type RecordRefusal = 'not-allowed' | 'other-image' | 'tag' | 'history';

export interface JudgedMatch {
  readonly match: BaseMatch;
  readonly entry: BaseEntry | undefined;
  /** Undefined: the record counts. */
  readonly refusal: RecordRefusal | undefined;
}

export interface JudgeOptions {
  /** Names of entries. */
  readonly allow: readonly string[];
  readonly now: Date;
}

/** What a platform stands on, by its layers. */
export interface BaseStanding {
  /** Every lock match, longest first, newest first. */
  readonly matches: readonly JudgedMatch[];
  /** Those of the greatest length: they decide. */
  readonly longest: readonly JudgedMatch[];
  /** Those of the longest that are allowed and count. */
  readonly allowed: readonly JudgedMatch[];
}

/** Matches the platform's diffIDs with the lock and judges each match by the entries that the rule allows. */
export function standingOf(
  lock: Lock,
  platform: PlatformView,
  entries: readonly BaseEntry[],
  options: JudgeOptions,
): BaseStanding {
  const found = matchBases(lock, { platform: platform.platform, diffIds: platform.config.diffIds });
  const matches = found.map(matchJudge(lock, entries, options));
  const depth = matches[0]?.match.layerCount ?? 0;
  const longest = matches.filter(({ match }) => match.layerCount === depth);
  return { matches, longest, allowed: longest.filter((judged) => judged.refusal === undefined) };
}

/** Judges matches with a lock by the entries of the policy and those of them that count. */
export function matchJudge(
  lock: Lock,
  entries: readonly BaseEntry[],
  options: JudgeOptions,
): (match: BaseMatch) => JudgedMatch {
  return (match) => {
    const entry = entries.find((candidate) => candidate.name === match.entry);
    return { match, entry, refusal: refusalOf(lock, match, entry, options) };
  };
}

/** Why a record of the lock does not count for the entry it names; undefined when it does. */
function refusalOf(
  lock: Lock,
  match: BaseMatch,
  entry: BaseEntry | undefined,
  options: JudgeOptions,
): RecordRefusal | undefined {
  if (entry === undefined || !options.allow.includes(entry.name)) return 'not-allowed';
  if (!isImageEntry(entry) || match.record.image !== entry.image) return 'other-image';
  if (!isTagAllowed(entry, match.record)) return 'tag';
  const left = tagLeftAt(lock, match);
  if (entry.history !== undefined && left !== undefined && options.now.getTime() - left.getTime() > entry.history)
    return 'history';
  return undefined;
}

/** Whether an entry is an image, rather than scratch or packages. */
export function isImageEntry({ kind = 'image' }: BaseEntry): boolean {
  return kind === 'image';
}

/** A record without a tag (pinned by digest) counts for entries that do not choose among tags. */
export function isTagAllowed(entry: BaseEntry, record: LockRecord): boolean {
  if (entry.tags === undefined) return true;
  return record.tag !== null && matchesAny(entry.tags, record.tag);
}

/** When the lock first saw the tag lead to other content for this platform; undefined while it has not. */
export function tagLeftAt(lock: Lock, match: Pick<BaseMatch, 'record' | 'platform'>): Date | undefined {
  const { record, platform } = match;
  if (record.tag === null) return undefined;
  const later = lock.records.filter(
    (other) =>
      other.sequence > record.sequence &&
      other.entry === record.entry &&
      other.image === record.image &&
      other.tag === record.tag,
  );
  let left: Date | undefined;
  for (const other of later) {
    const same = other.platforms.some(
      (item) => isSamePlatform(item.platform, platform.platform) && sameLayers(item.diffIds, platform.diffIds),
    );
    if (same) left = undefined;
    else left ??= new Date(other.observedAt);
  }
  return left;
}

/** The same base under another digest (rebuilt, recompressed) is the same base. */
export function sameContent(match: BaseMatch, record: LockRecord): boolean {
  return record.platforms.some(
    (platform) =>
      isSamePlatform(platform.platform, match.platform.platform) &&
      sameLayers(platform.diffIds, match.platform.diffIds),
  );
}

const LEVELS: readonly BaseLevel[] = ['none', 'claimed', 'signed-claim', 'content'];

export function levelReaches(level: BaseLevel, wanted: BaseLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}
