import { anyNeedsTrust, trustOrigin } from './trust.ts';
import type { Policy, PolicyRule } from '../file/types.ts';

/**
 * Whether a rule needs a trusted root that the policy does not bring along: somebody whom it, the bases it allows or their lock name signs with a certificate
 * or must be in a log, or an age is to be told.
 */
export function ruleNeedsTrust(policy: Policy, rule: PolicyRule): boolean {
  if (trustOrigin(policy).kind === 'file') return false;
  const names = [
    ...(rule.signatures?.by ?? []),
    ...(rule.attestations ?? []).flatMap((attestation) => attestation.by),
    ...(rule.vsa?.by ?? []),
    ...baseSigners(policy, rule),
    // a Rego policy sees what anybody whom the policy names has signed
    ...(rule.rego === undefined ? [] : (policy.identities?.keys() ?? [])),
  ];
  const ages = [rule.signatures?.maxAge, rule.vsa?.maxAge, ...(rule.attestations ?? []).map(({ maxAge }) => maxAge)];
  return anyNeedsTrust(policy, names) || ages.some((maxAge) => maxAge !== undefined);
}

function baseSigners({ bases }: Policy, rule: PolicyRule): readonly string[] {
  const allowed = [...(rule.base?.allow ?? []), ...(rule.buildInputs?.allow ?? [])];
  if (bases === undefined || allowed.length === 0) return [];
  const entries = bases.entries.filter(({ name }) => allowed.includes(name));
  return [
    ...(bases.lockSignedBy ?? []),
    ...entries.flatMap(({ signedBy = [], builtBy = [] }) => [...signedBy, ...builtBy]),
  ];
}
