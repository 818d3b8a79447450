import { SIGN_PREDICATE_TYPE } from '../../attestation/index.ts';
import { compareCodeUnits, ExitCode, type Digest } from '../../core/index.ts';
import type { EvidenceError, EvidenceUnreadable } from '../../evidence/index.ts';
import { countDistinctSigners } from '../../verification/index.ts';
import { coveringSubjects, referrerError, type BundleContext, type RuleContext } from '../context.ts';
import type { Basis, CheckName, CheckResult } from '../decision.ts';
import { carried, errored, failed, passed, shortList } from '../outcome.ts';
import { isStrangerCode, refusalFor } from './signers.ts';
import type { RejectedBundle, VerifiedStatement } from './statements.ts';
import { needsTrust, type MissingTrust } from './trust.ts';
import type { PolicyIdentity, SignatureCheck } from '../file/types.ts';
import { durationText } from '../file/values.ts';

/** Whether enough distinct signers of `by` signed the platform manifest or the index that lists it. */
export function checkSignatures(context: RuleContext, check: SignatureCheck): CheckResult {
  const { threshold = 1 } = check;
  const subjects = coveringSubjects(context);
  const signatures = context.statements.verified.filter(
    (statement) => statement.predicateType === SIGN_PREDICATE_TYPE && subjects.includes(statement.subject),
  );
  const trusted = signatures.filter((statement) => isBy(statement, check.by));
  const counted = trusted.filter(
    (statement) => hasAnnotations(statement, check) && isYoung(statement, check.maxAge, context.now),
  );
  const count = countSigners(counted, check.by);
  if (count >= Math.max(1, threshold)) {
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
    reason: `${count} of the ${threshold} distinct signers demanded signed: ${shortList(namesOf(counted, check.by))}`,
    basis: basisOf(counted, check.by),
    remedy: `have ${threshold - count} more of ${shortList(check.by)} sign ${subjects.at(-1)}`,
  });
}

function unsigned(context: RuleContext, check: SignatureCheck, others: readonly VerifiedStatement[]): CheckResult {
  const subject = context.image.evidence.digest ?? context.platform.manifest;
  const remedy = `have one of ${shortList(check.by)} sign ${subject}`;
  const refused = refusedBundles(context, check.by, (type) => type === undefined || type === SIGN_PREDICATE_TYPE);
  const stranger = refused.find((item) => isStrangerCode(item.code));
  const withheld = others.flatMap((item) => item.withheld.filter(({ name }) => check.by.includes(name)));
  const notes = [
    ...others.map(
      (item) => `${item.bundle}: by ${shortList(item.identities)} (${item.signedBy}), whom this rule does not accept`,
    ),
    ...refused.map((item) => `${item.bundle}: ${item.reason}`),
  ];
  const basis: Basis = {
    digests: [subject, ...others.map((item) => item.bundle), ...refused.map((item) => item.bundle)],
    identities: others.map((item) => item.signedBy),
    notes,
  };
  const lacking = withheld[0] ?? refused.find((item) => item.code.startsWith('LOG_'));
  if (lacking !== undefined) {
    const reason = `no signature by ${shortList(check.by)} that a transparency log vouches for was found: ${lacking.reason}`;
    return failed({
      check: 'signatures',
      code: 'SIGNATURE_NOT_LOGGED',
      reason,
      basis,
      remedy: `${remedy}, with a log`,
    });
  }
  if (others.length > 0 || stranger !== undefined) {
    const wanted = check.by.map((name) => wantedText(name, context.loaded.policy.identities?.get(name)));
    const who = others[0]?.signedBy ?? stranger?.reason;
    const reason = `signed, but by none of ${shortList(wanted)}: ${others.length > 0 ? `by ${who}` : who}`;
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
  const { missingTrust } = context.statements;
  if (missingTrust !== undefined && trusted.some((statement) => statement.unjudgedTimes))
    return trustMissing(missingTrust, 'signatures');
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

/** Whether a statement's signer is one of these identities. */
export function isBy(statement: VerifiedStatement, names: readonly string[]): boolean {
  return statement.identities.some((name) => names.includes(name));
}

/** How many distinct signers of `by` these statements have, each for a name of its own. */
export function countSigners(statements: readonly VerifiedStatement[], by: readonly string[]): number {
  const names = new Map<string, Set<string>>();
  for (const { signer, identities } of statements) {
    const met = identities.filter((name) => by.includes(name));
    if (met.length > 0) names.set(signer, new Set([...(names.get(signer) ?? []), ...met]));
  }
  return countDistinctSigners(names);
}

export function namesOf(statements: readonly VerifiedStatement[], names: readonly string[]): readonly string[] {
  return [
    ...new Set(statements.flatMap((statement) => statement.identities.filter((name) => names.includes(name)))),
  ].toSorted(compareCodeUnits);
}

export function basisOf(statements: readonly VerifiedStatement[], names: readonly string[]): Basis {
  return {
    digests: statements.flatMap((statement) => [statement.bundle, statement.subject]),
    identities: [...namesOf(statements, names), ...statements.map((statement) => statement.signedBy)],
    notes: [...new Set(statements.flatMap(witnessText))],
  };
}

/** Who else vouches for a signature: when it was made, and which logs hold it. */
function witnessText({ bundle, signedAt, logs }: VerifiedStatement): readonly string[] {
  const facts = [
    ...(signedAt === undefined ? [] : [`signed ${signedAt.toISOString()}`]),
    ...logs.map((entry) => `log entry ${entry}`),
  ];
  return facts.length === 0 ? [] : [`${bundle}: ${facts.join(', ')}`];
}

/** Refused bundles attached to this platform or its index whose (claimed) type fits, with the reason that concerns these names. */
export function refusedBundles(
  context: BundleContext,
  by: readonly string[],
  fits: (predicateType: string | undefined) => boolean,
): readonly RejectedBundle[] {
  const subjects = coveringSubjects(context);
  return context.statements.rejected
    .filter((bundle) => fits(bundle.predicateType) && bundle.foundAt.some((digest) => subjects.includes(digest)))
    .map((bundle) => {
      const [first, ...rest] = bundle.refusals;
      if (first === undefined) return bundle;
      const { code, reason } = refusalFor(by, [first, ...rest]);
      return { ...bundle, code, reason };
    });
}

/**
 * Why a check that was not met cannot be called failed: the listing broke off, a referrer could not be read for a reason that may pass, or who signed
 * cannot be judged without the trusted root that is missing.
 */
export function undecided(
  context: BundleContext,
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
  return unjudged(context, check, by, item);
}

/** Without a trusted root nobody knows whether a certificate, or a key whose log entry is demanded, would have met the check. */
function unjudged(
  { loaded, statements }: BundleContext,
  check: CheckName,
  by: readonly string[],
  item: string | undefined,
): CheckResult | undefined {
  const { missingTrust, rejected, verified } = statements;
  if (missingTrust === undefined) return undefined;
  const open = by.filter((name) => needsTrust(loaded.policy.identities?.get(name)));
  if (open.length === 0) return undefined;
  const mayBe =
    open.length === by.length ||
    rejected.some((bundle) => bundle.keyless || bundle.code === UNVERIFIABLE) ||
    verified.some(({ withheld }) => withheld.some(({ name, code }) => open.includes(name) && code === UNVERIFIABLE));
  return mayBe ? trustMissing(missingTrust, check, item) : undefined;
}

const UNVERIFIABLE = 'LOG_UNVERIFIABLE';

/** The missing trusted root stands for the check that needs it. */
export function trustMissing({ exitCode, ...missing }: MissingTrust, check: CheckName, item?: string): CheckResult {
  return errored({ check, ...(item === undefined ? {} : { item }), ...missing }, exitCode);
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

/** An identity of the policy as it must be met, for people. */
export function wantedText(name: string, identity: PolicyIdentity | undefined): string {
  if (identity?.issuer === undefined) return name;
  const subject = identity.subject ?? `one that meets ${identity.subjectRegexp ?? 'its extensions'}`;
  return `${name} (${subject}, issuer ${identity.issuer})`;
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
