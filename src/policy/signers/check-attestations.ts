import { compareScan } from '../../evidence/index.ts';
import {
  basisOf,
  countSigners,
  isBy,
  isYoung,
  namesOf,
  refusedBundles,
  trustMissing,
  undecided,
  wantedText,
} from './check-signatures.ts';
import { coveringSubjects, type RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { failed, notCollected, passed, shortList, warned, type Finding } from '../outcome.ts';
import { isPredicateType, speaksOfPlatform } from './predicate-types.ts';
import { judgeProvenance } from '../provenance/judge-provenance.ts';
import type { VerifiedStatement } from './statements.ts';
import type { AttestationCheck } from '../file/types.ts';

/** Whether enough distinct signers of `by` attested this platform with the type asked for, and the attestation says what the rule wants. */
export function checkAttestation(context: RuleContext, check: AttestationCheck): CheckResult {
  const { threshold = 1 } = check;
  const judged = judgeAttestations(context, check);
  const good = judged.filter(({ result }) => result.outcome === 'pass' || result.outcome === 'warn');
  const accepted = good.map(({ statement }) => statement);
  if (countSigners(accepted, check.by) >= Math.max(1, threshold)) {
    const clean = good.filter(({ result }) => result.outcome === 'pass').map(({ statement }) => statement);
    const enough = countSigners(clean, check.by) >= Math.max(1, threshold);
    const caveat = enough ? undefined : good.find(({ result }) => result.outcome === 'warn')?.result;
    return (
      caveat ??
      passed({
        ...about(check),
        code: 'ATTESTED',
        reason: `${check.type} attested by ${shortList(namesOf(accepted, check.by))}${check.rederive ? '; it is what our own scan finds' : ''}`,
        basis: basisOf(accepted, check.by),
      })
    );
  }
  const worst =
    judged.find(({ result }) => result.outcome === 'error') ?? judged.find(({ result }) => result.outcome === 'fail');
  if (worst !== undefined) return worst.result;
  return undecided(context, 'attestations', check.by, check.type) ?? missing(context, check, accepted);
}

/** Every attestation of the type by one of the signers, each judged by what the rule wants of it. */
export function judgeAttestations(
  context: RuleContext,
  check: AttestationCheck,
): readonly { readonly statement: VerifiedStatement; readonly result: CheckResult }[] {
  return findAttestations(context, check).map((statement) => ({
    statement,
    result: judge(context, check, statement),
  }));
}

function about(check: AttestationCheck): Pick<Finding, 'check' | 'item'> {
  return { check: 'attestations', item: check.type };
}

/** SBOMs and provenance speak of a platform manifest; anything else may speak of the index too. */
function findAttestations(context: RuleContext, check: AttestationCheck): readonly VerifiedStatement[] {
  const subjects = speaksOfPlatform(check.type) ? [context.platform.manifest] : coveringSubjects(context);
  return context.statements.verified.filter(
    (statement) =>
      isPredicateType(check.type, statement.predicateType) &&
      subjects.includes(statement.subject) &&
      isBy(statement, check.by),
  );
}

function missing(context: RuleContext, check: AttestationCheck, accepted: readonly VerifiedStatement[]): CheckResult {
  const { manifest } = context.platform;
  const remedy = `have one of ${shortList(check.by)} attest ${check.type} for ${manifest}`;
  if (accepted.length > 0) {
    const reason = `${countSigners(accepted, check.by)} of the ${check.threshold ?? 1} distinct signers demanded attested ${check.type}`;
    return failed({
      ...about(check),
      code: 'ATTESTATION_THRESHOLD',
      reason,
      basis: basisOf(accepted, check.by),
      remedy,
    });
  }
  const elsewhere = aboutOthers(context, check);
  if (elsewhere.length > 0) {
    return failed({
      ...about(check),
      code: 'ATTESTATION_SUBJECT_MISMATCH',
      reason: `the ${check.type} attestation attached to this image speaks of another digest than ${manifest}`,
      basis: {
        digests: elsewhere,
        notes: elsewhere.map((digest) => `${digest}: signed by a trusted key, but about something else`),
      },
      remedy,
    });
  }
  const strangers = [
    ...context.statements.verified
      .filter(
        (statement) =>
          isPredicateType(check.type, statement.predicateType) && coveringSubjects(context).includes(statement.subject),
      )
      .map((statement) => ({
        bundle: statement.bundle,
        reason:
          statement.withheld.find(({ name }) => check.by.includes(name))?.reason ??
          `by ${shortList(statement.identities)} (${statement.signedBy}), whom this rule does not accept`,
      })),
    ...refusedBundles(context, check.by, (type) => isPredicateType(check.type, type ?? '')),
  ];
  if (strangers.length > 0) {
    const wanted = check.by.map((name) => wantedText(name, context.loaded.policy.identities?.get(name)));
    return failed({
      ...about(check),
      code: 'UNTRUSTED_SIGNER',
      reason: `${check.type} is attested, but by none of ${shortList(wanted)}: ${strangers[0]?.reason ?? ''}`,
      basis: {
        digests: strangers.map((item) => item.bundle),
        notes: strangers.map((item) => `${item.bundle}: ${item.reason}`),
      },
      remedy,
    });
  }
  const reason = `no ${check.type} attestation of ${manifest} by ${shortList(check.by)} was found`;
  return failed({ ...about(check), code: 'ATTESTATION_MISSING', reason, basis: { digests: [manifest] }, remedy });
}

/** Bundles of this type by a trusted key that are attached here but speak of another digest (or, for SBOMs and provenance, of the index). */
function aboutOthers(context: RuleContext, check: AttestationCheck): readonly VerifiedStatement['bundle'][] {
  const here = coveringSubjects(context);
  const rejected = context.statements.rejected.filter(
    (bundle) =>
      bundle.identities.some((name) => check.by.includes(name)) &&
      isPredicateType(check.type, bundle.predicateType ?? '') &&
      bundle.foundAt.some((digest) => here.includes(digest)),
  );
  const misplaced = context.statements.verified.filter(
    (statement) =>
      isPredicateType(check.type, statement.predicateType) &&
      isBy(statement, check.by) &&
      here.includes(statement.subject),
  );
  return [...rejected, ...misplaced].map((item) => item.bundle);
}

/** What one trusted attestation says, against what the rule wants of it. */
function judge(context: RuleContext, check: AttestationCheck, statement: VerifiedStatement): CheckResult {
  if (!isYoung(statement, check.maxAge, context.now)) {
    const { missingTrust } = context.statements;
    if (missingTrust !== undefined && statement.unjudgedTimes)
      return trustMissing(missingTrust, 'attestations', check.type);
    const known = statement.signedAt !== undefined;
    return failed({
      ...about(check),
      code: known ? 'ATTESTATION_TOO_OLD' : 'ATTESTATION_TIME_UNKNOWN',
      reason: known
        ? `the ${check.type} attestation is older than the rule allows`
        : `the ${check.type} attestation carries no trusted time`,
      basis: basisOf([statement], check.by),
      remedy: 'attest again, with a timestamp',
    });
  }
  if (check.rederive) return rederive(context, check, statement);
  if (check.builder !== undefined || check.source !== undefined) return judgeProvenance(check, statement);
  return passed({ ...about(check), code: 'ATTESTED', reason: 'attested' });
}

function rederive(context: RuleContext, check: AttestationCheck, statement: VerifiedStatement): CheckResult {
  const { scan, layersVerified } = context.platform.evidence;
  if (scan === null || !layersVerified) return noScan(context, 'attestations', check.type);
  const comparison = compareScan(scan, statement.predicate);
  const basis = {
    ...basisOf([statement], check.by),
    notes: [...comparison.differences, ...comparison.caveats].slice(0, 50),
  };
  if (comparison.unreadable !== undefined) {
    const reason = `the attested SBOM cannot be read: ${comparison.unreadable}`;
    return failed({
      ...about(check),
      code: 'REDERIVE_UNREADABLE',
      reason,
      basis,
      remedy: 'attest an SBOM that waybill sbom create wrote',
    });
  }
  if (comparison.differences.length > 0) {
    return failed({
      ...about(check),
      code: 'REDERIVE_MISMATCH',
      reason: `the attested SBOM is not what the image contains: ${shortList(comparison.differences, 3)}`,
      basis,
      remedy: 'create the SBOM from this image again and attest it',
    });
  }
  if (comparison.caveats.length > 0) {
    const reason = `the attested SBOM differs where another cataloger version made it: ${shortList(comparison.caveats, 3)}`;
    return warned({
      ...about(check),
      code: 'REDERIVE_OTHER_VERSION',
      reason,
      basis,
      remedy: 'create and attest the SBOM with this version',
    });
  }
  return passed({ ...about(check), code: 'ATTESTED', reason: 're-derived' });
}

/** A check needs our own scan, and there is none. */
export function noScan(
  context: RuleContext,
  check: 'attestations' | 'components' | 'base',
  item?: string,
): CheckResult {
  return notCollected(context, ['resolve', 'manifest', 'layers', 'scan'], {
    check,
    ...(item === undefined ? {} : { item }),
    code: 'SCAN_MISSING',
    reason: `the evidence holds no scan of ${context.platform.manifest}`,
    remedy: 'collect the evidence again with this policy',
  });
}
