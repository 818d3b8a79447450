import { findBuildBases, type BuildInput, type BuildProvenance } from '../../provenance/index.ts';
import { ExitCode, type Digest } from '../../core/index.ts';
import { inputText, isAllowedInput, mayBeImage } from './allowed-inputs.ts';
import {
  baseDigests,
  foreignFault,
  incompleteFault,
  isBase,
  sourceOnlyFault,
  type ProvenanceFault,
} from '../base/base-attested.ts';
import { gatherFacts } from '../base/check-base.ts';
import { missingBuild } from '../base/check-claims.ts';
import { undecided } from '../signers/check-signatures.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed, shortList } from '../outcome.ts';
import {
  attestedProvenance,
  provenanceChecks,
  publishedProvenance,
  type TrustedProvenance,
} from './trusted-provenance.ts';
import type { PolicyRule } from '../file/types.ts';

type BuildInputsCheck = NonNullable<PolicyRule['buildInputs']>;

const ABOUT = { check: 'buildInputs' } as const;

/**
 * Whether every image that the build used beside the base (builder stages, the frontend, named contexts) is one of the allowed entries, by name and digest in
 * the lock. Somebody must vouch for the list: who attests provenance as the rule demands it, or, in a rule without such a demand, who signed the index that
 * BuildKit's own provenance lies in.
 */
export function checkBuildInputs(context: RuleContext, check: BuildInputsCheck): readonly CheckResult[] {
  const blocked = cannotJudge(context);
  if (blocked !== undefined) return [blocked];
  const demands = provenanceChecks(context);
  const found =
    demands.length > 0
      ? demands.flatMap((demand) => attestedProvenance(context, demand).trusted)
      : publishedProvenance(context);
  if (found.length === 0) return [unproved(context)];
  const known = knownBases(context);
  const judged = found.map((trusted) => ({ trusted, fault: faultOf(context, { check, known }, trusted.provenance) }));
  const foreign = judged.find(({ fault }) => fault?.code === 'PROVENANCE_INPUT_NOT_ALLOWED');
  const good = judged.find(({ fault }) => fault === undefined);
  if (foreign === undefined && good !== undefined) return [allowed(good.trusted, check)];
  const { trusted, fault } =
    foreign ?? judged.find((item) => item.fault?.code !== 'PROVENANCE_SOURCE_ONLY') ?? judged[0]!;
  const { notes = [], ...finding } = fault!;
  return [failed({ ...ABOUT, ...finding, basis: { ...trusted.basis, notes } })];
}

function cannotJudge(context: RuleContext): CheckResult | undefined {
  const { lock, policy } = context.loaded;
  const { refused } = context.lock;
  if (refused !== undefined) {
    const { code, reason, remedy, exitCode } = refused;
    return errored({ ...ABOUT, code, reason, remedy }, exitCode);
  }
  if (lock !== undefined) return undefined;
  return errored(
    {
      ...ABOUT,
      code: 'BASE_LOCK_MISSING',
      reason: `the lock ${policy.bases?.lock ?? ''} is missing: nothing is known about the allowed images`,
      remedy: 'run waybill base lock with this policy',
    },
    ExitCode.Usage,
  );
}

/** What the layers prove the base to be, where the rule has a check of the base; what that check refuses is no base here. */
function knownBases(context: RuleContext): ReadonlySet<Digest> | undefined {
  const { base } = context.rule;
  return base === undefined ? undefined : baseDigests(gatherFacts(context, base));
}

interface Allowlist {
  readonly check: BuildInputsCheck;
  /** Undefined: the rule says nothing about the base. */
  readonly known: ReadonlySet<Digest> | undefined;
}

function faultOf(context: RuleContext, list: Allowlist, provenance: BuildProvenance): ProvenanceFault | undefined {
  const sourceOnly = sourceOnlyFault(provenance);
  if (sourceOnly !== undefined) return sourceOnly;
  const { check } = list;
  const foreign = besideBase(context, list, provenance).filter((input) => !isAllowedInput(context, input, check.allow));
  return foreign.length > 0 ? foreignFault(foreign, check.allow) : incompleteFault(provenance);
}

/** Images beside the base. Without a layer map and without a check of the base nobody knows which one that is: all of them count. */
function besideBase(context: RuleContext, { known }: Allowlist, provenance: BuildProvenance): readonly BuildInput[] {
  const images = provenance.inputs.filter(mayBeImage);
  if (known !== undefined) return images.filter((input) => !isBase(input, known));
  const mapped = findBuildBases(provenance, context.platform.layerDigests).map(({ input }) => input);
  return images.filter((input) => !mapped.includes(input));
}

function allowed({ provenance, basis, by, statement }: TrustedProvenance, check: BuildInputsCheck): CheckResult {
  const images = provenance.inputs.filter(mayBeImage);
  const who =
    statement === undefined
      ? `BuildKit’s provenance in the index that ${shortList(by)} signed`
      : `provenance by ${shortList(by)}`;
  return passed({
    ...ABOUT,
    code: 'BUILD_INPUTS_ALLOWED',
    reason: `by ${who}, the build used no image beside the base that is not one of ${shortList(check.allow)}`,
    basis: { ...basis, notes: images.slice(0, 100).map(inputText) },
  });
}

/** Nobody vouches for a list of inputs. */
function unproved(context: RuleContext): CheckResult {
  const demands = provenanceChecks(context);
  const refused = demands.flatMap((demand) => attestedProvenance(context, demand).refused)[0];
  if (refused?.outcome === 'error') {
    const { code, reason, basis, exitCode = ExitCode.Input } = refused;
    return errored({ ...ABOUT, code, reason, basis }, exitCode);
  }
  const by = demands.length > 0 ? demands.flatMap((demand) => demand.by) : (context.rule.signatures?.by ?? []);
  const open = refused === undefined && by.length > 0 ? undecided(context, 'buildInputs', by) : undefined;
  if (open !== undefined) return open;
  if (demands.length === 0 && context.platform.build === undefined) return missingBuild(context, 'buildInputs');
  const unsigned = (context.platform.build?.statements.length ?? 0) > 0;
  const reason =
    refused !== undefined
      ? `the provenance does not count: ${refused.reason}`
      : demands.length > 0
        ? `no provenance of ${context.platform.manifest} by ${shortList(by)} lists what went into the build`
        : unsigned
          ? 'BuildKit’s provenance lies in the index, but nobody whom the rule trusts signed that index'
          : 'nothing lists what went into the build';
  return failed({
    ...ABOUT,
    code: 'BUILD_INPUTS_UNPROVED',
    reason,
    basis: { digests: [context.platform.manifest] },
    remedy:
      demands.length > 0
        ? `have ${shortList(by)} attest the builder’s provenance (BuildKit with --provenance=mode=max)`
        : 'build with BuildKit and --provenance=mode=max, and sign the index; or add an attestation of type slsaprovenance1 to the rule',
  });
}
