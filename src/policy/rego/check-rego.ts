import { canonicalJson, ExitCode, isAppError, sha256Digest, type JsonValue } from '../../core/index.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed, warned } from '../outcome.ts';
import { policyInput } from './policy-input.ts';
import { programOf } from './read-program.ts';
import { readResult, type PolicyMessage } from './read-result.ts';
import type { PolicyRule } from '../file/types.ts';

type RegoRule = NonNullable<PolicyRule['rego']>[number];

/** Messages of one policy that become results of their own; the rest are counted. */
const MAX_RESULTS = 100;

/**
 * Evaluates one Rego policy over what it may see of this platform. Each message is a result; what gives no answer (undefined, a trap, too long, too much
 * memory, a wrong shape, evidence that is not there) is an error and denies.
 */
export async function checkRego(context: RuleContext, rego: RegoRule): Promise<readonly CheckResult[]> {
  const item = rego.entrypoint;
  const seen = policyInput(context);
  if ('gap' in seen) {
    const { code, reason, subject, exitCode, remedy } = seen.gap;
    const basis = subject === undefined ? {} : { digests: [subject] };
    const finding = { check: 'rego', item, code, reason, basis, ...(remedy === undefined ? {} : { remedy }) } as const;
    return [errored(finding, exitCode ?? ExitCode.Input)];
  }
  try {
    const program = programOf(context.loaded, rego.bundle, context.rego.programs);
    const input = canonicalJson(seen.input as unknown as JsonValue);
    const result = await context.rego.evaluate(program, rego.entrypoint, input);
    return resultsOf(context, rego, readResult(result, rego.entrypoint));
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [
      errored(
        {
          check: 'rego',
          item,
          code: error.code,
          reason: `${rego.bundle}: ${error.message}`,
          basis: basisOf(context, rego),
          remedy: error.hint ?? `correct ${rego.bundle}, or what it needs`,
        },
        error.exitCode,
      ),
    ];
  }
}

function resultsOf(context: RuleContext, rego: RegoRule, messages: readonly PolicyMessage[]): readonly CheckResult[] {
  if (messages.length === 0) {
    const reason = `${rego.bundle} has nothing against the image`;
    return [
      passed({ check: 'rego', item: rego.entrypoint, code: 'REGO_PASSED', reason, basis: basisOf(context, rego) }),
    ];
  }
  // what refuses goes first: what is left out of the list must not be all that refuses
  const ordered = messages.toSorted((a, b) => Number(denies(b, context.now)) - Number(denies(a, context.now)));
  const results = ordered.slice(0, MAX_RESULTS).map((message) => resultOf(context, rego, message));
  const more = ordered.slice(MAX_RESULTS);
  if (more.length === 0) return results;
  const say = more.some((message) => denies(message, context.now)) ? failed : warned;
  const reason = `${rego.bundle} says ${more.length} things more`;
  return [...results, say({ check: 'rego', item: rego.entrypoint, code: 'REGO_MORE', reason, remedy: remedyOf(rego) })];
}

function resultOf(context: RuleContext, rego: RegoRule, message: PolicyMessage): CheckResult {
  const { kind, text, code, details, effectiveOn } = message;
  const basis = basisOf(context, rego, [
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(effectiveOn === undefined ? [] : [`effective on ${effectiveOn.toISOString()}`]),
    ...(details === undefined ? [] : [details]),
  ]);
  const reason = text === '' ? 'it says nothing more' : text;
  const finding = { check: 'rego', item: rego.entrypoint, reason, basis, remedy: remedyOf(rego) } as const;
  if (kind === 'warn') return warned({ ...finding, code: 'REGO_WARNED' });
  return denies(message, context.now)
    ? failed({ ...finding, code: 'REGO_DENIED' })
    : warned({ ...finding, code: 'REGO_DENIES_LATER' });
}

function remedyOf({ bundle, entrypoint }: RegoRule): string {
  return `meet the rule ${entrypoint} of ${bundle}`;
}

function denies({ kind, effectiveOn }: PolicyMessage, now: Date): boolean {
  return kind === 'deny' && (effectiveOn === undefined || effectiveOn <= now);
}

/** The program and what compiled it, then what the policy says beside its message. */
function basisOf(
  { loaded }: RuleContext,
  { bundle }: RegoRule,
  notes: readonly string[] = [],
): NonNullable<CheckResult['basis']> {
  const compiled = loaded.compiledRego?.get(bundle);
  const bytes = loaded.files.get(bundle);
  return {
    ...(bytes === undefined ? {} : { digests: [sha256Digest(bytes)] }),
    notes: [`${bundle}${compiled === undefined ? '' : `, compiled by ${compiled.compiler}`}`, ...notes],
  };
}
