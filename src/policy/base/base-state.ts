import type { Digest } from '../../core/index.ts';
import type { Platform } from '../../evidence/index.ts';
import { isWhole } from './base-containment.ts';
import { claimedRepository, claimText, isInherited } from './base-claims.ts';
import {
  containedRecords,
  EMPTY_LOCK,
  matchBases,
  recordHasDigest,
  type BaseClaim,
  type BaseContainment,
  type BaseMatch,
  type Lock,
  type LockRecord,
} from '../../provenance/index.ts';
import { matchJudge, type RecordRefusal } from './base-standing.ts';
import { endOfLifeOf } from '../content/image-checks/lifecycle.ts';
import { tagHistory, type TagStanding } from './tag-standing.ts';
import type { BaseEntry, LoadedPolicy } from '../file/types.ts';

/** What is asked about. */
export interface BaseQuestion {
  readonly platform: Platform;
  /** Verified. */
  readonly diffIds: readonly Digest[];
  readonly claims: readonly BaseClaim[];
  /** File lists of the lock that were looked for in its files, where no layers match. */
  readonly containments?: readonly BaseContainment[];
  /** Of `os-release`, where there is one. */
  readonly system?: { readonly id: string; readonly versionId?: string };
  /** Canonical; rules for this name say how far behind is too far. */
  readonly name: string | null;
  readonly now: Date;
  /** What the tags lead to now, beyond the lock; only asked where tags lead, never matched with. */
  readonly refreshed?: readonly LockRecord[];
  /** Tags of entries that are there no more. */
  readonly gone?: readonly { readonly entry: string; readonly tag: string }[];
}

export type BaseAlarmCode =
  | 'behind-too-long'
  | 'not-allowed'
  | 'never-published'
  | 'moved-back'
  | 'platform-gone'
  | 'tag-gone'
  | 'end-of-life'
  | 'lock-outdated';

export interface BaseAlarm {
  readonly code: BaseAlarmCode;
  /** In words. */
  readonly reason: string;
}

/** How the base of one platform stands today. */
export interface BaseState {
  /** `unknown`: the bottom layers are those of no locked base. */
  readonly state: 'current' | 'behind' | 'unknown';
  readonly base?: {
    readonly entry: string;
    readonly image: string;
    readonly tag: string | null;
    readonly digest: Digest;
    readonly observedAt: string;
    /** 0 for one that the files of a flattened image prove. */
    readonly layerCount: number;
  };
  /** Since when no tag leads here, and how many other images the one that left last was seen to lead to since. */
  readonly behind?: {
    readonly since: string;
    readonly images: number;
    readonly tag: string;
    readonly current: Digest;
  };
  /** Last day of support, where it is known. */
  readonly endOfLife?: string;
  /** When the tags were last looked at. */
  readonly observedAt?: string;
  readonly alarms: readonly BaseAlarm[];
}

const DAY_MS = 86_400_000;

/** Tells how the base of an image stands today by the lock of a policy. Pure. */
export function baseState(loaded: LoadedPolicy, question: BaseQuestion): BaseState {
  const { lock = EMPTY_LOCK } = loaded;
  const entries = (loaded.policy.bases?.entries ?? []).filter((entry) => entry.image !== undefined);
  const matches = matchesOf(lock, entries, question);
  // labels that the matched base itself carries speak of the base's base
  const claims = question.claims.filter((claim) => !isInherited(claim, matches));
  const alarms = claimAlarms(lock, entries, claims);
  const endOfLife = lastDay(question);
  if (endOfLife !== undefined && question.now.getTime() >= Date.parse(`${endOfLife}T00:00:00Z`) + DAY_MS) {
    const { id, versionId = '' } = question.system ?? { id: '' };
    alarms.push({ code: 'end-of-life', reason: `${id} ${versionId} has not been maintained since ${endOfLife}` });
  }
  const about = endOfLife === undefined ? {} : { endOfLife };
  const depth = matches[0]?.layerCount;
  const judge = matchJudge(lock, entries, { allow: entries.map(({ name }) => name), now: question.now });
  const longest = matches.filter(({ layerCount }) => layerCount === depth).map(judge);
  const chosen = longest.find(({ refusal }) => refusal === undefined) ?? longest[0];
  if (chosen === undefined) return { state: 'unknown', ...about, alarms };
  const { record, layerCount, platform } = chosen.match;
  const { entry, image, tag, digest } = record;
  const base = { entry, image, tag, digest, observedAt: record.observedAt, layerCount };
  if (chosen.refusal !== undefined) alarms.push({ code: 'not-allowed', reason: REFUSALS[chosen.refusal] });
  const counted = longest.flatMap(({ entry, refusal }) => (refusal === undefined && entry ? [entry] : []));
  const asked = [...new Set(counted.length > 0 ? counted : chosen.entry ? [chosen.entry] : [])];
  const known = [...lock.records, ...(question.refreshed ?? [])];
  const { standings, lookedAtMs } = tagHistory(known, asked, platform);
  const observedAt = lookedAtMs === -Infinity ? undefined : secondsOf(lookedAtMs);
  alarms.push(...tagAlarms(standings), ...goneAlarms(question, asked));
  const limit = behindLimit(loaded, question.name, asked);
  if (limit !== undefined && question.now.getTime() - lookedAtMs > limit) {
    alarms.push({
      code: 'lock-outdated',
      reason: `the lock last looked at the tags ${observedAt ?? 'never'}: it cannot say what is current`,
    });
  }
  const looked = observedAt === undefined ? {} : { observedAt };
  if (standings.some(({ here }) => here)) return { state: 'current', base, ...about, ...looked, alarms };
  const left = standings
    .filter(({ seen }) => seen)
    .toSorted((a, b) => Date.parse(b.leftAt ?? '') - Date.parse(a.leftAt ?? ''))[0];
  const behind = {
    since: left?.leftAt ?? record.observedAt,
    images: left?.behind ?? 0,
    tag: left?.tag ?? tag ?? '',
    current: left?.latest.digest ?? digest,
  };
  if (limit !== undefined && question.now.getTime() - Date.parse(behind.since) > limit) {
    alarms.push({ code: 'behind-too-long', reason: `no tag leads to this base since ${behind.since}` });
  }
  return { state: 'behind', base, behind, ...about, ...looked, alarms };
}

/** By layers; where none match, whole bases among the files, as far as their entries let that count. */
function matchesOf(lock: Lock, entries: readonly BaseEntry[], question: BaseQuestion): readonly BaseMatch[] {
  const { platform, diffIds, containments = [] } = question;
  const byLayers = matchBases(lock, { platform, diffIds });
  if (byLayers.length > 0) return byLayers;
  const counts = new Set(entries.flatMap(({ name, squashed }) => (squashed === 'allow' ? [name] : [])));
  return containedRecords(lock, platform, containments)
    .filter(({ match, containment }) => counts.has(match.entry) && isWhole(containment))
    .map(({ match }) => match)
    .toReversed();
}

const REFUSALS: Readonly<Record<RecordRefusal, string>> = {
  'not-allowed': 'the policy allows no such base',
  'other-image': 'the record was made from another image than its entry names',
  tag: 'it was published under a tag that its entry does not allow',
  history: 'its tag left it longer ago than its entry allows',
};

/** Digests that an image names of an allowed repository, and that nobody ever saw there. */
function claimAlarms(lock: Lock, entries: readonly BaseEntry[], claims: readonly BaseClaim[]): BaseAlarm[] {
  const alarms: BaseAlarm[] = [];
  for (const claim of claims) {
    const { digest } = claim;
    const repository = claimedRepository(claim);
    const named = entries.filter((entry) => entry.image === repository);
    const observed = lock.records.filter((record) => record.image === repository);
    if (digest === undefined || named.length === 0 || observed.length === 0) continue;
    if (observed.some((record) => recordHasDigest(record, digest))) continue;
    const reason = `${claimText(claim)}, and nobody ever saw that digest under a tag of ${repository}`;
    alarms.push({ code: 'never-published', reason });
  }
  return alarms;
}

function tagAlarms(standings: readonly TagStanding[]): readonly BaseAlarm[] {
  return standings.flatMap(({ tag, last, movedBack, platformGone }): BaseAlarm[] => [
    ...(movedBack
      ? [{ code: 'moved-back', reason: `the tag ${tag} was moved back to ${last.digest}, which it had left` } as const]
      : []),
    ...(platformGone
      ? [
          {
            code: 'platform-gone',
            reason: `the tag ${tag} has this platform no more since ${last.observedAt}`,
          } as const,
        ]
      : []),
  ]);
}

function goneAlarms({ gone = [] }: BaseQuestion, asked: readonly BaseEntry[]): readonly BaseAlarm[] {
  const ours = gone.filter(({ entry }) => asked.some(({ name }) => name === entry));
  return ours.map(({ entry, tag }) => ({ code: 'tag-gone', reason: `the tag ${tag} of ${entry} is there no more` }));
}

function lastDay({ system }: BaseQuestion): string | undefined {
  return system?.versionId === undefined ? undefined : endOfLifeOf(system.id, system.versionId);
}

/** The shortest time that any rule for this image (any rule, where it has no name) lets one of these bases be behind. */
function behindLimit({ policy }: LoadedPolicy, name: string | null, entries: readonly BaseEntry[]): number | undefined {
  const limits = policy.rules.flatMap(({ images, base }) => {
    const speaksOf = name === null || images.some((glob) => glob.matches(name));
    const allows = entries.some((entry) => base?.allow.includes(entry.name));
    return speaksOf && allows && base?.freshness !== undefined ? [base.freshness.behind] : [];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** As the lock writes times. */
function secondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
