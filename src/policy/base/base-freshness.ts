import { ExitCode } from '../../core/index.ts';
import { matchBasis, type BaseFacts } from './base-facts.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed, shortList, type Finding } from '../outcome.ts';
import { tagRecords, tagStandings } from './tag-standing.ts';
import { durationText } from '../file/values.ts';

/**
 * Whether the base is still what some allowed tag leads to, by the lock alone: fresh if any tag's latest record for the platform has these layers. A lock that
 * looked at the tags longer ago than `behind` cannot say.
 */
export function checkFreshness(context: RuleContext, facts: BaseFacts): readonly CheckResult[] {
  const { freshness } = facts.check;
  const { lock } = context.loaded;
  const { match } = facts.standing.allowed[0]!;
  const entries = facts.standing.allowed.flatMap(({ entry }) => entry ?? []);
  if (freshness === undefined || lock === undefined || entries.length === 0) return [];
  const distinct = [...new Set(entries)];
  const records = distinct.flatMap((entry) => tagRecords(lock.records, entry));
  const names = shortList(distinct.map((entry) => entry.name));
  const observed = records.reduce((latest, record) => Math.max(latest, Date.parse(record.observedAt)), -Infinity);
  const nowMs = context.now.getTime();
  const behind = durationText(freshness.behind);
  if (nowMs - observed > freshness.behind) {
    const when = records.length === 0 ? 'never' : new Date(observed).toISOString();
    const reason = `the lock last observed the tags of ${names} ${when}, longer ago than ${behind}: it cannot say what is current`;
    return [
      errored(
        { check: 'base', item: 'freshness', code: 'BASE_LOCK_OUTDATED', reason, remedy: 'run waybill base lock' },
        ExitCode.Input,
      ),
    ];
  }
  const standings = distinct.flatMap((entry) =>
    tagStandings(tagRecords(lock.records, entry), {
      platform: match.platform.platform,
      diffIds: match.platform.diffIds,
    }),
  );
  const finding = { check: 'base', item: 'freshness', basis: matchBasis(facts) } as const satisfies Partial<Finding>;
  if (standings.some(({ here }) => here)) {
    return [passed({ ...finding, code: 'BASE_FRESH', reason: `a tag of ${names} still leads to this base` })];
  }
  // a base that no tag of the entry led to was pinned by its digest: it counts from when that was observed
  const lefts = standings.flatMap(({ leftAt }) => (leftAt === undefined ? [] : [Date.parse(leftAt)]));
  const moved = lefts.length === 0 ? Date.parse(match.record.observedAt) : Math.max(...lefts);
  const since = `the tags of ${names} lead elsewhere since ${new Date(moved).toISOString()}`;
  if (nowMs - moved > freshness.behind) {
    const remedy = 'rebuild on the current base';
    return [failed({ ...finding, code: 'BASE_STALE', reason: `${since}, longer than ${behind}`, remedy })];
  }
  return [passed({ ...finding, code: 'BASE_BEHIND', reason: `${since}, not longer than ${behind}` })];
}
