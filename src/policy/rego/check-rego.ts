import { canonicalJson, ExitCode, isAppError, sha256Digest, type JsonValue } from '../../core/index.ts';
import type { RuleContext } from '../context.ts';
import type { Basis, CheckResult } from '../decision.ts';
import { errored, failed, passed, warned } from '../outcome.ts';
import type { InputGap } from './input-gap.ts';
import { policyInput } from './policy-input.ts';
import { programOf } from './read-program.ts';
import { readResult, type PolicyMessage } from './read-result.ts';
import type { PolicyRule } from '../file/types.ts';

type RegoRule = NonNullable<PolicyRule['rego']>[number];

/** Messages of one policy that become results of their own; the rest are counted. */
const MAX_RESULTS = 100;

/**
 * Evaluates a rule's Rego policies, in their order, over what they all may see of this platform. Each message is a result; what gives no answer (undefined, a trap,
 * too long, too much memory, a wrong shape, evidence that is not there) is an error and denies.
 */
export async function checkRego(context: RuleContext, policies: readonly RegoRule[]): Promise<readonly CheckResult[]> {
  const seen = policyInput(context);
  if ('gap' in seen) return policies.map((rego) => gapResult(rego, seen.gap));
  const input = canonicalJson(seen.input as unknown as JsonValue);
  const results: CheckResult[] = [];
  for (const rego of policies) results.push(...(await evaluatePolicy(context, rego, input)));
  return results;
}

function gapResult({ entrypoint }: RegoRule, gap: InputGap): CheckResult {
  const { code, reason, subject, exitCode, remedy } = gap;
  const basis = subject === undefined ? {} : { digests: [subject] };
  const more = remedy === undefined ? {} : { remedy };
  return errored({ check: 'rego', item: entrypoint, code, reason, basis, ...more }, exitCode ?? ExitCode.Input);
}

async function evaluatePolicy(context: RuleContext, rego: RegoRule, input: string): Promise<readonly CheckResult[]> {
  const { bundle, entrypoint } = rego;
  const { now } = context;
  const rests = basisOf(context, rego);
  try {
    const program = programOf(context.loaded, bundle, context.rego.programs);
    const result = await context.rego.evaluate(program, entrypoint, input);
    return resultsOf(readResult(result, entrypoint), { rego, rests, now });
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [
      errored(
        {
          check: 'rego',
          item: entrypoint,
          code: error.code,
          reason: `${bundle}: ${error.message}`,
          basis: rests,
          remedy: error.hint ?? `correct ${bundle}, or what it needs`,
        },
        error.exitCode,
      ),
    ];
  }
}

/** The policy whose messages are told. */
interface Telling {
  readonly rego: RegoRule;
  /** The program and what compiled it. */
  readonly rests: Basis;
  readonly now: Date;
}

function resultsOf(messages: readonly PolicyMessage[], telling: Telling): readonly CheckResult[] {
  const { rego, rests, now } = telling;
  if (messages.length === 0) {
    const reason = `${rego.bundle} has nothing against the image`;
    return [passed({ check: 'rego', item: rego.entrypoint, code: 'REGO_PASSED', reason, basis: rests })];
  }
  // what refuses goes first: what is left out of the list must not be all that refuses
  const ordered = messages.toSorted((a, b) => Number(denies(b, now)) - Number(denies(a, now)));
  const results = ordered.slice(0, MAX_RESULTS).map((message) => resultOf(message, telling));
  const more = ordered.slice(MAX_RESULTS);
  if (more.length === 0) return results;
  const say = more.some((message) => denies(message, now)) ? failed : warned;
  const reason = `${rego.bundle} says ${more.length} things more`;
  return [...results, say({ check: 'rego', item: rego.entrypoint, code: 'REGO_MORE', reason, remedy: remedyOf(rego) })];
}

function resultOf(message: PolicyMessage, { rego, rests, now }: Telling): CheckResult {
  const { kind, text, code, details, effectiveOn } = message;
  const notes = [
    ...(rests.notes ?? []),
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(effectiveOn === undefined ? [] : [`effective on ${effectiveOn.toISOString()}`]),
    ...(details === undefined ? [] : [details]),
  ];
  const reason = text === '' ? 'it says nothing more' : text;
  const finding = {
    check: 'rego',
    item: rego.entrypoint,
    reason,
    basis: { ...rests, notes },
    remedy: remedyOf(rego),
  } as const;
  if (kind === 'warn') return warned({ ...finding, code: 'REGO_WARNED' });
  return denies(message, now)
    ? failed({ ...finding, code: 'REGO_DENIED' })
    : warned({ ...finding, code: 'REGO_DENIES_LATER' });
}

function remedyOf({ bundle, entrypoint }: RegoRule): string {
  return `meet the rule ${entrypoint} of ${bundle}`;
}

function denies({ kind, effectiveOn }: PolicyMessage, now: Date): boolean {
  return kind === 'deny' && (effectiveOn === undefined || effectiveOn <= now);
}

/** The program and what compiled it. */
function basisOf({ loaded }: RuleContext, { bundle }: RegoRule): Basis {
  const compiled = loaded.compiledRego?.get(bundle);
  const bytes = loaded.files.get(bundle);
  return {
    ...(bytes === undefined ? {} : { digests: [sha256Digest(bytes)] }),
    notes: [`${bundle}${compiled === undefined ? '' : `, compiled by ${compiled.compiler}`}`],
  };
}
