import type { EvidenceNeeds } from '../evidence/index.ts';
import { matchingRules } from './matching-rules.ts';
import { imageFacts, withImpliedChecks } from './content/image-checks/index.ts';
import { ruleNeedsTrust } from './signers/trust-needs.ts';
import type { Policy, PolicyRule } from './file/types.ts';

/**
 * What deciding about an image of this name will ask for; an image that no rule speaks of needs nothing.
 * @param settled names of rules that a verification summary answers: they look at nothing else
 */
export function evidenceNeeds(
  policy: Policy,
  name: string | null,
  settled: ReadonlySet<string> = new Set(),
): EvidenceNeeds {
  return needsOf(
    policy,
    matchingRules(policy, name).filter((rule) => !settled.has(rule.name)),
  );
}

/** What deciding by some rules of a policy asks for, whatever images they speak of. */
export function needsOf(policy: Policy, matching: readonly PolicyRule[]): EvidenceNeeds {
  const rules = matching.map((rule) => withImpliedChecks(policy, rule));
  const facts = new Set(rules.flatMap((rule) => [...imageFacts(rule)]));
  const scan = facts.has('scan') || rules.some((rule) => needsScan(policy, rule));
  const base = rules.filter((rule) => rule.base !== undefined);
  const compare =
    facts.has('base') || base.some((rule) => rule.base?.tamper !== 'allow' || allowsNonAllowUpgrades(policy, rule));
  const built = base.flatMap((rule) => entriesOf(policy, rule)).filter((entry) => (entry.kind ?? 'image') !== 'image');
  const files =
    facts.has('files') ||
    rules.some((rule) => rule.files !== undefined) ||
    built.some((entry) => entry.kind === 'scratch');
  const system = facts.has('system');
  // a Rego policy may look at anything, so everything has to be there
  const whole = rules.some((rule) => rule.rego !== undefined);
  return {
    bundles:
      whole ||
      rules.some(
        (rule) => rule.signatures !== undefined || rule.attestations !== undefined || rule.vsa !== undefined,
      ) ||
      built.length > 0,
    ...(rules.some((rule) => ruleNeedsTrust(policy, rule)) ? { trust: true } : {}),
    layers: whole || base.length > 0 || scan || compare || files || system,
    scan: whole || scan,
    compare: whole || compare,
    build:
      whole ||
      (rules.length > 0 && revokes(policy)) ||
      base.length > 0 ||
      rules.some((rule) => rule.buildInputs !== undefined),
    contain: whole || base.length > 0,
    ...(built.length > 0 ? { traces: true } : {}),
    files: whole || files,
    system: whole || system,
  };
}

/** The same for the document that a Rego policy would see of an image, whether there is one yet or not. */
export function inputNeeds(policy: Policy, name: string | null): EvidenceNeeds {
  return needsOf(
    policy,
    matchingRules(policy, name).map((rule) => ({ ...rule, rego: rule.rego ?? [] })),
  );
}

/** A revoked digest may be that of an image that the build used. */
function revokes({ deny }: Policy): boolean {
  return (deny?.digests.length ?? 0) > 0;
}

function needsScan(policy: Policy, rule: PolicyRule): boolean {
  if (rule.components !== undefined || rule.attestations?.some((attestation) => attestation.rederive)) return true;
  return entriesOf(policy, rule).some((entry) => entry.kind === 'scratch' || entry.kind === 'packages');
}

function allowsNonAllowUpgrades(policy: Policy, rule: PolicyRule): boolean {
  return entriesOf(policy, rule).some((entry) => entry.upgrades !== 'allow');
}

function entriesOf(policy: Policy, rule: PolicyRule): NonNullable<Policy['bases']>['entries'] {
  return (policy.bases?.entries ?? []).filter((entry) => rule.base?.allow.includes(entry.name));
}
