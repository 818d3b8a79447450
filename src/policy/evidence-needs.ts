import type { EvidenceNeeds } from '../evidence/index.ts';
import { matchesAny } from './glob.ts';
import type { Policy, PolicyRule } from './types.ts';

/** What deciding about an image of this name will ask for; an image that no rule speaks of needs nothing. */
export function evidenceNeeds(policy: Policy, name: string | null): EvidenceNeeds {
  const rules = policy.rules.filter((rule) => name !== null && matchesAny(rule.images, name));
  const scan = rules.some((rule) => needsScan(policy, rule));
  const base = rules.filter((rule) => rule.base !== undefined);
  const compare = base.some((rule) => rule.base?.tamper !== 'allow' || allowsNonAllowUpgrades(policy, rule));
  return {
    bundles: rules.some((rule) => rule.signatures !== undefined || rule.attestations !== undefined),
    layers: base.length > 0 || scan || compare,
    scan,
    compare,
    build: false,
    contain: false,
    files: false,
    system: false,
  };
}

function needsScan(policy: Policy, rule: PolicyRule): boolean {
  if (rule.components !== undefined || rule.attestations?.some((attestation) => attestation.rederive)) return true;
  return entriesOf(policy, rule).some(
    (entry) => entry.kind === 'scratch' || entry.kind === 'packages' || entry.squashed === 'allow',
  );
}

function allowsNonAllowUpgrades(policy: Policy, rule: PolicyRule): boolean {
  return entriesOf(policy, rule).some((entry) => entry.upgrades !== 'allow');
}

function entriesOf(policy: Policy, rule: PolicyRule): NonNullable<Policy['bases']>['entries'] {
  return (policy.bases?.entries ?? []).filter((entry) => rule.base?.allow.includes(entry.name));
}
