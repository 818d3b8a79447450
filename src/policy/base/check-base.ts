import { ExitCode } from '../../core/index.ts';
import { EMPTY_LOCK, type BaseLevel } from '../../provenance/index.ts';
import { checkFlags, checkTamper } from './base-conditions.ts';
import { checkFreshness } from './base-freshness.ts';
import { checkUnexplained } from './check-unexplained.ts';
import { claimText, judgeClaims } from './base-claims.ts';
import { checkBuildAttestations, checkClaims } from './check-claims.ts';
import { signaturesBy } from '../provenance/trusted-provenance.ts';
import { vouchedClaims } from './vouched-claims.ts';
import { isImageEntry, levelReaches, standingOf } from './base-standing.ts';
import { matchBasis, matchText, type BaseFacts } from './base-facts.ts';
import { alternativesResult, type Alternative } from './base-alternatives.ts';
import { containedBases, containsResult, isProof, shareText } from './base-containment.ts';
import { basisOf } from '../signers/check-signatures.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, notCollected, passed, shortList } from '../outcome.ts';
import type { BaseCheck } from '../file/types.ts';

/**
 * What the image stands on, against what the rule allows. Content evidence proves lineage from the root only: layers above the longest match are taken
 * for the application's own unless a claim of the image says otherwise (see `checkUnexplained`).
 */
export function checkBase(context: RuleContext, check: BaseCheck): readonly CheckResult[] {
  const blocked = cannotJudge(context, check);
  if (blocked !== undefined) return [blocked];
  const facts = gatherFacts(context, check);
  const { result: main, level } = checkAllowed(context, facts);
  const contains = containsResult(facts);
  const results = [
    main,
    ...(contains === undefined ? [] : [contains]),
    ...checkClaims(context, facts),
    ...checkBuildAttestations(context),
  ];
  if (main.outcome === 'error') return results;
  if (main.code === 'BASE_SCRATCH') return [...results, ...checkFlagsOfNothing(facts)];
  if (facts.standing.allowed.length === 0) return [...results, ...needContent({ ...facts, level })];
  return [
    ...results,
    ...checkFlags(context, facts),
    ...checkUnexplained(context, facts),
    ...checkTamper(context, facts),
    ...checkFreshness(context, facts),
  ];
}

function cannotJudge(context: RuleContext, check: BaseCheck): CheckResult | undefined {
  const { lock, policy } = context.loaded;
  const { refused } = context.lock;
  if (refused !== undefined) {
    return errored(
      { check: 'base', item: 'lock', code: refused.code, reason: refused.reason, remedy: refused.remedy },
      refused.exitCode,
    );
  }
  const needsLock = (policy.bases?.entries ?? []).some(
    (entry) => check.allow.includes(entry.name) && isImageEntry(entry),
  );
  if (lock === undefined && needsLock) {
    return errored(
      {
        check: 'base',
        item: 'lock',
        code: 'BASE_LOCK_MISSING',
        reason: `the lock ${policy.bases?.lock ?? ''} is missing: nothing is known about the allowed bases`,
        remedy: 'run waybill base lock with this policy',
      },
      ExitCode.Usage,
    );
  }
  if (context.platform.evidence.layersVerified) return undefined;
  return notCollected(context, ['resolve', 'manifest', 'layers'], {
    check: 'base',
    item: 'layers',
    code: 'LAYERS_UNVERIFIED',
    reason: `the layers of ${context.platform.manifest} were not read: their diffIDs are only claimed`,
    remedy: 'collect the evidence again with this policy',
  });
}

/** What there is to know about the base of a platform before anything is judged. */
export function gatherFacts(context: RuleContext, check: BaseCheck): BaseFacts {
  const entries = context.loaded.policy.bases?.entries ?? [];
  const { lock = EMPTY_LOCK } = context.loaded;
  const options = { allow: check.allow, now: context.now };
  const byLayers = standingOf(lock, context.platform, entries, options);
  // layers are worth more than files: where they tell the base, allowed or not, nothing else does
  const contained = byLayers.matches.length > 0 ? [] : containedBases(lock, context.platform, entries, options);
  const proofs = contained.filter(isProof);
  const standing = proofs.length === 0 ? byLayers : { matches: proofs, longest: proofs, allowed: proofs };
  const claims = judgeClaims(vouchedClaims(context), { lock, platform: context.platform, entries, standing });
  const level = levelOf(check, { standing, claims });
  const proof = proofs[0];
  return { check, entries, standing, claims, level, contained, ...(proof === undefined ? {} : { proof }) };
}

function levelOf(check: BaseCheck, facts: Pick<BaseFacts, 'standing' | 'claims'>): BaseLevel {
  if (facts.standing.allowed.length > 0) return 'content';
  const claims = facts.claims.filter((judged) => judged.entries.some((name) => check.allow.includes(name)));
  if (claims.length === 0) return 'none';
  return claims.some(({ signed }) => signed) ? 'signed-claim' : 'claimed';
}

function checkAllowed(context: RuleContext, facts: BaseFacts): Alternative {
  const { standing, level } = facts;
  const proved = checkProved(context, facts);
  if (proved !== undefined) return { result: proved, level };
  if (standing.longest.length > 0) return { result: knownButNotAllowed(facts), level };
  return alternativesResult(context, facts) ?? { result: checkClaimed(context, facts), level };
}

/** The base that layers prove, or files. */
function checkProved(context: RuleContext, facts: BaseFacts): CheckResult | undefined {
  const { standing, proof } = facts;
  if (proof !== undefined) {
    const { extra } = proof.containment;
    return passed({
      check: 'base',
      item: 'allow',
      code: 'BASE_CONTAINED',
      reason: `the image contains ${matchText(proof)} file for file: ${shareText(proof.containment)}, and ${extra} of its own; the order they came in is not proved`,
      basis: matchBasis(facts),
    });
  }
  if (standing.allowed.length > 0) {
    const { match } = standing.allowed[0]!;
    return passed({
      check: 'base',
      item: 'allow',
      code: 'BASE_CONTENT',
      reason: `the bottom ${match.layerCount} of ${context.platform.config.diffIds.length} layers are ${matchText(standing.allowed[0]!)}`,
      basis: matchBasis(facts),
    });
  }
  return undefined;
}

/** Without a proof: what the image says about itself. */
function checkClaimed(context: RuleContext, facts: BaseFacts): CheckResult {
  const { check, level } = facts;
  const wanted = check.evidence ?? 'content';
  const signers = context.rule.signatures?.by ?? [];
  if (levelReaches(level, wanted)) {
    const signatures = level === 'signed-claim' ? basisOf(signaturesBy(context, signers), signers) : {};
    const notes = facts.claims.map(({ claim }) => claimText(claim));
    const reason =
      level === 'none'
        ? 'nothing says what the base is, and the rule asks for nothing'
        : `the base is ${level}: ${shortList(notes, 2)}`;
    return passed({ check: 'base', item: 'allow', code: 'BASE_CLAIMED', reason, basis: { ...signatures, notes } });
  }
  return belowLevel(context, facts, wanted);
}

function knownButNotAllowed(facts: BaseFacts): CheckResult {
  const judged = facts.standing.longest[0]!;
  const reasons = {
    'not-allowed': 'which this rule does not allow',
    'other-image': 'which was recorded from another image than the entry names',
    tag: 'under a tag that the entry does not allow',
    history: 'which its tag left longer ago than the entry allows',
  } as const;
  return failed({
    check: 'base',
    item: 'allow',
    code: 'BASE_NOT_ALLOWED',
    reason: `the image stands on ${matchText(judged)}, ${reasons[judged.refusal ?? 'not-allowed']}`,
    basis: matchBasis(facts),
    remedy: `rebuild on one of ${shortList(facts.check.allow)}`,
  });
}

function belowLevel(context: RuleContext, facts: BaseFacts, wanted: BaseLevel): CheckResult {
  const { check, claims, level } = facts;
  const notes = claims.map(({ claim }) => claimText(claim));
  const provable = (context.loaded.lock?.records ?? []).some((record) => check.allow.includes(record.entry));
  const named = claims.length > 0 && level === 'none';
  if (named || (wanted === 'content' && provable)) {
    const reason =
      named && wanted !== 'content'
        ? `the image names a base that this rule does not allow: ${shortList(notes, 2)}`
        : `the bottom layers are none of the locked bases ${shortList(check.allow)}`;
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_NOT_ALLOWED',
      reason,
      basis: { digests: context.platform.config.diffIds.slice(0, 1), notes },
      remedy: `rebuild on one of ${shortList(check.allow)}; if the image stands on a newer one, run waybill base lock`,
    });
  }
  return failed({
    check: 'base',
    item: 'allow',
    code: 'BASE_EVIDENCE_TOO_LOW',
    reason: `the base is known at the level ${level}, the rule wants ${wanted}`,
    basis: { notes },
    remedy:
      wanted === 'content'
        ? 'run waybill base lock so that the layers can be compared'
        : 'sign the image, or have the build say what its base is',
  });
}

/** Conditions that can only be judged on content, where a weaker level was enough for the base itself. */
function needContent(facts: BaseFacts): readonly CheckResult[] {
  const { check, level } = facts;
  const words = [
    ...(check.require ?? []),
    ...(check.tamper === 'deny' ? ['tamper'] : []),
    ...(check.unexplained === 'deny' ? ['unexplained'] : []),
    ...(check.freshness === undefined ? [] : ['freshness']),
  ];
  if (words.length === 0 || !levelReaches(level, check.evidence ?? 'content')) return [];
  return words.map((item) =>
    failed({
      check: 'base',
      item,
      code: 'BASE_EVIDENCE_TOO_LOW',
      reason: `"${item}" can be judged only where the layers prove the base; here it is ${level}`,
      remedy: 'rebuild on an allowed base that is in the lock',
    }),
  );
}

/**
 * Nothing has no signature: who built the image so was demanded in its place, and has been verified. `attested` speaks of what went into the build besides, which an
 * image from scratch does not show.
 */
function checkFlagsOfNothing(facts: BaseFacts): readonly CheckResult[] {
  return (facts.check.require ?? []).map((item) =>
    item === 'authenticated'
      ? passed({
          check: 'base',
          item,
          code: 'BASE_NOTHING_TO_SIGN',
          reason: 'the image stands on nothing that somebody could have signed; its provenance was verified instead',
        })
      : failed({
          check: 'base',
          item,
          code: 'BASE_EVIDENCE_TOO_LOW',
          reason: `"${item}" speaks of a base, and the image stands on none`,
          remedy: 'give images from scratch a rule of their own, with buildInputs',
        }),
  );
}
