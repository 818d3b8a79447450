import { compareCodeUnits, type Digest } from '../core/index.ts';
import {
  lockBlob,
  matchBases,
  type BaseClaim,
  type BaseLevel,
  type BaseMatch,
  type Lock,
  type LockRecord,
} from '../provenance/index.ts';
import { canonicalName, isSamePlatform, readConfigClaims } from '../evidence/index.ts';
import type { PlatformView } from '../evidence/index.ts';
import { matchesAny } from './glob.ts';
import type { BaseEntry } from './types.ts';

/** Why a record of the lock does not count for an entry. */
export type RecordRefusal = 'not-allowed' | 'other-image' | 'tag' | 'history';

export interface JudgedMatch {
  readonly match: BaseMatch;
  readonly entry: BaseEntry | undefined;
  /** Undefined: the record counts. */
  readonly refusal: RecordRefusal | undefined;
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
  options: { readonly allow: readonly string[]; readonly now: Date },
): BaseStanding {
  const found = matchBases(lock, { platform: platform.platform, diffIds: platform.config.diffIds });
  const matches = found.map((match): JudgedMatch => {
    const entry = entries.find((candidate) => candidate.name === match.entry);
    return { match, entry, refusal: refusalOf(lock, match, entry, options) };
  });
  const depth = matches[0]?.match.layerCount ?? 0;
  const longest = matches.filter(({ match }) => match.layerCount === depth);
  return { matches, longest, allowed: longest.filter((judged) => judged.refusal === undefined) };
}

/** Why a record of the lock does not count for the entry it names; undefined when it does. */
export function refusalOf(
  lock: Lock,
  match: BaseMatch,
  entry: BaseEntry | undefined,
  options: { readonly allow: readonly string[]; readonly now: Date },
): RecordRefusal | undefined {
  if (entry === undefined || !options.allow.includes(entry.name)) return 'not-allowed';
  if ((entry.kind ?? 'image') !== 'image' || match.record.image !== entry.image) return 'other-image';
  if (!isTagAllowed(entry, match.record)) return 'tag';
  const left = tagLeftAt(lock, match);
  if (entry.history !== undefined && left !== undefined && options.now.getTime() - left.getTime() > entry.history)
    return 'history';
  return undefined;
}

/** A record without a tag (pinned by digest) counts for entries that do not choose among tags. */
export function isTagAllowed(entry: BaseEntry, record: LockRecord): boolean {
  if (entry.tags === undefined) return true;
  return record.tag !== null && matchesAny(entry.tags, record.tag);
}

/** When the lock first saw the tag lead to other content for this platform; undefined while it has not. */
export function tagLeftAt(lock: Lock, match: BaseMatch): Date | undefined {
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

export function sameLayers(a: readonly Digest[], b: readonly Digest[]): boolean {
  return a.length === b.length && a.every((diffId, index) => diffId === b[index]);
}

/** How a claim about the base stands to the lock and the layers. */
export interface JudgedClaim {
  readonly claim: BaseClaim;
  /** Entries of the policy that the claim names, by repository or by a digest in the lock. */
  readonly entries: readonly string[];
  /** The layers bear it out: an entry it names is among the matches (and, where the digest is in the lock, with exactly that digest's layers). */
  readonly confirmed: boolean;
  /**
   * How the layers contradict it: `certain` when it names a digest in the lock and the layers are others; `likely` when the entry it names has been
   * observed for this platform, and none of that is here.
   */
  readonly contradicted: 'certain' | 'likely' | 'no';
  /** A label that the matched base itself carries: it speaks of the base's base. */
  readonly inherited: boolean;
}

/** Claims that name something, against the matches. History names nothing and is for drawing only. */
export function judgeClaims(
  lock: Lock,
  platform: PlatformView,
  entries: readonly BaseEntry[],
  standing: BaseStanding,
): readonly JudgedClaim[] {
  return platform.claims
    .filter((claim) => claim.name !== undefined || claim.digest !== undefined)
    .map((claim) => {
      const inherited = isInherited(claim, standing);
      const { digest } = claim;
      const byDigest = digest === undefined ? [] : lock.records.filter((record) => recordHasDigest(record, digest));
      const repository = claimedRepository(claim);
      const byName = entries
        .filter((entry) => entry.image !== undefined && entry.image === repository)
        .map((entry) => entry.name);
      const named = [...new Set([...byName, ...byDigest.map((record) => record.entry)])].toSorted(compareCodeUnits);
      const nameHolds = byName.length === 0 || standing.matches.some(({ match }) => byName.includes(match.entry));
      const digestHolds =
        byDigest.length === 0 ||
        byDigest.some((record) => standing.matches.some(({ match }) => sameContent(match, record)));
      const confirmed = inherited || (named.length > 0 && nameHolds && digestHolds);
      const observed = lock.records.some(
        (record) =>
          named.includes(record.entry) &&
          record.platforms.some((item) => isSamePlatform(item.platform, platform.platform)),
      );
      const contradicted = confirmed ? 'no' : !digestHolds ? 'certain' : observed ? 'likely' : 'no';
      return { claim, entries: named, confirmed, contradicted, inherited } as const;
    });
}

function isInherited(claim: BaseClaim, standing: BaseStanding): boolean {
  if (claim.source !== 'label') return false;
  return standing.matches.some(({ match }) => {
    const parent = readConfigClaims(lockBlob(match.record, match.platform.config));
    return parent.some(
      (other) => other.source === 'label' && other.name === claim.name && other.digest === claim.digest,
    );
  });
}

function recordHasDigest(record: LockRecord, digest: Digest): boolean {
  return record.digest === digest || record.platforms.some((platform) => platform.manifest === digest);
}

/** The same base under another digest (rebuilt, recompressed) is the same base. */
function sameContent(match: BaseMatch, record: LockRecord): boolean {
  return record.platforms.some(
    (platform) =>
      isSamePlatform(platform.platform, match.platform.platform) &&
      sameLayers(platform.diffIds, match.platform.diffIds),
  );
}

/** The canonical registry and repository a claim names; undefined when it is no image name. */
export function claimedRepository(claim: BaseClaim): string | undefined {
  return claim.name === undefined ? undefined : canonicalName(claim.name);
}

/** What a claim says, for people. */
export function claimText(claim: BaseClaim): string {
  const what = [claim.name, claim.digest].filter((part) => part !== undefined).join('@');
  return `${claim.source} says ${what}`;
}

const LEVELS: readonly BaseLevel[] = ['none', 'claimed', 'signed-claim', 'content'];

export function levelReaches(level: BaseLevel, wanted: BaseLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}
