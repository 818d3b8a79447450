import type { Policy, PolicyRule } from '../../file/types.ts';
import type { ImageFact } from './contract.ts';
import { imageCheck } from './registry.ts';

/** Facts that the named checks of a rule look at; nothing for those that are off. */
export function imageFacts(rule: PolicyRule): ReadonlySet<ImageFact> {
  const modes = [...(rule.image?.checks ?? [])].filter(([, mode]) => mode !== 'off');
  return new Set(modes.flatMap(([id]) => imageCheck(id)?.needs ?? []));
}

/**
 * A rule with what its named checks take for granted: a check of bases without a `base` looks for any entry of the policy, one of signatures without
 * `signatures` and `attestations` for any identity. For collecting, and for the named checks alone: the rule itself stays as it is written.
 */
export function withImpliedChecks(policy: Policy, rule: PolicyRule): PolicyRule {
  const facts = imageFacts(rule);
  const entries = (policy.bases?.entries ?? []).map(({ name }) => name);
  const identities = [...(policy.identities?.keys() ?? [])];
  return {
    ...rule,
    ...(facts.has('base') && rule.base === undefined && entries.length > 0
      ? { base: { allow: entries, tamper: 'allow', unexplained: 'allow' } }
      : {}),
    ...(facts.has('signatures') &&
    rule.signatures === undefined &&
    rule.attestations === undefined &&
    identities.length > 0
      ? { signatures: { by: identities } }
      : {}),
  };
}
