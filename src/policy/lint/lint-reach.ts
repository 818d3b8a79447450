import { globsOverlap } from '../file/globs-overlap.ts';
import { wantsProvenance } from '../signers/predicate-types.ts';
import { CHECK_WORDS } from '../file/semantics.ts';
import type { SayAt } from '../file/say.ts';
import type { Policy, PolicyException, PolicyRule } from '../file/types.ts';

/** Rules, patterns and exceptions that nothing can ever meet, and images that nothing meets. */
export function lintReach(policy: Policy, say: SayAt): void {
  if (policy.unmatched === 'allow') {
    say('unmatched', {
      code: 'POLICY_OPEN_PATTERN',
      message: 'an image that no rule speaks of is allowed unseen',
      hint: 'leave it at deny, or use warn while rules are being written',
    });
  }
  for (const [index, rule] of policy.rules.entries()) {
    lintImages(`rules[${index}]`, rule, say);
    lintSummary(`rules[${index}]`, rule, say);
  }
  for (const [index, exception] of (policy.exceptions ?? []).entries()) {
    const rule = policy.rules.find((candidate) => candidate.name === exception.rule);
    if (rule !== undefined) lintException(`exceptions[${index}]`, exception, { rule, say });
  }
}

function lintImages(path: string, rule: PolicyRule, say: SayAt): void {
  for (const [index, { pattern }] of rule.images.entries()) {
    const problem = nameProblem(pattern);
    if (problem !== undefined) {
      say(`${path}.images[${index}]`, {
        code: 'POLICY_UNREACHABLE',
        message: `no image can have a name that "${pattern}" matches: ${problem}`,
        hint: 'names are REGISTRY/REPOSITORY in lower case; parts are letters and digits, joined by . _ __ or -',
      });
    }
    const same = rule.images.findIndex((other) => other.pattern === pattern);
    if (same < index) {
      say(`${path}.images[${index}]`, { code: 'POLICY_UNUSED', message: `"${pattern}" stands here twice` });
    }
  }
}

/** A summary counts under the policy that it was made under only, and there it takes one already. */
function lintSummary(path: string, rule: PolicyRule, say: SayAt): void {
  if (rule.vsa === undefined) return;
  const aging = [
    ...(rule.signatures?.maxAge === undefined ? [] : ['signatures.maxAge']),
    ...(rule.attestations?.some(({ maxAge }) => maxAge !== undefined) ? ['attestations.maxAge'] : []),
    ...(rule.base?.freshness === undefined ? [] : ['base.freshness']),
  ];
  if (rule.vsa.maxAge === undefined && aging.length > 0) {
    say(`${path}.vsa`, {
      code: 'POLICY_CONTRADICTION',
      message: `a summary of any age stands for the checks of rule "${rule.name}", also for ${aging.join(' and ')}, which time alone ends`,
      hint: 'add maxAge to vsa',
    });
  }
  if (CHECK_WORDS.some((check) => check !== 'vsa' && rule[check] !== undefined)) return;
  say(`${path}.vsa`, {
    code: 'POLICY_UNREACHABLE',
    message: `rule "${rule.name}" has no other check: a summary must be of this very policy, under which nothing passes without one, so only a verifier other than waybill can begin`,
    hint: 'give the rule the checks that a summary stands for; they are made wherever there is none',
  });
}

/** Why no canonical name can match, in words; undefined when one can. */
function nameProblem(pattern: string): string | undefined {
  const slash = pattern.indexOf('/');
  if (slash < 0) return undefined;
  const port = /:(\d+)$/.exec(pattern.slice(0, slash))?.[1];
  if (port !== undefined && (Number(port) > 65_535 || Number(port) === 0)) return `there is no port ${port}`;
  const part = pattern
    .slice(slash + 1)
    .split('/')
    .find((segment) => segment !== '**' && !canBePart(segment));
  return part === undefined ? undefined : `"${part}" cannot be a part of a repository name`;
}

/** Runs of letters and digits joined by one dot, one or two underscores, or dashes; `*` stands for any of that. */
function canBePart(segment: string): boolean {
  if (segment.length === 0) return false;
  if (/^[._-]|[._-]$/.test(segment)) return false;
  return (segment.match(/[._-]+/g) ?? []).every((run) => /^(?:\.|_{1,2}|-+)$/.test(run));
}

function lintException(
  path: string,
  exception: PolicyException,
  { rule, say }: { readonly rule: PolicyRule; readonly say: SayAt },
): void {
  if (!hasCheck(rule, exception.check)) {
    say(`${path}.check`, {
      code: 'POLICY_UNREACHABLE',
      message: `rule "${rule.name}" has no check "${exception.check}": there is nothing to except`,
      hint: 'remove the exception, or name the check that it is for',
    });
  }
  for (const [index, { pattern }] of (exception.images ?? []).entries()) {
    if (rule.images.some((image) => globsOverlap(image.pattern, pattern))) continue;
    say(`${path}.images[${index}]`, {
      code: 'POLICY_UNREACHABLE',
      message: `rule "${rule.name}" speaks of no image that "${pattern}" matches: the exception covers nothing`,
      hint: `the rule's images: ${rule.images.map((image) => image.pattern).join(', ')}`,
    });
  }
}

function hasCheck(rule: PolicyRule, check: PolicyException['check']): boolean {
  if (check === 'platforms') return true;
  if (check !== 'provenance') return rule[check] !== undefined;
  return (rule.attestations ?? []).some(({ type }) => wantsProvenance(type));
}
