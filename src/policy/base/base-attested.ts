import type { Digest } from '../../core/index.ts';
import { findBuildBases, type BuildInput, type BuildProvenance } from '../../provenance/index.ts';
import { inputText, isAllowedInput, mayBeImage } from '../provenance/allowed-inputs.ts';
import { matchBasis, matchText, type BaseFacts } from './base-facts.ts';
import { countSigners, undecided } from '../signers/check-signatures.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { failed, passed, shortList, type Finding } from '../outcome.ts';
import { attestedProvenance, provenanceChecks, type TrustedProvenance } from '../provenance/trusted-provenance.ts';
import type { AttestationCheck } from '../file/types.ts';

/** Why provenance does not attest something, as a finding without its check. */
export interface ProvenanceFault extends Pick<Finding, 'code' | 'reason' | 'remedy'> {
  readonly notes?: readonly string[];
}

const ABOUT = { check: 'base', item: 'attested' } as const;

/**
 * The flag `attested`: provenance that meets one of the rule's own demands (who attests it, which builder) names the matched base, names no image outside the
 * allowlists of `base` and `buildInputs`, and says itself that it lists everything. Trust comes from those demands alone: BuildKit's own provenance in the
 * index is unsigned by its builder and never enough. Any trusted provenance that names a foreign image denies, whatever another one says.
 */
export function checkAttested(context: RuleContext, facts: BaseFacts): CheckResult {
  const checks = provenanceChecks(context);
  if (checks.length === 0) {
    return failed({
      ...ABOUT,
      code: 'BASE_NOT_ATTESTED',
      reason: 'the rule names nobody whose provenance it trusts',
      basis: matchBasis(facts),
      remedy:
        'add an attestation of type slsaprovenance1 to the rule, with the identities (and the builder) that may attest it',
    });
  }
  const judged = checks.map((check) => judgeCheck(context, facts, check));
  const foreign = judged
    .flatMap(({ faults }) => faults)
    .find(({ fault }) => fault.code === 'PROVENANCE_INPUT_NOT_ALLOWED');
  const met = foreign === undefined ? judged.find(({ good, check }) => isEnough(good, check)) : undefined;
  if (met !== undefined) {
    return passed({
      ...ABOUT,
      code: 'BASE_ATTESTED',
      reason: `provenance by ${shortList(met.good.flatMap(({ by }) => by))} says that the image was built on ${matchText(facts.standing.allowed[0]!)}, and from no image outside the allowlist`,
      basis: mergedBasis(facts, met.good),
    });
  }
  const worst = foreign ?? judged.flatMap(({ faults }) => faults).toSorted(bySeverity)[0];
  if (worst !== undefined) {
    const { notes = [], ...fault } = worst.fault;
    const basis = mergedBasis(facts, [worst.trusted]);
    return failed({ ...ABOUT, ...fault, basis: { ...basis, notes: [...notes, ...(basis.notes ?? [])] } });
  }
  return noProvenance(context, facts, checks);
}

/** Says more first: a base that is another one, then a list that may be cut, then provenance that is about the source only. */
const SEVERITY = ['PROVENANCE_OTHER_BASE', 'PROVENANCE_INCOMPLETE', 'PROVENANCE_SOURCE_ONLY'];

function bySeverity(a: JudgedProvenance, b: JudgedProvenance): number {
  return SEVERITY.indexOf(a.fault.code) - SEVERITY.indexOf(b.fault.code);
}

interface JudgedProvenance {
  readonly trusted: TrustedProvenance;
  readonly fault: ProvenanceFault;
}

interface JudgedCheck {
  readonly check: AttestationCheck;
  readonly good: readonly TrustedProvenance[];
  readonly faults: readonly JudgedProvenance[];
}

function judgeCheck(context: RuleContext, facts: BaseFacts, check: AttestationCheck): JudgedCheck {
  const good: TrustedProvenance[] = [];
  const faults: JudgedProvenance[] = [];
  for (const trusted of attestedProvenance(context, check).trusted) {
    const fault = faultOf(context, facts, trusted.provenance);
    if (fault === undefined) good.push(trusted);
    else faults.push({ trusted, fault });
  }
  return { check, good, faults };
}

function isEnough(good: readonly TrustedProvenance[], { by, threshold = 1 }: AttestationCheck): boolean {
  const statements = good.flatMap(({ statement }) => statement ?? []);
  return countSigners(statements, by) >= Math.max(1, threshold);
}

function faultOf(context: RuleContext, facts: BaseFacts, provenance: BuildProvenance): ProvenanceFault | undefined {
  const sourceOnly = sourceOnlyFault(provenance);
  if (sourceOnly !== undefined) return sourceOnly;
  const known = baseDigests(facts);
  const allow = allowedNames(context, facts);
  const images = provenance.inputs.filter(mayBeImage);
  const foreign = images.filter((input) => !isBase(input, known) && !isAllowedInput(context, input, allow));
  if (foreign.length > 0) return foreignFault(foreign, allow);
  const mapped = findBuildBases(provenance, context.platform.layerDigests).map(({ input }) => input);
  const candidates = mapped.length > 0 ? mapped : images;
  if (!candidates.some((input) => isBase(input, known))) {
    const stands = matchText(facts.standing.allowed[0]!);
    return {
      code: 'PROVENANCE_OTHER_BASE',
      reason:
        candidates.length === 0
          ? `the provenance names no image at all, the layers are those of ${stands}`
          : `the provenance names ${mapped.length > 0 ? 'as the base ' : ''}${shortList(candidates.map(inputText), 3)}, the layers are those of ${stands}`,
      remedy: 'rebuild on an allowed base, and run waybill base lock so that its digest is known',
    };
  }
  return incompleteFault(provenance);
}

/** GitHub's provenance and its like tell the source and the workflow; what images went in they cannot know. */
export function sourceOnlyFault({ system, inputs }: BuildProvenance): ProvenanceFault | undefined {
  if (system !== 'github' && (system === 'buildkit' || inputs.some(mayBeImage))) return undefined;
  return {
    code: 'PROVENANCE_SOURCE_ONLY',
    reason: 'the provenance tells the source that was built, not which images the build used',
    remedy: 'attest the provenance that the image builder itself writes: BuildKit with --provenance=mode=max',
  };
}

/** Only a builder that says it listed everything can show that nothing else went in. */
export function incompleteFault({ complete }: BuildProvenance): ProvenanceFault | undefined {
  if (complete) return undefined;
  return {
    code: 'PROVENANCE_INCOMPLETE',
    reason: 'the provenance does not say that it lists everything that went into the build',
    remedy: 'build from a git context instead of a local folder: then BuildKit knows every input',
  };
}

export function foreignFault(foreign: readonly BuildInput[], allow: readonly string[]): ProvenanceFault {
  const frontend = foreign.some(({ role }) => role === 'frontend');
  return {
    code: 'PROVENANCE_INPUT_NOT_ALLOWED',
    reason: `the build used ${shortList(foreign.map(inputText), 3)}, which the lock does not know as ${shortList(allow)}`,
    notes: foreign.slice(0, 100).map((input) => `${inputText(input)} is not allowed`),
    remedy: `build with images of ${shortList(allow)}; if it was one, run waybill base lock; if it may be used, add it to bases.entries and to buildInputs.allow${
      frontend ? ' (the frontend that a "# syntax=" line names is an image like others)' : ''
    }`,
  };
}

/** Digests under which the lock knows what the image stands on. */
export function baseDigests(facts: BaseFacts): ReadonlySet<Digest> {
  return new Set(facts.standing.allowed.flatMap(({ match }) => [match.record.digest, match.platform.manifest]));
}

export function isBase({ digest }: BuildInput, known: ReadonlySet<Digest>): boolean {
  return digest !== undefined && known.has(digest);
}

function allowedNames(context: RuleContext, facts: BaseFacts): readonly string[] {
  return [...new Set([...facts.check.allow, ...(context.rule.buildInputs?.allow ?? [])])];
}

function mergedBasis(facts: BaseFacts, provenances: readonly TrustedProvenance[]): NonNullable<Finding['basis']> {
  const own = matchBasis(facts);
  return {
    ...own,
    digests: [...(own.digests ?? []), ...provenances.flatMap(({ basis }) => basis.digests ?? [])],
    identities: provenances.flatMap(({ basis }) => basis.identities ?? []),
  };
}

/** Nothing that could attest: perhaps because it could not be collected, or because what is there does not meet the rule's demands. */
function noProvenance(context: RuleContext, facts: BaseFacts, checks: readonly AttestationCheck[]): CheckResult {
  const by = [...new Set(checks.flatMap((check) => check.by))];
  const refused = checks.flatMap((check) => attestedProvenance(context, check).refused)[0];
  if (refused?.outcome === 'error') return { ...refused, ...ABOUT };
  if (refused === undefined) {
    const open = undecided(context, 'base', by, 'attested');
    if (open !== undefined) return open;
  }
  const enough = checks.map((check) => `${check.threshold ?? 1} of ${shortList(check.by)}`);
  return failed({
    ...ABOUT,
    code: 'BASE_NOT_ATTESTED',
    reason:
      refused === undefined
        ? `no provenance of ${context.platform.manifest} by ${shortList(enough)} says what the image was built on`
        : `the provenance does not count: ${refused.reason}`,
    basis: matchBasis(facts),
    remedy: `have ${shortList(by)} attest the builder's provenance of ${context.platform.manifest}`,
  });
}
