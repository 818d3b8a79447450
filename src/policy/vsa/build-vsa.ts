import { compareCodeUnits, digestHex, TOOL_NAME, TOOL_VERSION, type Digest, type JsonValue } from '../../core/index.ts';
import type { EvidenceDocument, EvidenceImage } from '../../evidence/index.ts';
import type { CheckResult, Decision, ImageDecision, PlatformDecision } from '../decision.ts';
import { wantsProvenance } from '../signers/predicate-types.ts';
import { parseEndOfDay } from '../file/values.ts';
import { VSA_MEMBER } from './vsa.ts';

/** A verification summary to be signed. */
export interface VsaDraft {
  /** As the user wrote the image. */
  readonly reference: string;
  /** Canonical registry and repository. */
  readonly name: string;
  readonly subject: Digest;
  readonly predicate: JsonValue;
}

/** An image that was not denied and yet gets no summary, with why. */
export interface VsaOmission {
  readonly reference: string;
  readonly code: 'VSA_RESTS_ON_VSA' | 'VSA_NOTHING_CHECKED';
  readonly reason: string;
}

export interface VsaDrafts {
  readonly drafts: readonly VsaDraft[];
  readonly omitted: readonly VsaOmission[];
}

/**
 * Verification summaries of a decision: one for each digest that it approves. None for an image that a summary decided: its age would begin anew each time.
 * @see https://slsa.dev/spec/v1.1/verification_summary
 */
export function draftVsas(decision: Decision, evidence: EvidenceDocument): VsaDrafts {
  const drafts: VsaDraft[] = [];
  const omitted: VsaOmission[] = [];
  for (const [index, image] of decision.images.entries()) {
    const { approves, reference, name } = image;
    if (approves.length === 0) continue;
    const results = image.platforms.flatMap(resultsOf);
    if (results.some(({ code }) => code === 'VSA_ACCEPTED')) {
      const reason = 'it was decided by a verification summary, which stands for itself';
      omitted.push({ reference, code: 'VSA_RESTS_ON_VSA', reason });
      continue;
    }
    const source = evidence.images[index];
    if (results.length === 0 || name === null || source === undefined) {
      omitted.push({ reference, code: 'VSA_NOTHING_CHECKED', reason: 'no rule checked anything of it' });
      continue;
    }
    for (const subject of approves) {
      drafts.push({ reference, name, subject, predicate: predicateOf(decision, { image, source, name, subject }) });
    }
  }
  return { drafts, omitted };
}

function resultsOf(platform: PlatformDecision): readonly CheckResult[] {
  return platform.rules.flatMap((rule) => rule.checks);
}

interface Subject {
  readonly image: ImageDecision;
  readonly source: EvidenceImage;
  readonly name: string;
  readonly subject: Digest;
}

function predicateOf(decision: Decision, about: Subject): JsonValue {
  const { image, source, name, subject } = about;
  // an index stands for all of its platforms
  const covered = image.platforms.filter(({ manifest }) => manifest === subject);
  const platforms = covered.length > 0 ? covered : image.platforms;
  const results = [...image.checks, ...platforms.flatMap(resultsOf)];
  const validUntil = firstLapse(results);
  return {
    verifier: { id: 'https://waybill.dev/gate', version: { [TOOL_NAME]: TOOL_VERSION } },
    timeVerified: decision.decidedAt,
    resourceUri: `oci://${name}@${subject}`,
    policy: {
      uri:
        decision.policy.name === null ? 'waybill:policy' : `waybill:policy/${encodeURIComponent(decision.policy.name)}`,
      digest: digestSet(decision.policy.digest),
    },
    inputAttestations: bundlesAmong(results, source).map((digest) => ({ digest: digestSet(digest) })),
    verificationResult: 'PASSED',
    verifiedLevels: verifiedLevels(platforms),
    slsaVersion: '1.1',
    [VSA_MEMBER]: {
      verdict: image.verdict === 'warn' ? 'warn' : 'allow',
      evidence: decision.evidence.digest,
      platforms: platforms.map(({ platform, manifest }) => ({ platform: platform ?? 'unknown', manifest })),
      rules: ruleOutcomes(platforms),
      ...(validUntil === undefined ? {} : { validUntil: validUntil.toISOString() }),
    },
  };
}

function digestSet(digest: Digest): { readonly [algorithm: string]: string } {
  return { [digest.slice(0, digest.indexOf(':'))]: digestHex(digest) };
}

/** Bundles of the image that some result rests on. */
function bundlesAmong(results: readonly CheckResult[], { subjects }: EvidenceImage): readonly Digest[] {
  const bundles = new Set(subjects.flatMap((subject) => subject.bundles.map(({ bundle }) => bundle)));
  const used = results
    .filter(({ outcome }) => outcome === 'pass' || outcome === 'warn')
    .flatMap(({ basis }) => (basis.digests ?? []).filter((digest) => bundles.has(digest)));
  return [...new Set(used)].toSorted(compareCodeUnits);
}

/** `warn` for a rule that warned on some platform. What an exception covers counts as passed, until it ends. */
function ruleOutcomes(platforms: readonly PlatformDecision[]): { readonly [rule: string]: 'pass' | 'warn' } {
  const outcomes = new Map<string, 'pass' | 'warn'>();
  for (const { rule, checks } of platforms.flatMap((platform) => platform.rules)) {
    const clean = checks.every(({ outcome }) => outcome === 'pass' || outcome === 'excepted');
    outcomes.set(rule, clean && outcomes.get(rule) !== 'warn' ? 'pass' : 'warn');
  }
  return Object.fromEntries([...outcomes].toSorted(([a], [b]) => compareCodeUnits(a, b)));
}

/** When the first of the exceptions ends that these results rest on. */
function firstLapse(results: readonly CheckResult[]): Date | undefined {
  const ends = results.flatMap(({ exception }) => {
    const end = exception === undefined ? undefined : parseEndOfDay(exception.lastDay);
    return end === undefined ? [] : [end.getTime()];
  });
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}

/** Codes of passed checks that show something worth a level of its own. */
const LEVELS: Readonly<Record<string, string>> = {
  SIGNED: 'WAYBILL_SIGNED',
  BASE_CONTENT: 'WAYBILL_BASE_CONTENT',
  BASE_CONTAINED: 'WAYBILL_BASE_CONTAINED',
  BASE_SCRATCH: 'WAYBILL_BASE_SCRATCH',
  BASE_INTACT: 'WAYBILL_BASE_INTACT',
  BASE_AUTHENTICATED: 'WAYBILL_BASE_AUTHENTICATED',
  BASE_ATTESTED: 'WAYBILL_BASE_ATTESTED',
};

/** What every platform was shown to have, and nothing else. The build track counts where provenance was checked: level 1, as no more follows from a file. */
function verifiedLevels(platforms: readonly PlatformDecision[]): readonly string[] {
  const [first = new Set<string>(), ...rest] = platforms.map((platform) => new Set(levelsOf(platform)));
  const common = [...first].filter((level) => rest.every((levels) => levels.has(level)));
  const build = common.some((level) => level.startsWith('SLSA_BUILD_')) ? [] : ['SLSA_BUILD_LEVEL_UNEVALUATED'];
  return [...build, ...common].toSorted(compareCodeUnits);
}

function levelsOf(platform: PlatformDecision): readonly string[] {
  return resultsOf(platform)
    .filter(({ outcome }) => outcome === 'pass')
    .flatMap(({ check, item = '', code }) => {
      const level = Object.hasOwn(LEVELS, code) ? LEVELS[code] : undefined;
      if (level !== undefined) return [level];
      if (check === 'attestations' && wantsProvenance(item)) return ['SLSA_BUILD_LEVEL_1'];
      return [];
    });
}
