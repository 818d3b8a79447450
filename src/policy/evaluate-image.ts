import { ExitCode, type Digest } from '../core/index.ts';
import { platformName, type ImageView, type PlatformView } from '../evidence/index.ts';
import { containedRecords, matchBases, readProvenance } from '../provenance/index.ts';
import { isWhole } from './base/base-containment.ts';
import { checkPinned } from './content/check-pinned.ts';
import type { LockFacts, RuleContext } from './context.ts';
import type { CheckResult, ImageDecision, PlatformDecision, RuleDecision, Verdict } from './decision.ts';
import { enforces, evaluateRule, ruleDecision } from './evaluate-rule.ts';
import { applyExceptions } from './exceptions.ts';
import { matchingRules, selects, selectsName } from './matching-rules.ts';
import { byStrictness, carried, errored, failed, passed, shortList } from './outcome.ts';
import type { RegoEvaluator } from './rego/rego-runner.ts';
import type { ImageStatements } from './signers/statements.ts';
import type { LoadedPolicy, PolicyRule } from './file/types.ts';

export interface ImageInputs {
  readonly loaded: LoadedPolicy;
  readonly image: ImageView;
  readonly statements: ImageStatements;
  readonly lock: LockFacts;
  readonly rego: RegoEvaluator;
  readonly now: Date;
}

/** One image: what is true of it as such, then every matching rule on every platform the rule speaks of. */
export async function evaluateImage(inputs: ImageInputs): Promise<ImageDecision> {
  const { image, loaded } = inputs;
  const { name, reference, digest, deployed } = image.evidence;
  const rules = matchingRules(loaded.policy, name);
  const checks = [
    ...checkResolved(image),
    ...checkTag(image),
    ...checkPinned(image),
    ...checkDenied(inputs),
    ...checkUnmatched(inputs, rules),
    ...checkUnknownReferrers(image),
  ];
  const platforms: PlatformDecision[] = [];
  for (const platform of image.platforms) platforms.push(await evaluatePlatform(inputs, platform, rules));
  const missing = rules.flatMap((rule) => checkPlatforms(inputs, rule));
  const all = [...checks, ...missing.flatMap((rule) => rule.checks), ...platforms.flatMap(resultsOf)];
  const deciding = rules.filter((rule) => enforces(rule, inputs.now));
  const approves = verdictOf(all) === 'deny' ? [] : approved(image, platforms, deciding);
  const nothing = verdictOf(all) === 'deny' || approves.length > 0 ? [] : [nothingApproved(deciding)];
  return {
    reference,
    name,
    digest,
    ...(deployed === undefined ? {} : { places: deployed.places }),
    verdict: verdictOf([...all, ...nothing]),
    approves,
    checks: [...checks, ...missing.flatMap((rule) => rule.checks), ...nothing],
    platforms,
  };
}

/** Nothing failed, and yet there is no digest that a verdict could speak for: no platform, or none that every rule looked at. */
function nothingApproved(rules: readonly PolicyRule[]): CheckResult {
  return failed({
    check: 'platforms',
    code: 'NOTHING_APPROVED',
    reason:
      rules.length === 0
        ? 'the image has no platform, so there is nothing to approve'
        : `no platform of the image was checked by every rule that speaks of it: ${shortList(rules.map((rule) => rule.name))}`,
    remedy: 'build the image for a platform that all of these rules speak of, or let the rules name the same platforms',
  });
}

export function verdictOf(results: readonly CheckResult[]): Verdict {
  if (results.some((result) => result.outcome === 'fail' || result.outcome === 'error')) return 'deny';
  return results.some((result) => result.outcome === 'warn') ? 'warn' : 'allow';
}

function resultsOf(platform: PlatformDecision): readonly CheckResult[] {
  return platform.rules.flatMap((rule) => rule.checks);
}

/** Failures that concern every platform. Those of one platform are the affair of the rules that speak of it. */
function checkResolved(image: ImageView): readonly CheckResult[] {
  const { digest, reference } = image.evidence;
  const collected = image.errors.filter(
    (error) =>
      error.what === 'resolve' ||
      (error.what === 'manifest' && (error.subject === undefined || error.subject === digest)),
  );
  const wholesale = collected.length > 0 ? collected : image.structure;
  if (wholesale.length > 0) return wholesale.map((error) => carried('resolve', error));
  if (digest !== null) return [];
  return [errored({ check: 'resolve', code: 'NOT_RESOLVED', reason: `${reference} was not resolved` }, ExitCode.Input)];
}

/** Name, tag and digest given together: the tag must still lead to that digest. */
function checkTag(image: ImageView): readonly CheckResult[] {
  const { requested, digest, tagDigest } = image.evidence;
  const failures = image.errors.filter((error) => error.what === 'tag');
  if (failures.length > 0) return failures.map((error) => carried('tag', error));
  if (requested.tag === null || requested.digest === null || digest === null) return [];
  if (tagDigest === null) {
    const reason = `where the tag ${requested.tag} leads was not collected`;
    return [
      errored({ check: 'tag', code: 'TAG_UNKNOWN', reason, remedy: 'collect the evidence again' }, ExitCode.Input),
    ];
  }
  const basis = { digests: [requested.digest, tagDigest] };
  if (tagDigest === requested.digest)
    return [
      passed({ check: 'tag', code: 'TAG_AGREES', reason: `the tag ${requested.tag} leads to the digest`, basis }),
    ];
  return [
    failed({
      check: 'tag',
      code: 'TAG_MOVED',
      reason: `the tag ${requested.tag} now leads to ${tagDigest}, not to the ${requested.digest} that was asked for`,
      basis,
      remedy: 'find out who moved the tag; then refer to the digest alone, or to the one the tag leads to',
    }),
  ];
}

/** Revoked digests of images and bases, whatever else is true. */
function checkDenied(inputs: ImageInputs): readonly CheckResult[] {
  const { image, loaded } = inputs;
  const denied = new Set(loaded.policy.deny?.digests);
  if (denied.size === 0) return [];
  const hits = new Map<Digest, string>();
  const own = [
    image.evidence.digest,
    image.evidence.requested.digest,
    ...image.platforms.map((platform) => platform.manifest),
    ...image.uncollected.map((descriptor) => descriptor.digest),
  ];
  for (const digest of own) if (digest !== null && denied.has(digest)) hits.set(digest, 'the image');
  for (const platform of image.platforms) {
    for (const [digest, what] of basesOf(inputs, platform)) if (denied.has(digest)) hits.set(digest, what);
  }
  return [...hits].map(([digest, what]) =>
    failed({
      check: 'digests',
      code: 'DIGEST_DENIED',
      reason: `${what} ${digest} is denied by the policy`,
      basis: { digests: [digest] },
      remedy: what === 'the image' ? 'deploy another build' : 'rebuild on a base that is not denied',
    }),
  );
}

/** Digests of every locked base at the bottom of a platform or whole among its files, allowed or not, and those the image itself names. */
function basesOf(inputs: ImageInputs, platform: PlatformView): readonly (readonly [Digest, string])[] {
  const { lock } = inputs.loaded;
  const { config } = platform;
  const matches = lock === undefined ? [] : matchBases(lock, { platform: platform.platform, diffIds: config.diffIds });
  const whole =
    lock === undefined ? [] : containedRecords(lock, platform.platform, platform.evidence.containments ?? []);
  const contained = whole.filter(({ containment }) => isWhole(containment)).map(({ match }) => match);
  return [
    ...[...matches, ...contained].flatMap(({ record, platform: base }) => [
      [record.digest, `the base ${record.image}`] as const,
      [base.manifest, `the base ${record.image}`] as const,
    ]),
    ...platform.claims.flatMap((claim) =>
      claim.digest === undefined ? [] : [[claim.digest, 'the base that the image names,'] as const],
    ),
    ...inputsOf(inputs, platform).map((digest) => [digest, 'an image that the build used,'] as const),
  ];
}

/** Digests of what went into the build, by any provenance of the platform, whoever vouches for it: nobody says so to be let in. */
function inputsOf({ statements }: ImageInputs, platform: PlatformView): readonly Digest[] {
  const signed = statements.verified
    .filter(({ subject }) => subject === platform.manifest)
    .map(({ predicate, predicateType }) => readProvenance(predicate, predicateType));
  const lying = (platform.build?.statements ?? []).map(({ provenance }) => provenance);
  return [...signed, ...lying].flatMap((provenance) =>
    (provenance?.inputs ?? []).flatMap(({ digest }) => digest ?? []),
  );
}

function checkUnmatched(inputs: ImageInputs, rules: readonly PolicyRule[]): readonly CheckResult[] {
  const { image, loaded, now } = inputs;
  if (rules.some((rule) => enforces(rule, now))) return [];
  const { name, reference, digest } = image.evidence;
  // a reference that could not even be read is an error already
  if (name === null && digest === null) return [];
  const said =
    name === null
      ? {
          reason: `${reference} has no registry name, so no rule speaks of it`,
          remedy: 'say with --as which name it will be deployed under',
        }
      : rules.length === 0
        ? { reason: `no rule speaks of ${name}`, remedy: 'add a rule whose images match it' }
        : {
            reason: `only rules that warn speak of ${name}: ${shortList(rules.map((rule) => rule.name))}`,
            remedy: 'let one of them enforce, or add a rule that does',
          };
  return [byStrictness(loaded.policy.unmatched ?? 'deny', { check: 'unmatched', code: 'NO_RULE_MATCHED', ...said })];
}

/** Listing errors of subjects that no collected platform covers would otherwise be seen by no check. */
function checkUnknownReferrers(image: ImageView): readonly CheckResult[] {
  if (image.platforms.length > 0) return [];
  return image.errors.filter((error) => error.what === 'referrers').map((error) => carried('resolve', error));
}

async function evaluatePlatform(
  inputs: ImageInputs,
  platform: PlatformView,
  rules: readonly PolicyRule[],
): Promise<PlatformDecision> {
  const { loaded, lock } = inputs;
  const decided: RuleDecision[] = [];
  for (const rule of rules) {
    if (selects(rule, platform.name))
      decided.push(await evaluateRule({ ...inputs, rule, platform } satisfies RuleContext));
  }
  const matches =
    loaded.lock === undefined
      ? []
      : matchBases(loaded.lock, { platform: platform.platform, diffIds: platform.config.diffIds });
  return {
    platform: platform.name,
    manifest: platform.manifest,
    layers: {
      total: platform.config.diffIds.length,
      base: lock.refused === undefined && platform.evidence.layersVerified ? (matches[0]?.layerCount ?? 0) : 0,
    },
    rules: decided,
  };
}

/** Platforms that a rule speaks of and the image does not have, or that could not be collected. */
function checkPlatforms(inputs: ImageInputs, rule: PolicyRule): readonly RuleDecision[] {
  const { image, loaded, now } = inputs;
  if (image.evidence.digest === null || checkResolved(image).length > 0) return [];
  const { platforms = 'all' } = rule;
  const results =
    platforms === 'all' ? allPlatforms(image, rule) : platforms.flatMap((wanted) => onePlatform(image, rule, wanted));
  if (results.length === 0) return [];
  const scope = { policy: loaded.policy, rule, image, platform: undefined, now };
  return [ruleDecision(rule, now, applyExceptions(results, scope))];
}

function allPlatforms(image: ImageView, rule: PolicyRule): readonly CheckResult[] {
  const results = image.uncollected.map((descriptor) => notCollected(image, rule, descriptor.digest));
  if (image.platforms.length > 0 || results.length > 0) return results;
  const remedy = 'push an image with at least one platform manifest';
  return [
    failed({
      check: 'platforms',
      item: rule.name,
      code: 'PLATFORM_MISSING',
      reason: 'the image has no platform',
      remedy,
    }),
  ];
}

function onePlatform(image: ImageView, rule: PolicyRule, wanted: string): readonly CheckResult[] {
  if (image.platforms.some((platform) => selectsName(wanted, platform.name))) return [];
  const listed = image.uncollected.find(
    ({ platform }) => platform === undefined || selectsName(wanted, platformName(platform)),
  );
  if (listed !== undefined) return [notCollected(image, rule, listed.digest)];
  const names = image.platforms.map((platform) => platform.name);
  const reason = `rule ${rule.name} wants ${wanted}; the image has ${names.length === 0 ? 'none' : shortList(names)}`;
  return [
    failed({
      check: 'platforms',
      item: rule.name,
      code: 'PLATFORM_MISSING',
      reason,
      remedy: `build the image for ${wanted}`,
    }),
  ];
}

function notCollected(image: ImageView, rule: PolicyRule, digest: Digest): CheckResult {
  const known = image.errors.find((error) => error.subject === digest);
  if (known !== undefined) return carried('platforms', known, rule.name);
  const reason = `the platform manifest ${digest} was not collected`;
  const remedy = 'collect the evidence again with this policy';
  const finding = {
    check: 'platforms',
    item: rule.name,
    code: 'PLATFORM_NOT_COLLECTED',
    reason,
    basis: { digests: [digest] },
    remedy,
  } as const;
  return errored(finding, ExitCode.Input);
}

/** Platforms that every enforcing rule speaks of; the index only when that is all of them. */
function approved(
  image: ImageView,
  platforms: readonly PlatformDecision[],
  rules: readonly PolicyRule[],
): readonly Digest[] {
  const good = platforms.filter((platform) => rules.every((rule) => selects(rule, platform.platform ?? '')));
  const manifests = good.map((platform) => platform.manifest);
  const whole =
    image.index !== null && image.uncollected.length === 0 && good.length === image.platforms.length && good.length > 0;
  return whole && image.index !== null ? [image.index.digest, ...manifests] : manifests;
}
