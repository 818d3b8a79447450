import { ExitCode } from '../../core/index.ts';
import { isSamePlatform, type PlatformView } from '../../evidence/index.ts';
import {
  containedRecords,
  EMPTY_LOCK,
  MIN_CONTAINED_FILES,
  type BaseContainment,
  type BaseMatch,
  type Lock,
} from '../../provenance/index.ts';
import { recordName, type BaseFacts, type ContainedBase } from './base-facts.ts';
import { matchJudge, type JudgeOptions } from './base-standing.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, notCollected, shortList, warned } from '../outcome.ts';
import type { BaseEntry } from '../file/types.ts';

/** A containment is told from this share of a base's files on: less is what any two images of one distribution have in common. */
const TOLD_SHARE = 0.5;
const MAX_NOTES = 100;

/** What the lock's file lists say, best first, then newest first. */
export function containedBases(
  lock: Lock,
  platform: PlatformView,
  entries: readonly BaseEntry[],
  options: JudgeOptions,
): readonly ContainedBase[] {
  const found = platform.evidence.containments ?? [];
  const judge = matchJudge(lock, entries, options);
  const contained = containedRecords(lock, platform.platform, found).map(({ match, containment }): ContainedBase => ({
    ...judge(match),
    containment,
  }));
  return contained.toSorted(
    (a, b) => share(b.containment) - share(a.containment) || b.match.record.sequence - a.match.record.sequence,
  );
}

/** All files of the base are in the image, and they are enough to say something. */
export function isWhole({ total, matched, comparison }: BaseContainment): boolean {
  return matched === total && total >= MIN_CONTAINED_FILES && comparison !== undefined;
}

/** Whether a containment stands for matching layers: the entry says so, its record counts, and nothing is missing. */
export function isProof({ entry, refusal, containment }: ContainedBase): boolean {
  return refusal === undefined && entry?.squashed === 'allow' && isWhole(containment);
}

function share({ matched, total }: BaseContainment): number {
  return total === 0 ? 0 : matched / total;
}

/** `99.7 %`; 100 only when nothing is missing. */
export function shareText(containment: BaseContainment): string {
  const percent = share(containment) * 100;
  const text = containment.matched === containment.total ? '100' : Math.min(percent, 99.9).toFixed(1);
  return `${text} % (${containment.matched} of ${containment.total} files)`;
}

/** The finding that an image holds a base file for file, where that is not what proves the base. */
export function containsResult(facts: BaseFacts): CheckResult | undefined {
  const best = facts.contained.find(
    ({ containment }) => containment.total >= MIN_CONTAINED_FILES && share(containment) >= TOLD_SHARE,
  );
  if (best === undefined || facts.proof !== undefined) return undefined;
  const { record, platform } = best.match;
  const { containment } = best;
  const differs = [...containment.missing, ...containment.changed];
  const name = recordName(record);
  return warned({
    check: 'base',
    item: 'contains',
    code: 'BASE_CONTAINS',
    reason: `the image contains ${shareText(containment)} of ${name} (entry ${record.entry}), file for file; that says nothing of the order they came in`,
    basis: {
      digests: [record.digest, platform.manifest],
      paths: differs.slice(0, MAX_NOTES).map((path) => `/${path}`),
      notes: [
        `${containment.total - containment.matched} files of the base are missing or changed`,
        `${containment.extra} files are not the base's${containment.extra === 0 ? '' : `: ${shortList(containment.extraFiles.map((path) => `/${path}`))}`}`,
      ],
    },
    remedy: isWhole(containment)
      ? `build the image in layers on ${name}; or, if squashed images are meant, say squashed: allow in its entry`
      : `build the image in layers on ${name}, and leave its files as they are`,
  });
}

/**
 * Entries that a squashed image would satisfy, and for which nobody looked: no file list in the lock, or none compared with. Without that fact they are neither
 * there nor not there.
 */
export function uncompared(context: RuleContext, facts: BaseFacts): CheckResult | undefined {
  const { lock = EMPTY_LOCK } = context.loaded;
  const squashed = facts.entries.filter((entry) => entry.squashed === 'allow');
  const judge = matchJudge(lock, squashed, { allow: facts.check.allow, now: context.now });
  const compared = new Set((context.platform.evidence.containments ?? []).map(({ fileList }) => fileList));
  for (const record of lock.records) {
    for (const platform of record.platforms) {
      if (!isSamePlatform(platform.platform, context.platform.platform)) continue;
      if (platform.fileList !== undefined && compared.has(platform.fileList)) continue;
      const { match, refusal } = judge({ entry: record.entry, record, platform, layerCount: 0 });
      if (refusal !== undefined) continue;
      return platform.fileList === undefined ? noList(match) : notCompared(context, match);
    }
  }
  return undefined;
}

function noList({ record }: BaseMatch): CheckResult {
  return errored(
    {
      check: 'base',
      item: 'allow',
      code: 'BASE_FILE_LIST_MISSING',
      reason: `the lock keeps no files of ${recordName(record)} as observed ${record.observedAt}: whether the image is a squashed one cannot be said`,
      basis: { digests: [record.digest] },
      remedy: 'run waybill base lock with this policy: it lists the files of entries that say squashed: allow',
    },
    ExitCode.Input,
  );
}

function notCompared(context: RuleContext, { record }: BaseMatch): CheckResult {
  return notCollected(context, ['layers', 'comparison'], {
    check: 'base',
    item: 'allow',
    code: 'CONTAINMENT_MISSING',
    reason: `the evidence does not say whether the image contains ${record.image} as observed ${record.observedAt}`,
    basis: { digests: [record.digest] },
    remedy:
      'collect the evidence again with this policy and its lock; a lock with very many file lists may be started anew',
  });
}
