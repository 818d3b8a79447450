import { claimText, type JudgedClaim } from './base-claims.ts';
import { matchText, type BaseFacts } from './base-facts.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { byStrictness, passed } from '../outcome.ts';

/**
 * Layers between the allowed base and the application that nothing explains. Layers alone cannot tell an intermediate image from the application, so
 * what counts is what is said about them: a claim (annotation, label, buildpacks, provenance, SBOM) that names a base which the matched layers do not bear out
 * means that the layers above the match belong to that unproved base. Without such a claim they are the application's own; the history's instructions say
 * nothing either way, anybody can write them.
 */
export function checkUnexplained(context: RuleContext, facts: BaseFacts): readonly CheckResult[] {
  const { match } = facts.standing.allowed[0]!;
  const total = context.platform.config.diffIds.length;
  if (match.layerCount === total) return [];
  const explaining = facts.claims.filter((judged) => explains(judged, match.layerCount));
  const isExplainedBySigned = explaining.some(({ signed }) => signed);
  // a label may be inherited from an image that the lock does not know; signed provenance says better
  const contradicting = facts.claims.filter(
    ({ claim, confirmed, inherited }) => !confirmed && !inherited && !(isExplainedBySigned && claim.source === 'label'),
  );
  const [first] = contradicting;
  if (first === undefined) return explaining.length === 0 ? [] : [explained(facts, explaining)];
  const deepest = Math.max(...contradicting.map(({ claim }) => claim.layerCount ?? total));
  const end = deepest > match.layerCount ? Math.min(deepest, total) : total;
  const layers = Array.from({ length: end - match.layerCount }, (_, index) => match.layerCount + index);
  const which =
    end === total && first.claim.layerCount !== total
      ? `some of the ${layers.length} layers`
      : `${layers.length} layers`;
  return [
    byStrictness(facts.check.unexplained ?? 'warn', {
      check: 'base',
      item: 'unexplained',
      code: 'BASE_UNEXPLAINED_LAYERS',
      reason: `${claimText(first.claim)}, which is not what the layers prove: ${which} above ${match.record.image} belong to that base`,
      basis: { layers, notes: contradicting.map(({ claim }) => claimText(claim)) },
      remedy: 'allow and lock the base that the image names, or build directly on an allowed one',
    }),
  ];
}

/** Provenance whose layer map ends the base exactly where the locked one ends. */
function explains({ claim, confirmed }: JudgedClaim, layerCount: number): boolean {
  return claim.source === 'provenance' && confirmed && claim.layerCount === layerCount;
}

function explained(facts: BaseFacts, explaining: readonly JudgedClaim[]): CheckResult {
  const who = explaining.some(({ signed }) => signed) ? 'signed provenance' : 'BuildKit’s unsigned provenance';
  return passed({
    check: 'base',
    item: 'unexplained',
    code: 'BASE_LAYERS_EXPLAINED',
    reason: `${who} says that everything above ${matchText(facts.standing.allowed[0]!)} was built directly on it`,
    basis: { notes: explaining.map(({ claim }) => claimText(claim)) },
  });
}
