import { standingOf } from './base-standing.ts';
import type { RuleContext } from '../context.ts';

/** How many bottom layers of a platform are an allowed base, and which. */
export interface AllowedBase {
  readonly layerCount: number;
  /** Name of its entry. */
  readonly entry: string;
}

/**
 * The base that the layers of the platform prove, when the rule's `base` allows it (for a rule without one: when any entry of the policy is it). What such a
 * base holds is the base's own. Undefined also when the lock was refused or the layers were not read.
 */
export function allowedBase(context: RuleContext): AllowedBase | undefined {
  const { loaded, platform, rule, now, lock } = context;
  if (loaded.lock === undefined || lock.refused !== undefined || !platform.evidence.layersVerified) return undefined;
  const entries = loaded.policy.bases?.entries ?? [];
  const allow = rule.base?.allow ?? entries.map(({ name }) => name);
  const [found] = standingOf(loaded.lock, platform, entries, { allow, now }).allowed;
  return found === undefined ? undefined : { layerCount: found.match.layerCount, entry: found.match.entry };
}
