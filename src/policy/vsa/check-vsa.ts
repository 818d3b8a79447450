import { PREDICATE_TYPES } from '../../attestation/index.ts';
import { compareCodeUnits, isDigest } from '../../core/index.ts';
import { canonicalName } from '../../evidence/index.ts';
import {
  basisOf,
  isBy,
  namesOf,
  refusedBundles,
  trustMissing,
  undecided,
  wantedText,
} from '../signers/check-signatures.ts';
import { coveringSubjects, type BundleContext, type RuleContext } from '../context.ts';
import type { CheckName, CheckResult } from '../decision.ts';
import { exceptionsFor } from '../exceptions.ts';
import { failed, passed, shortList, warned } from '../outcome.ts';
import { isStrangerCode } from '../signers/signers.ts';
import type { VerifiedStatement } from '../signers/statements.ts';
import type { PolicyRule } from '../file/types.ts';
import { durationText } from '../file/values.ts';
import { readVsa, type VsaFacts } from './vsa.ts';

type VsaCheck = NonNullable<PolicyRule['vsa']>;
/** What judging a summary looks at; layers are not among it. */
export type VsaContext = BundleContext & Pick<RuleContext, 'rule' | 'now'>;

/** A verification summary that stands for a rule's other checks, or why there is none. */
export type VsaVerdict =
  | { readonly accepted: AcceptedVsa }
  | { readonly accepted?: undefined; readonly refused: CheckResult };

export interface AcceptedVsa {
  readonly statement: VerifiedStatement;
  /** What the verifier said of this rule. */
  readonly outcome: 'pass' | 'warn';
}

/**
 * Looks for a verification summary that settles a rule: by one of `by`, about this platform's manifest or its index, of this very policy and this image name,
 * passed, young enough by a trusted time, and resting on nothing that has lapsed since. The newest that is good counts.
 */
export function judgeVsa(context: VsaContext, check: VsaCheck): VsaVerdict {
  const candidates = context.statements.verified
    .filter((statement) => isVsa(statement) && isBy(statement, check.by))
    .filter((statement) => coveringSubjects(context).includes(statement.subject))
    .toSorted((a, b) => (ageTime(b) ?? 0) - (ageTime(a) ?? 0) || compareCodeUnits(a.bundle, b.bundle));
  let refused: CheckResult | undefined;
  for (const statement of candidates) {
    const verdict = judgeOne(context, check, statement);
    if (verdict.accepted !== undefined) return verdict;
    refused ??= verdict.refused;
  }
  return { refused: refused ?? undecided(context, 'vsa', check.by) ?? missing(context, check) };
}

function isVsa({ predicateType }: { readonly predicateType?: string }): boolean {
  return predicateType === PREDICATE_TYPES.vsa.uri;
}

/** The earlier of what a trusted source and the verifier say: a new timestamp on an old summary does not make it younger. */
function ageTime({ signedAt, predicate }: VerifiedStatement): number | undefined {
  if (signedAt === undefined) return undefined;
  return Math.min(signedAt.getTime(), readVsa(predicate)?.timeVerified?.getTime() ?? Number.POSITIVE_INFINITY);
}

interface Judging extends VsaContext {
  readonly check: VsaCheck;
  readonly statement: VerifiedStatement;
}

function judgeOne(context: VsaContext, check: VsaCheck, statement: VerifiedStatement): VsaVerdict {
  const judging = { ...context, check, statement };
  const facts = readVsa(statement.predicate);
  if (facts === undefined) return refuse(judging, 'VSA_UNREADABLE', 'it has not the members that a summary must have');
  if (facts.result !== 'PASSED')
    return refuse(judging, 'VSA_FAILED', `it says ${JSON.stringify(facts.result.slice(0, 80))}, not PASSED`);
  if (facts.policyDigest !== context.loaded.digest) {
    const other = facts.policyDigest ?? 'no policy digest';
    return refuse(judging, 'VSA_POLICY_MISMATCH', `it is about another policy: ${other}, not ${context.loaded.digest}`);
  }
  if (!isAboutImage(judging, facts.resourceUri)) {
    const uri = JSON.stringify(facts.resourceUri.slice(0, 200));
    return refuse(judging, 'VSA_RESOURCE_MISMATCH', `it is about ${uri}, and other rules may speak of that`);
  }
  return judgeAge(judging, facts) ?? judgeRule(judging, facts);
}

/** The name decides which rules speak of an image: what passed under another name has passed other rules. */
function isAboutImage({ image, statement }: Judging, resourceUri: string): boolean {
  const text = resourceUri.replace(/^(?:oci|docker):\/\//, '');
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined && (!isDigest(digest) || digest !== statement.subject)) return false;
  return image.evidence.name !== null && canonicalName(text) === image.evidence.name;
}

function judgeAge(judging: Judging, facts: VsaFacts): VsaVerdict | undefined {
  const { check, statement, statements, now } = judging;
  if (check.maxAge !== undefined) {
    const time = ageTime(statement);
    if (time === undefined && statements.missingTrust !== undefined && statement.unjudgedTimes)
      return { refused: trustMissing(statements.missingTrust, 'vsa') };
    if (time === undefined)
      return refuse(
        judging,
        'VSA_TIME_UNKNOWN',
        'no trusted source says when it was signed: it needs a timestamp (--timestamp-server-url), or the rule no maxAge',
      );
    if (now.getTime() - time > check.maxAge) {
      const signed = new Date(time).toISOString();
      return refuse(judging, 'VSA_EXPIRED', `it is of ${signed}, and may be ${durationText(check.maxAge)} old`);
    }
  }
  const until = facts.own === undefined ? lapsedSince(judging, facts) : facts.own.validUntil;
  if (until === undefined || now < until) return undefined;
  const lapsed = until.toISOString();
  return refuse(judging, 'VSA_EXCEPTION_LAPSED', `an exception that it rests on ended before ${lapsed}`);
}

/** Another verifier does not say on which exceptions its summary rests: any that may have covered the image and has ended since. */
function lapsedSince({ now, ...context }: Judging, facts: VsaFacts): Date | undefined {
  const at = facts.timeVerified ?? new Date(0);
  const { rule, image, platform, loaded } = context;
  return exceptionsFor({ policy: loaded.policy, rule, image, platform, now })
    .map((exception) => exception.expires)
    .find((expires) => expires > at && expires <= now);
}

function judgeRule(judging: Judging, { own, timeVerified }: VsaFacts): VsaVerdict {
  const { rule, statement, now } = judging;
  const outcome = own === undefined ? 'pass' : own.rules.get(rule.name);
  if (outcome === undefined) return refuse(judging, 'VSA_RULE_MISSING', `it does not speak of rule "${rule.name}"`);
  const { effectiveOn } = rule;
  const wasPending = effectiveOn !== undefined && effectiveOn <= now && effectiveOn > (timeVerified ?? new Date(0));
  // failures of a rule that only warned then are failures now
  if (wasPending && (own === undefined || outcome === 'warn')) {
    const since = effectiveOn.toISOString();
    return refuse(
      judging,
      'VSA_RULE_MISSING',
      `rule "${rule.name}" takes effect since ${since} only, after it was made`,
    );
  }
  return { accepted: { statement, outcome } };
}

function refuse({ check, statement }: Judging, code: string, why: string): VsaVerdict {
  return {
    refused: failed({
      check: 'vsa',
      code,
      reason: `the verification summary by ${shortList(namesOf([statement], check.by))} does not count: ${why}`,
      basis: basisOf([statement], check.by),
      remedy: 'check the image again and sign a new summary: waybill gate check with --vsa-out or --vsa-attach',
    }),
  };
}

function missing(context: VsaContext, check: VsaCheck): CheckResult {
  const { manifest } = context.platform;
  const wanted = check.by.map((name) => wantedText(name, context.loaded.policy.identities?.get(name)));
  const remedy = `have one of ${shortList(check.by)} check the image and sign a summary`;
  const refused = refusedBundles(context, check.by, (type) => type === PREDICATE_TYPES.vsa.uri);
  const notes = refused.map((item) => `${item.bundle}: ${item.reason}`);
  const basis = { digests: [manifest, ...refused.map((item) => item.bundle)], notes };
  const elsewhere = refused.find((item) => item.code === 'SUBJECT_MISMATCH');
  const strangers = context.statements.verified.filter(
    (statement) => isVsa(statement) && coveringSubjects(context).includes(statement.subject),
  );
  const who = strangers[0]?.signedBy ?? refused.find((item) => isStrangerCode(item.code))?.reason;
  if (who !== undefined) {
    const reason = `there is a verification summary, but by none of ${shortList(wanted)}: ${who}`;
    return failed({ check: 'vsa', code: 'VSA_UNTRUSTED', reason, basis, remedy });
  }
  if (elsewhere !== undefined) {
    const reason = `the verification summary that is attached ${elsewhere.reason.replace(/^it /, '')}`;
    return failed({ check: 'vsa', code: 'VSA_SUBJECT_MISMATCH', reason, basis, remedy });
  }
  const invalid = refused[0] === undefined ? '' : `: ${refused[0].reason}`;
  const reason = `no verification summary of ${manifest} by ${shortList(wanted)} was found${invalid}`;
  return failed({ check: 'vsa', code: 'VSA_MISSING', reason, basis, remedy });
}

/** The results of a rule that a summary settles: each of its checks by name, so that nobody has to guess what was not looked at. */
export function settledResults({ rule }: VsaContext, { statement, outcome }: AcceptedVsa): readonly CheckResult[] {
  const by = rule.vsa?.by ?? [];
  const basis = basisOf([statement], by);
  const signer = shortList(namesOf([statement], by));
  const covered = coveredChecks(rule).map(([check, item]) =>
    passed({
      check,
      ...(item === undefined ? {} : { item }),
      code: 'VSA_ACCEPTED',
      reason: `not checked again: the verification summary by ${signer} covers it`,
      basis,
    }),
  );
  const when = statement.signedAt === undefined ? '' : `, signed ${statement.signedAt.toISOString()}`;
  const about = { check: 'vsa', basis } as const;
  const own =
    outcome === 'pass'
      ? passed({ ...about, code: 'VSA_ACCEPTED', reason: `verification summary by ${signer}${when}` })
      : warned({
          ...about,
          code: 'VSA_WARNED',
          reason: `verification summary by ${signer}${when}: passed with warnings, which it does not repeat`,
          remedy: 'check the image without the summary to see them',
        });
  return [...covered, own];
}

/** Checks that a summary stands for. `digestPinned` is none: it is about the reference, not the image. */
function coveredChecks(rule: PolicyRule): readonly (readonly [CheckName, string?])[] {
  return [
    ...(rule.signatures === undefined ? [] : [['signatures'] as const]),
    ...(rule.attestations ?? []).map(({ type }) => ['attestations', type] as const),
    ...(['base', 'buildInputs', 'components', 'files'] as const)
      .filter((word) => rule[word] !== undefined)
      .map((word) => [word] as const),
    ...(rule.image?.checks === undefined ? [] : [['image'] as const]),
    ...(rule.rego ?? []).map(({ entrypoint }) => ['rego', entrypoint] as const),
  ];
}

/** Without a good summary: the refusal itself for a rule that asks for nothing else; otherwise everything else was checked, and this says why. */
export function unsettledResult(rule: PolicyRule, refused: CheckResult): CheckResult {
  if (coveredChecks(rule).length === 0) return refused;
  return passed({
    check: 'vsa',
    code: 'VSA_NOT_USED',
    reason: `everything was checked, as no verification summary stands for it (${refused.code}): ${refused.reason}`,
    basis: refused.basis,
  });
}
