import { defaultsOf, demandsOf, needsText, type DefaultValue, type Demand } from './explain-checks.ts';
import { enforces } from '../evaluate-rule.ts';
import { needsOf } from '../evidence-needs.ts';
import { matchesAny } from '../../core/index.ts';
import { matchingRules } from '../matching-rules.ts';
import { listImageChecks, type ImageCheckInfo } from '../content/image-checks/index.ts';
import type { BaseEntry, Policy, PolicyException, PolicyIdentity, PolicyRule, Strictness } from '../file/types.ts';
import { durationText, lastDay } from '../file/values.ts';

/** What a policy demands, in words and as data. */
export interface PolicyExplanation {
  readonly name: string | null;
  /** The image asked about, canonical; null: all rules are explained. */
  readonly image: string | null;
  /** What happens to an image that no enforced rule speaks of. */
  readonly unmatched: Strictness;
  /** Digests that are refused whatever else is true. */
  readonly deniedDigests: number;
  readonly identities: readonly { readonly name: string; readonly text: string }[];
  /** How the lock is believed; null without one. */
  readonly lock: { readonly path: string; readonly text: string } | null;
  readonly bases: readonly { readonly name: string; readonly text: string }[];
  readonly rules: readonly RuleExplanation[];
  readonly exceptions: readonly ExceptionExplanation[];
  /** Every check that a rule's `image.checks` may name. */
  readonly imageChecks: readonly ImageCheckInfo[];
}

export interface RuleExplanation {
  readonly rule: string;
  readonly images: readonly string[];
  readonly platforms: readonly string[];
  /** Whether it denies now. */
  readonly enforced: boolean;
  /** 00:00 UTC of this day it begins to deny (RFC 3339 date); null: no such day. */
  readonly effectiveOn: string | null;
  readonly demands: readonly Demand[];
  readonly defaults: readonly DefaultValue[];
  readonly collects: readonly string[];
  /** Whether every layer of the image is fetched and read, which is what takes time. */
  readonly readsLayers: boolean;
}

export interface ExceptionExplanation {
  readonly rule: string;
  readonly check: string;
  readonly images: readonly string[];
  readonly digests: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly ticket: string | null;
  /** The last day that it holds, UTC. */
  readonly lastDay: string;
  readonly expired: boolean;
}

export interface ExplainOptions {
  /** Tells which rules deny and which exceptions hold. */
  readonly now: Date;
  /** Canonical registry and repository: only what speaks of it. */
  readonly image?: string;
}

/** Says what a policy demands: nothing about any image, only about the policy. */
export function explainPolicy(policy: Policy, { now, image }: ExplainOptions): PolicyExplanation {
  const rules = image === undefined ? policy.rules : matchingRules(policy, image);
  const exceptions = (policy.exceptions ?? []).filter(
    (exception) =>
      rules.some((rule) => rule.name === exception.rule) &&
      (image === undefined || exception.images === undefined || matchesAny(exception.images, image)),
  );
  const { bases } = policy;
  return {
    name: policy.name ?? null,
    image: image ?? null,
    unmatched: policy.unmatched ?? 'deny',
    deniedDigests: policy.deny?.digests.length ?? 0,
    identities: [...(policy.identities ?? [])].map(([name, identity]) => ({ name, text: identityText(identity) })),
    lock: bases?.lock === undefined ? null : { path: bases.lock, text: lockText(policy) },
    bases: (bases?.entries ?? []).map((entry) => ({ name: entry.name, text: entryText(entry) })),
    rules: rules.map((rule) => explainRule(policy, rule, now)),
    exceptions: exceptions.map((exception) => explainException(exception, now)),
    imageChecks: listImageChecks(),
  };
}

function explainRule(policy: Policy, rule: PolicyRule, now: Date): RuleExplanation {
  const { platforms = 'all', effectiveOn } = rule;
  const enforced = enforces(rule, now);
  const needs = needsOf(policy, [rule]);
  return {
    rule: rule.name,
    images: rule.images.map((glob) => glob.pattern),
    platforms: platforms === 'all' ? ['all'] : platforms,
    enforced,
    effectiveOn: effectiveOn === undefined ? null : effectiveOn.toISOString().slice(0, 10),
    demands: demandsOf(policy, rule).map((demand) =>
      enforced || demand.otherwise === 'allow' ? demand : { ...demand, otherwise: 'warn' },
    ),
    defaults: defaultsOf(policy, rule),
    collects: needsText(needs),
    readsLayers: needs.layers,
  };
}

function explainException(exception: PolicyException, now: Date): ExceptionExplanation {
  const { rule, check, images = [], digests = [], reason, owner, ticket = null, expires } = exception;
  return {
    rule,
    check,
    images: images.map((glob) => glob.pattern),
    digests,
    reason,
    owner,
    ticket,
    lastDay: lastDay(expires),
    expired: expires <= now,
  };
}

function identityText(identity: PolicyIdentity): string {
  const { key, issuer, subject, subjectRegexp, extensions, requireTransparencyLog } = identity;
  if (key !== undefined) {
    const log = requireTransparencyLog === true ? 'with a verified log entry' : 'no log entry needed';
    return `the key ${key}, ${log}`;
  }
  const who =
    subject === undefined ? `a subject that matches ${subjectRegexp ?? ''} as a whole` : `the subject ${subject}`;
  const log = requireTransparencyLog === false ? '; services that the trusted root lacks are left out' : '';
  const more = [...(extensions ?? [])].map(([name, value]) => `, ${name} ${value}`).join('');
  return `a certificate for ${who}, vouched for by ${issuer ?? ''}${more}${log}`;
}

function lockText({ bases }: Policy): string {
  const parts = [
    ...(bases?.lockHead === undefined ? [] : [`it ends in ${bases.lockHead}`]),
    ...(bases?.lockSignedBy === undefined ? [] : [`it is signed by one of ${bases.lockSignedBy.join(', ')}`]),
  ];
  return parts.length === 0 ? 'it is trusted like the policy itself' : `it is believed if ${parts.join(' and ')}`;
}

function entryText(entry: BaseEntry): string {
  const { kind = 'image', signedBy = [], builtBy = [], purls = [] } = entry;
  if (kind === 'scratch')
    return `no base at all: no operating system, no executable that nothing accounts for, and provenance by ${builtBy.join(' or ')}`;
  if (kind === 'packages')
    return `assembled from packages that ${purls.map((glob) => glob.pattern).join(' or ')} selects, vouched for by ${signedBy.join(' or ')}`;
  const { image = '', tags, history } = entry;
  const under = tags === undefined ? 'any tag' : `the tags ${tags.map((glob) => glob.pattern).join(', ')}`;
  const until = history === undefined ? 'for ever' : `until ${durationText(history)} after the tag has left it`;
  const signed = signedBy.length === 0 ? '' : `; authenticated when signed by ${signedBy.join(' or ')}`;
  return `${image}, what the lock saw under ${under}, ${until}${signed}`;
}
