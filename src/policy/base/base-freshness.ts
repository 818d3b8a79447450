import { ExitCode } from '../../core/index.ts';
import { matchBasis, type BaseFacts } from './base-facts.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed, shortList, type Finding } from '../outcome.ts';
import { tagHistory } from './tag-standing.ts';
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
  const { standings, lookedAtMs } = tagHistory(lock.records, distinct, match.platform);
  const names = shortList(distinct.map((entry) => entry.name));
  const nowMs = context.now.getTime();
  const behind = durationText(freshness.behind);
  if (nowMs - lookedAtMs > freshness.behind) {
    const when = lookedAtMs === -Infinity ? 'never' : new Date(lookedAtMs).toISOString();
    const reason = `the lock last observed the tags of ${names} ${when}, longer ago than ${behind}: it cannot say what is current`;
    return [
      errored(
        { check: 'base', item: 'freshness', code: 'BASE_LOCK_OUTDATED', reason, remedy: 'run waybill base lock' },
        ExitCode.Input,
      ),
    ];
  }
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
