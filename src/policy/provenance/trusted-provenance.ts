import { resolvePredicateType, SIGN_PREDICATE_TYPE } from '../../attestation/index.ts';
import { readProvenance, type BuildProvenance } from '../../provenance/index.ts';
import { judgeAttestations } from '../signers/check-attestations.ts';
import { basisOf, isBy, namesOf } from '../signers/check-signatures.ts';
import { coveringSubjects, type RuleContext } from '../context.ts';
import type { Basis, CheckResult } from '../decision.ts';
import { isProvenanceType } from '../signers/predicate-types.ts';
import type { VerifiedStatement } from '../signers/statements.ts';
import type { AttestationCheck } from '../file/types.ts';

/** Provenance of a platform that somebody vouches for whom the rule trusts with that. */
export interface TrustedProvenance {
  readonly provenance: BuildProvenance;
  /** What it rests on: bundle or statement, subject, who signed. */
  readonly basis: Basis;
  /** Names of identities, for people. */
  readonly by: readonly string[];
  /** The signed statement; absent for BuildKit's own provenance in an index that was signed as a whole. */
  readonly statement?: VerifiedStatement;
}

/** The rule's demands on provenance: who may attest it, with which builder. */
export function provenanceChecks(context: RuleContext): readonly AttestationCheck[] {
  return (context.rule.attestations ?? []).filter(({ type }) => isProvenanceType(resolvePredicateType(type).uri));
}

export interface FoundProvenance {
  readonly trusted: readonly TrustedProvenance[];
  /** What is wrong with provenance by these signers that does not count: another builder, too old. */
  readonly refused: readonly CheckResult[];
}

/** Signed provenance of this platform that meets one of the rule's demands. */
export function attestedProvenance(context: RuleContext, check: AttestationCheck): FoundProvenance {
  const trusted: TrustedProvenance[] = [];
  const refused: CheckResult[] = [];
  for (const { statement, result } of judgeAttestations(context, check)) {
    const provenance = readProvenance(statement.predicate, statement.predicateType);
    if (result.outcome !== 'pass') refused.push(result);
    else if (provenance !== undefined) {
      const by = namesOf([statement], check.by);
      trusted.push({ provenance, basis: basisOf([statement], check.by), by, statement });
    }
  }
  return { trusted, refused };
}

/** BuildKit's own provenance, where one of the rule's signers signed the index it lies in: the publisher's word, not the builder's. */
export function publishedProvenance(context: RuleContext): readonly TrustedProvenance[] {
  const { image, platform } = context;
  const names = context.rule.signatures?.by ?? [];
  const signatures = signaturesBy(context, names).filter(({ subject }) => subject === image.index?.digest);
  if (signatures.length === 0) return [];
  const signed = basisOf(signatures, names);
  return (platform.build?.statements ?? []).map(({ digest, provenance }) => ({
    provenance,
    basis: { ...signed, digests: [digest, ...(signed.digests ?? [])] },
    by: namesOf(signatures, names),
  }));
}

/** Signatures of the platform or its index by some of these identities: they cover the manifest, so its annotations, and through the config its labels. */
export function signaturesBy(context: RuleContext, names: readonly string[]): readonly VerifiedStatement[] {
  const subjects = coveringSubjects(context);
  return context.statements.verified.filter(
    (statement) =>
      statement.predicateType === SIGN_PREDICATE_TYPE && subjects.includes(statement.subject) && isBy(statement, names),
  );
}
