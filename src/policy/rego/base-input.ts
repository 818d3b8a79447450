import { tamperFindings } from '../../provenance/index.ts';
import { tagLeftAt, type JudgedMatch } from '../base/base-standing.ts';
import type { JudgedClaim } from '../base/base-claims.ts';
import { gatherFacts } from '../base/check-base.ts';
import { authenticatedKey, type RuleContext } from '../context.ts';
import type { BaseCheck } from '../file/types.ts';
import type { BaseClaimInput, BaseInput, BaseMatchInput } from './input-types.ts';

/**
 * What is known about the base: with the rule's own base check, or with every entry of the policy where it has none.
 * @returns beside it, whether it is unknown what upper layers did to the longest match
 */
export function baseInput(context: RuleContext): { readonly base: BaseInput; readonly uncompared: boolean } {
  const entries = context.loaded.policy.bases?.entries ?? [];
  const check: BaseCheck = context.rule.base ?? { allow: entries.map((entry) => entry.name) };
  const { standing, claims, level, proof } = gatherFacts(context, check);
  const depth = standing.longest[0]?.match.layerCount ?? 0;
  const comparison =
    proof?.containment.comparison ??
    (depth === 0 ? undefined : context.platform.evidence.comparisons.find((item) => item.layerCount === depth));
  return {
    base: {
      level,
      matches: standing.matches.map((judged) => matchInput(context, judged)),
      claims: claims.map(claimInput),
      tamper: comparison === undefined ? [] : tamperFindings(comparison),
    },
    uncompared: comparison === undefined && standing.longest.length > 0,
  };
}

function claimInput({ claim, signed, entries, confirmed, contradicted, inherited }: JudgedClaim): BaseClaimInput {
  return { ...claim, signed, entries, confirmed, contradicted, inherited };
}

function matchInput(context: RuleContext, judged: JudgedMatch): BaseMatchInput {
  const { match, refusal } = judged;
  const { record, platform } = match;
  const { lock } = context.loaded;
  return {
    entry: match.entry,
    image: record.image,
    tag: record.tag,
    digest: record.digest,
    manifest: platform.manifest,
    layerCount: match.layerCount,
    observedAt: record.observedAt,
    allowed: refusal === undefined,
    refusal: refusal ?? null,
    authenticatedBy: context.lock.authenticated.get(authenticatedKey(record.sequence, platform.manifest)) ?? null,
    behindSince: (lock === undefined ? undefined : tagLeftAt(lock, match))?.toISOString() ?? null,
  };
}
