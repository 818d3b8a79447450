import { checkAttestation } from './signers/check-attestations.ts';
import { checkBase } from './base/check-base.ts';
import { checkBuildInputs } from './provenance/check-build-inputs.ts';
import { checkComponents } from './content/check-components.ts';
import { checkFiles } from './content/check-files.ts';
import { checkImage } from './content/check-image.ts';
import { checkSignatures } from './signers/check-signatures.ts';
import { judgeVsa, settledResults, unsettledResult } from './vsa/check-vsa.ts';
import type { RuleContext } from './context.ts';
import type { CheckResult, RuleDecision } from './decision.ts';
import { applyExceptions } from './exceptions.ts';
import { failed } from './outcome.ts';
import { CHECK_WORDS } from './file/semantics.ts';
import type { PolicyRule } from './file/types.ts';

/** All checks of one rule for one platform, exceptions applied; failures of a rule that only warns become warnings. Errors stay errors in any mode. */
export async function evaluateRule(context: RuleContext): Promise<RuleDecision> {
  const { rule, now } = context;
  const { image, platform, loaded } = context;
  const results = applyExceptions(await runChecks(context), { policy: loaded.policy, rule, image, platform, now });
  return ruleDecision(rule, now, results);
}

/** Puts results under a rule's name and mode. */
export function ruleDecision(rule: PolicyRule, now: Date, results: readonly CheckResult[]): RuleDecision {
  const mode = enforces(rule, now) ? 'enforce' : 'warn';
  const pending = rule.effectiveOn !== undefined && rule.effectiveOn > now;
  return {
    rule: rule.name,
    mode,
    ...(pending ? { effectiveOn: rule.effectiveOn.toISOString() } : {}),
    checks:
      mode === 'enforce'
        ? results
        : results.map((result) => (result.outcome === 'fail' ? { ...result, outcome: 'warn' } : result)),
  };
}

/** Whether a rule denies: in mode enforce, and its day has come. */
export function enforces(rule: PolicyRule, now: Date): boolean {
  return (rule.mode ?? 'enforce') === 'enforce' && (rule.effectiveOn === undefined || rule.effectiveOn <= now);
}

async function runChecks(context: RuleContext): Promise<readonly CheckResult[]> {
  const { rule } = context;
  const vsa = rule.vsa === undefined ? undefined : judgeVsa(context, rule.vsa);
  if (vsa?.accepted !== undefined) {
    // how the image is referred to now is nothing that an earlier check could tell
    const pinned = rule.image?.digestPinned ? checkImage(context, { digestPinned: true }) : [];
    return [...pinned, ...settledResults(context, vsa.accepted)];
  }
  const results: CheckResult[] = [];
  if (rule.signatures !== undefined) results.push(checkSignatures(context, rule.signatures));
  for (const attestation of rule.attestations ?? []) results.push(checkAttestation(context, attestation));
  if (rule.base !== undefined) results.push(...checkBase(context, rule.base));
  if (rule.buildInputs !== undefined) results.push(...checkBuildInputs(context, rule.buildInputs));
  if (rule.components !== undefined) results.push(...checkComponents(context, rule.components));
  if (rule.files !== undefined) results.push(...checkFiles(context, rule.files));
  if (rule.image !== undefined) results.push(...checkImage(context, rule.image));
  if (rule.rego !== undefined) {
    const { checkRego } = await import('./rego/check-rego.ts');
    results.push(...(await checkRego(context, rule.rego)));
  }
  if (vsa !== undefined) results.push(unsettledResult(rule, vsa.refused));
  if (results.length > 0) return results;
  // the linter refuses such a rule; should one get here it must not pass
  const reason = `rule "${rule.name}" checks nothing`;
  return [
    failed({ check: 'unmatched', code: 'NO_CHECKS', reason, remedy: `add at least one of ${CHECK_WORDS.join(', ')}` }),
  ];
}
