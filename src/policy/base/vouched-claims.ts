import { provenanceClaims, sameClaim, sbomClaims, type BaseClaim } from '../../provenance/index.ts';
import { isBy } from '../signers/check-signatures.ts';
import type { RuleContext } from '../context.ts';
import { isPredicateType } from '../signers/predicate-types.ts';
import { attestedProvenance, provenanceChecks, signaturesBy } from '../provenance/trusted-provenance.ts';

/** More claims than any image makes; the rest is left out. */
const MAX_CLAIMS = 64;

/** A claim about the base, and whether somebody whom the rule trusts for this image signed what says so. */
export interface VouchedClaim {
  readonly claim: BaseClaim;
  readonly signed: boolean;
}

/**
 * Every claim about the base of a platform: what the image and its index say, what provenance says that meets the rule's demands, and what an SBOM says that
 * somebody attested whom the rule accepts. What others attested is not looked at.
 */
export function vouchedClaims(context: RuleContext): readonly VouchedClaim[] {
  const { platform, image } = context;
  const signatures = signaturesBy(context, context.rule.signatures?.by ?? []);
  const onIndex = signatures.some(({ subject }) => subject === image.index?.digest);
  const own = platform.claims.map((claim) => ({
    claim,
    signed: onIndex || (signatures.length > 0 && !platform.indexClaims.includes(claim)),
  }));
  const built = provenanceChecks(context)
    .flatMap((check) => attestedProvenance(context, check).trusted)
    .flatMap(({ provenance }) => provenanceClaims(provenance, platform.layerDigests));
  const signed = [...built, ...attestedSboms(context)].map((claim) => ({ claim, signed: true }));
  const distinct: VouchedClaim[] = [];
  // signed ones first: what is said twice counts as signed
  for (const vouched of [...signed, ...own]) {
    if (distinct.length === MAX_CLAIMS) break;
    if (!distinct.some(({ claim }) => sameClaim(claim, vouched.claim))) distinct.push(vouched);
  }
  return [...distinct.filter((vouched) => !signed.includes(vouched)), ...distinct.filter((v) => signed.includes(v))];
}

function attestedSboms(context: RuleContext): readonly BaseClaim[] {
  const accepted = (context.rule.attestations ?? []).filter(({ type }) => isPredicateType(type, CYCLONEDX));
  const by = [...(context.rule.signatures?.by ?? []), ...accepted.flatMap((check) => check.by)];
  return context.statements.verified
    .filter(
      (statement) =>
        isPredicateType('cyclonedx', statement.predicateType) &&
        statement.subject === context.platform.manifest &&
        isBy(statement, by),
    )
    .flatMap(({ predicate }) => sbomClaims(predicate));
}

const CYCLONEDX = 'https://cyclonedx.org/bom';
