import { contradictingClaims, EMPTY_LOCK } from '../../provenance/index.ts';
import { claimText, type JudgedClaim } from './base-claims.ts';
import { matchText, type BaseFacts } from './base-facts.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { failed, notCollected, shortList, warned } from '../outcome.ts';

/**
 * Claims that the layers contradict, or that contradict each other. Beside proved content an untrue claim is worth a warning; instead of it, it fails. Where the
 * rule is content with claims, only what is certainly untrue fails: a digest that the lock knows to be other layers, or one of two that cannot both be true.
 */
export function checkClaims(context: RuleContext, facts: BaseFacts): readonly CheckResult[] {
  const { standing } = facts;
  const { lock = EMPTY_LOCK } = context.loaded;
  const lies = facts.claims.filter((judged) => judged.contradicted !== 'no');
  const quarrels = contradictingClaims(
    facts.claims.filter(({ inherited }) => !inherited),
    lock,
  );
  if (lies.length === 0 && quarrels.length === 0) return [];
  const certain = quarrels.length > 0 || lies.some((judged) => judged.contradicted === 'certain');
  const fails = (facts.check.evidence ?? 'content') === 'content' || certain;
  const say = standing.allowed.length === 0 && fails ? failed : warned;
  const stands = standing.longest[0];
  const said = shortList(
    lies.map(({ claim }) => claimText(claim)),
    2,
  );
  const quarrelTexts = quarrels.map(([a, b]) => `${claimText(a.claim)}, but ${claimText(b.claim)}`);
  const reason =
    lies.length > 0
      ? `${said}, but the layers are ${stands === undefined ? 'those of no locked base' : matchText(stands)}`
      : `the claims about the base contradict each other: ${quarrelTexts[0]}`;
  return [
    say({
      check: 'base',
      item: 'claims',
      code: 'BASE_CLAIM_CONFLICT',
      reason,
      basis: {
        digests: [...lies, ...quarrels.flat()].flatMap(({ claim }) => claim.digest ?? []),
        notes: [...lies.map(lieText), ...quarrelTexts],
      },
      remedy:
        'rebuild on the base that is named, or correct the annotation; if the base is newer than the lock, run waybill base lock',
    }),
  ];
}

function lieText({ claim, entries }: JudgedClaim): string {
  return claim.topLayer !== undefined && claim.layerCount === undefined
    ? `${claimText(claim)}: the image has no layer ${claim.topLayer}`
    : `${claimText(claim)}: the layers are not those of ${shortList(entries)} in the lock`;
}

/** What is wrong with BuildKit's attestations in the index. They are unsigned and prove nothing: what is odd about them is said, and what is missing is missing. */
export function checkBuildAttestations(context: RuleContext): readonly CheckResult[] {
  const { platform, image } = context;
  if (platform.build === undefined) return [missingBuild(context)];
  const findings = [...platform.build.findings, ...image.strayAttestations].slice(0, 20);
  return findings.map(({ code, reason, subject }) =>
    warned({
      check: 'base',
      item: 'build-attestations',
      code,
      reason,
      basis: subject === undefined ? {} : { digests: [subject] },
      remedy: 'build and push the index again, so that BuildKit’s attestations are about the platforms in it',
    }),
  );
}

/** The index lists provenance that the evidence does not hold. */
export function missingBuild(context: RuleContext, check: 'base' | 'buildInputs' = 'base'): CheckResult {
  const item = check === 'base' ? 'build-attestations' : undefined;
  return notCollected(context, ['build-attestations'], {
    check,
    ...(item === undefined ? {} : { item }),
    code: 'BUILD_ATTESTATIONS_NOT_COLLECTED',
    reason: `the index lists BuildKit’s provenance of ${context.platform.manifest}, which the evidence does not hold`,
    basis: { digests: [context.platform.manifest] },
    remedy: 'collect the evidence again with this policy',
  });
}
