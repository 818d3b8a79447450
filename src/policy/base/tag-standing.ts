import type { Digest } from '../../core/index.ts';
import { isSamePlatform } from '../../evidence/index.ts';
import { sameLayers, type LockPlatform, type LockRecord } from '../../provenance/index.ts';
import { isTagAllowed } from './base-standing.ts';
import type { BaseEntry } from '../file/types.ts';

/** How one tag of an entry stands to one base: what the lock saw it lead to, in order. */
export interface TagStanding {
  readonly tag: string;
  /** The last record of the tag, and the last that has the platform. */
  readonly last: LockRecord;
  readonly latest: LockRecord;
  /** The tag led to these layers, at some time. */
  readonly seen: boolean;
  /** It does so by the latest record. */
  readonly here: boolean;
  /** When it was first seen elsewhere since; of tags that were seen and are not here. */
  readonly leftAt?: string;
  /** How many other images it was seen to lead to since. */
  readonly behind: number;
  /** It leads to what it led to earlier, and led elsewhere in between. */
  readonly movedBack: boolean;
  /** The last record has the platform no more. */
  readonly platformGone: boolean;
}

/** How the tags of some entries stand to a base, and when the lock last looked at any of them. */
export interface TagHistory {
  readonly standings: readonly TagStanding[];
  /** -Infinity when it never did. */
  readonly lookedAtMs: number;
}

/** The tags of each entry after the other. @param records in the order of the lock */
export function tagHistory(
  records: readonly LockRecord[],
  entries: readonly BaseEntry[],
  base: Pick<LockPlatform, 'platform' | 'diffIds'>,
): TagHistory {
  const byEntry = entries.map((entry) => tagRecords(records, entry));
  return {
    standings: byEntry.flatMap((own) => tagStandings(own, base)),
    lookedAtMs: byEntry.flat().reduce((latest, { observedAt }) => Math.max(latest, Date.parse(observedAt)), -Infinity),
  };
}

/** Records of an entry's tags that the policy allows. */
function tagRecords(records: readonly LockRecord[], entry: BaseEntry): readonly LockRecord[] {
  return records.filter(
    (record) =>
      record.entry === entry.name && record.image === entry.image && record.tag !== null && isTagAllowed(entry, record),
  );
}

/**
 * How the tags of an entry stand to a base's layers on a platform, in the order in which they were first seen. Tags that never had the platform are left out.
 * @param records of the entry (`tagRecords`), in the order of the lock
 */
function tagStandings(
  records: readonly LockRecord[],
  base: Pick<LockPlatform, 'platform' | 'diffIds'>,
): readonly TagStanding[] {
  const tags = new Set(records.flatMap(({ tag }) => tag ?? []));
  return [...tags].flatMap(
    (tag) =>
      standingOfTag(
        tag,
        records.filter((record) => record.tag === tag),
        base,
      ) ?? [],
  );
}

function standingOfTag(
  tag: string,
  records: readonly LockRecord[],
  base: Pick<LockPlatform, 'platform' | 'diffIds'>,
): TagStanding | undefined {
  let latest: LockRecord | undefined;
  let seen = false;
  let leftAt: string | undefined;
  let behind = 0;
  let before: Digest | undefined;
  for (const record of records) {
    const here = record.platforms.find(({ platform }) => isSamePlatform(platform, base.platform));
    if (here === undefined) continue;
    latest = record;
    if (sameLayers(here.diffIds, base.diffIds)) {
      seen = true;
      [leftAt, behind] = [undefined, 0];
    } else if (seen) {
      leftAt ??= record.observedAt;
      if (here.manifest !== before) behind += 1;
    }
    before = here.manifest;
  }
  const last = records.at(-1);
  if (latest === undefined || last === undefined) return undefined;
  return {
    tag,
    last,
    latest,
    seen,
    here: seen && leftAt === undefined,
    ...(leftAt === undefined ? {} : { leftAt }),
    behind,
    movedBack: isMovedBack(records),
    platformGone: latest !== last,
  };
}

function isMovedBack(records: readonly LockRecord[]): boolean {
  const digest = records.at(-1)?.digest;
  const elsewhere = records.findLastIndex((record) => record.digest !== digest);
  return records.slice(0, Math.max(0, elsewhere)).some((record) => record.digest === digest);
}
