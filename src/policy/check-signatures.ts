import { SIGN_PREDICATE_TYPE } from '../attestation/index.ts';
import { compareCodeUnits, ExitCode, type Digest } from '../core/index.ts';
import type { EvidenceError, EvidenceUnreadable } from '../evidence/index.ts';
import { coveringSubjects, referrerError, type RuleContext } from './context.ts';
import type { Basis, CheckName, CheckResult } from './decision.ts';
import { carried, errored, failed, passed, shortList } from './outcome.ts';
import type { RejectedBundle, VerifiedStatement } from './statements.ts';
import type { SignatureCheck } from './types.ts';
import { durationText } from './values.ts';

/** Whether enough distinct signers of `by` signed the platform manifest or the index that lists it. */
export function checkSignatures(context: RuleContext, check: SignatureCheck): CheckResult {
  const { threshold = 1 } = check;
  const subjects = coveringSubjects(context);
  const signatures = context.statements.verified.filter(
    (statement) => statement.predicateType === SIGN_PREDICATE_TYPE && subjects.includes(statement.subject),
  );
  const trusted = signatures.filter((statement) => isBy(statement, check.by, context));
  const counted = trusted.filter(
    (statement) => hasAnnotations(statement, check) && isYoung(statement, check.maxAge, context.now),
  );
  const signers = distinctSigners(counted);
  if (signers.length >= Math.max(1, threshold)) {
    return passed({
      check: 'signatures',
      code: 'SIGNED',
      reason: `signed by ${shortList(namesOf(counted, check.by))}`,
      basis: basisOf(counted, check.by),
    });
  }
  const unknown = undecided(context, 'signatures', check.by);
  if (unknown !== undefined) return unknown;
  if (trusted.length === 0) return unsigned(context, check, signatures);
  if (counted.length < trusted.length) return notCounted(context, check, trusted);
  return failed({
    check: 'signatures',
    code: 'SIGNATURE_THRESHOLD',
    reason: `${signers.length} of the ${threshold} distinct signers demanded signed: ${shortList(namesOf(counted, check.by))}`,
    basis: basisOf(counted, check.by),
    remedy: `have ${threshold - signers.length} more of ${shortList(check.by)} sign ${subjects.at(-1)}`,
  });
}

function unsigned(context: RuleContext, check: SignatureCheck, others: readonly VerifiedStatement[]): CheckResult {
  const subject = context.image.evidence.digest ?? context.platform.manifest;
  const remedy = `have one of ${shortList(check.by)} sign ${subject}`;
  const refused = refusedBundles(context, (type) => type === undefined || type === SIGN_PREDICATE_TYPE);
  const strangers = refused.filter(isStranger);
  const notes = [
    ...others.map(
      (item) => `${item.bundle}: by ${shortList(item.identities)} (${item.signer}), whom this rule does not accept`,
    ),
    ...refused.map((item) => `${item.bundle}: ${item.reason}`),
  ];
  const basis: Basis = {
    digests: [subject, ...others.map((item) => item.bundle), ...refused.map((item) => item.bundle)],
    identities: others.map((item) => item.signer),
    notes,
  };
  if (others.length > 0 || strangers.length > 0) {
    const reason = `signed, but by none of ${shortList(check.by)}`;
    return failed({ check: 'signatures', code: 'UNTRUSTED_SIGNER', reason, basis, remedy });
  }
  const elsewhere = refused.find((item) => item.code === 'SUBJECT_MISMATCH');
  if (elsewhere !== undefined) {
    const reason = `no signature of ${subject} was found; one that is attached to it ${elsewhere.reason.replace(/^it /, '')}`;
    return failed({ check: 'signatures', code: 'UNSIGNED', reason, basis, remedy });
  }
  if (refused.length > 0) {
    const reason = `no valid signature of ${subject} was found: ${refused[0]?.reason ?? ''}`;
    return failed({ check: 'signatures', code: 'SIGNATURE_INVALID', reason, basis, remedy });
  }
  return failed({
    check: 'signatures',
    code: 'UNSIGNED',
    reason: `no signature of ${subject} was found`,
    basis,
    remedy,
  });
}

function notCounted(context: RuleContext, check: SignatureCheck, trusted: readonly VerifiedStatement[]): CheckResult {
  const basis = basisOf(trusted, check.by);
  const lacking = trusted.filter((statement) => !hasAnnotations(statement, check));
  if (lacking.length > 0) {
    const wanted = [...(check.annotations ?? [])].map(([key, value]) => `${key}=${value}`);
    const reason = `signed by ${shortList(namesOf(lacking, check.by))}, but not with the annotations ${shortList(wanted)}`;
    return failed({
      check: 'signatures',
      code: 'SIGNATURE_ANNOTATIONS',
      reason,
      basis,
      remedy: `sign with the annotations ${shortList(wanted)}`,
    });
  }
  const age = durationText(check.maxAge ?? 0);
  const dated = trusted.filter((statement) => statement.signedAt !== undefined);
  if (dated.length === 0) {
    return failed({
      check: 'signatures',
      code: 'SIGNATURE_TIME_UNKNOWN',
      reason: `signatures may be ${age} old, but these carry no trusted time`,
      basis,
      remedy: 'sign with a timestamp, or drop maxAge',
    });
  }
  return failed({
    check: 'signatures',
    code: 'SIGNATURE_TOO_OLD',
    reason: `the signatures are older than ${age}`,
    basis,
    remedy: 'sign again',
  });
}

/** Whether a statement's signer is one of these identities and may count (an identity whose log entry cannot be verified may not). */
export function isBy(statement: VerifiedStatement, names: readonly string[], context: RuleContext): boolean {
  return statement.identities.some((name) => names.includes(name) && isSupported(name, context));
}

/** Identities that this version can verify: keys without a demanded log entry. */
function isSupported(name: string, context: RuleContext): boolean {
  const identity = context.loaded.policy.identities?.get(name);
  return identity?.key !== undefined && identity.requireTransparencyLog !== true;
}

export function distinctSigners(statements: readonly VerifiedStatement[]): readonly string[] {
  return [...new Set(statements.map((statement) => statement.signer))].toSorted(compareCodeUnits);
}

export function namesOf(statements: readonly VerifiedStatement[], names: readonly string[]): readonly string[] {
  return [
    ...new Set(statements.flatMap((statement) => statement.identities.filter((name) => names.includes(name)))),
  ].toSorted(compareCodeUnits);
}

export function basisOf(statements: readonly VerifiedStatement[], names: readonly string[]): Basis {
  return {
    digests: statements.flatMap((statement) => [statement.bundle, statement.subject]),
    identities: [...namesOf(statements, names), ...distinctSigners(statements)],
  };
}

/** Refused bundles attached to this platform or its index whose (claimed) type fits. */
export function refusedBundles(
  context: RuleContext,
  fits: (predicateType: string | undefined) => boolean,
): readonly RejectedBundle[] {
  const subjects = coveringSubjects(context);
  return context.statements.rejected.filter(
    (bundle) => fits(bundle.predicateType) && bundle.foundAt.some((digest) => subjects.includes(digest)),
  );
}

/** Signed by somebody, whom no key of the policy is. */
export function isStranger(bundle: RejectedBundle): boolean {
  return bundle.code === 'UNTRUSTED_KEY' || bundle.code === 'KEYLESS_UNSUPPORTED';
}

/**
 * Why a check that was not met cannot be called failed: the listing broke off, a referrer could not be read for a reason that may pass, or only an
 * identity that this version cannot verify could have met it.
 */
export function undecided(
  context: RuleContext,
  check: CheckName,
  by: readonly string[],
  item?: string,
): CheckResult | undefined {
  const subjects = coveringSubjects(context);
  const error = referrerError(context.image, subjects);
  if (error !== undefined) return carried(check, error, item);
  const unasked = subjects.find((subject) => context.image.subject(subject) === undefined);
  if (unasked !== undefined) return notAsked(check, unasked, item);
  // what can never be a bundle hides none: anybody who may push can attach it
  const unreadable = subjects
    .flatMap((subject) => context.image.subject(subject)?.unreadable ?? [])
    .filter((referrer) => referrer.code !== 'REFERRER_MALFORMED');
  if (unreadable[0] !== undefined)
    return carried(check, { what: 'referrers', ...unreadableError(unreadable[0]) }, item);
  const unsupported = by.filter((name) => !isSupported(name, context));
  if (unsupported.length === 0) return undefined;
  const mayBe =
    unsupported.length === by.length ||
    context.statements.rejected.some((bundle) => bundle.keyless) ||
    context.statements.verified.some((statement) => statement.identities.some((name) => unsupported.includes(name)));
  if (!mayBe) return undefined;
  return errored(
    {
      check,
      ...(item === undefined ? {} : { item }),
      code: 'CHECK_NOT_SUPPORTED',
      reason: `${shortList(unsupported)}: keyless identities and log entries cannot be verified by this version of waybill`,
      remedy: 'accept a key too, or use a version that verifies them',
    },
    ExitCode.Usage,
  );
}

/** Evidence that was collected for a policy without such checks says nothing about bundles: not the same as none. */
function notAsked(check: CheckName, subject: Digest, item: string | undefined): CheckResult {
  return errored(
    {
      check,
      ...(item === undefined ? {} : { item }),
      code: 'REFERRERS_NOT_COLLECTED',
      reason: `the evidence does not say what is attached to ${subject}`,
      basis: { digests: [subject] },
      remedy: 'collect the evidence again with this policy',
    },
    ExitCode.Input,
  );
}

function unreadableError(referrer: EvidenceUnreadable): Omit<EvidenceError, 'what'> {
  const { manifest, code, reason } = referrer;
  return {
    subject: manifest,
    code,
    reason: `something attached to the image cannot be read: ${reason}`,
    exitCode: ExitCode.Input,
  };
}

function hasAnnotations(statement: VerifiedStatement, check: SignatureCheck): boolean {
  return [...(check.annotations ?? [])].every(
    ([key, value]) => Object.hasOwn(statement.annotations, key) && statement.annotations[key] === value,
  );
}

/** Age by trusted time only; a statement without one is never young enough. */
export function isYoung(statement: VerifiedStatement, maxAge: number | undefined, now: Date): boolean {
  if (maxAge === undefined) return true;
  return statement.signedAt !== undefined && now.getTime() - statement.signedAt.getTime() <= maxAge;
}
