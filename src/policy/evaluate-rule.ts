import { checkAttestation } from './check-attestations.ts';
import { checkBase } from './check-base.ts';
import { checkComponents } from './check-components.ts';
import { checkSignatures } from './check-signatures.ts';
import type { RuleContext } from './context.ts';
import type { CheckResult, RuleDecision } from './decision.ts';
import { applyExceptions } from './exceptions.ts';
import { errored, failed, notSupported, passed } from './outcome.ts';
import { CHECK_WORDS } from './semantics.ts';
import { ExitCode } from '../core/index.ts';
import type { PolicyRule } from './types.ts';

/** All checks of one rule for one platform, exceptions applied; failures of a rule that only warns become warnings. Errors stay errors in any mode. */
export function evaluateRule(context: RuleContext): RuleDecision {
  const { rule, now } = context;
  const { image, platform, loaded } = context;
  const results = applyExceptions(runChecks(context), { policy: loaded.policy, rule, image, platform, now });
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

function runChecks(context: RuleContext): readonly CheckResult[] {
  const { rule } = context;
  const results: CheckResult[] = [];
  if (rule.signatures !== undefined) results.push(checkSignatures(context, rule.signatures));
  for (const attestation of rule.attestations ?? []) results.push(checkAttestation(context, attestation));
  if (rule.base !== undefined) results.push(...checkBase(context, rule.base));
  if (rule.buildInputs !== undefined) results.push(notSupported('buildInputs', '"buildInputs"'));
  if (rule.components !== undefined) results.push(...checkComponents(context, rule.components));
  if (rule.files !== undefined) results.push(notSupported('files', '"files"'));
  if (rule.image !== undefined) results.push(...checkImage(context, rule.image));
  for (const rego of rule.rego ?? []) results.push(notSupported('rego', `"rego" (${rego.bundle})`, rego.entrypoint));
  if (rule.vsa !== undefined) results.push(notSupported('vsa', '"vsa"'));
  if (results.length > 0) return results;
  // the linter refuses such a rule; should one get here it must not pass
  const reason = `rule "${rule.name}" checks nothing`;
  return [
    failed({ check: 'unmatched', code: 'NO_CHECKS', reason, remedy: `add at least one of ${CHECK_WORDS.join(', ')}` }),
  ];
}

function checkImage(context: RuleContext, check: NonNullable<PolicyRule['image']>): readonly CheckResult[] {
  const results: CheckResult[] = [];
  for (const [name, mode] of check.checks ?? []) {
    if (mode !== 'off') results.push(notSupported('image', `check ${name}`, name));
  }
  if (check.digestPinned) results.push(checkPinned(context));
  return results;
}

function checkPinned(context: RuleContext): CheckResult {
  const { reference, requested, digest } = context.image.evidence;
  if (digest === null)
    return errored(
      { check: 'image', item: 'digestPinned', code: 'NOT_RESOLVED', reason: 'the image was not resolved' },
      ExitCode.Input,
    );
  if (requested.digest !== null) {
    return passed({
      check: 'image',
      item: 'digestPinned',
      code: 'IMAGE_PINNED',
      reason: 'the reference names a digest',
      basis: { digests: [digest] },
    });
  }
  return failed({
    check: 'image',
    item: 'digestPinned',
    code: 'IMAGE_NOT_PINNED',
    reason: `${reference} names no digest: it can lead elsewhere tomorrow`,
    basis: { digests: [digest] },
    remedy: `refer to the image as ${context.image.evidence.name ?? reference}@${digest}`,
  });
}
