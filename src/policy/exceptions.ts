import type { ImageView, PlatformView } from '../evidence/index.ts';
import type { CheckResult } from './decision.ts';
import { failed } from './outcome.ts';
import type { Policy, PolicyException, PolicyRule } from './file/types.ts';
import { matchesAny } from '../core/index.ts';
import { lastDay } from './file/values.ts';
import { wantsProvenance } from './signers/predicate-types.ts';

export interface ExceptionScope {
  readonly policy: Policy;
  readonly rule: PolicyRule;
  readonly image: ImageView;
  readonly platform: PlatformView | undefined;
  readonly now: Date;
}

const NEEDS_DIGESTS: ReadonlySet<string> = new Set(['signatures', 'attestations', 'provenance']);

/**
 * Applies exceptions to a rule's results: `fail` becomes `excepted`; an error stays one. An exception that has lapsed changes nothing; where it would have
 * covered a failed check, that is said in a result of its own.
 */
export function applyExceptions(results: readonly CheckResult[], scope: ExceptionScope): readonly CheckResult[] {
  const exceptions = exceptionsFor(scope);
  if (exceptions.length === 0) return results;
  const lapsed = new Set<PolicyException>();
  const applied = results.map((result): CheckResult => {
    if (result.outcome !== 'fail') return result;
    const covering = exceptions.filter((exception) => coversCheck(exception, result));
    const valid = covering.find((exception) => exception.expires > scope.now);
    if (valid !== undefined) return excepted(result, valid);
    for (const exception of covering) lapsed.add(exception);
    return result;
  });
  return [...applied, ...[...lapsed].map(expired)];
}

/** Exceptions of a rule that cover an image or platform, lapsed or not, whatever they are for. */
export function exceptionsFor(scope: ExceptionScope): readonly PolicyException[] {
  return (scope.policy.exceptions ?? []).filter((exception) => coversImage(exception, scope));
}

function coversImage(exception: PolicyException, scope: ExceptionScope): boolean {
  const { image, platform, rule } = scope;
  if (exception.rule !== rule.name) return false;
  // the linter demands digests for these; a policy that got past it excuses nothing
  if (NEEDS_DIGESTS.has(exception.check) && exception.digests === undefined) return false;
  if (exception.images === undefined && exception.digests === undefined) return false;
  const { name } = image.evidence;
  if (exception.images !== undefined && (name === null || !matchesAny(exception.images, name))) return false;
  const digests = [image.evidence.digest, platform?.manifest];
  return exception.digests === undefined || exception.digests.some((digest) => digests.includes(digest));
}

function coversCheck(exception: PolicyException, result: CheckResult): boolean {
  if (exception.check === 'provenance') {
    return result.check === 'attestations' && wantsProvenance(result.item ?? '');
  }
  return exception.check === result.check;
}

function excepted(result: CheckResult, exception: PolicyException): CheckResult {
  const { reason, owner, ticket, expires } = exception;
  return {
    ...result,
    outcome: 'excepted',
    exception: { reason, owner, ...(ticket === undefined ? {} : { ticket }), lastDay: lastDay(expires) },
  };
}

function expired(exception: PolicyException): CheckResult {
  const ticket = exception.ticket === undefined ? '' : ` (${exception.ticket})`;
  return failed({
    check: 'exceptions',
    item: exception.check,
    code: 'EXCEPTION_EXPIRED',
    reason: `the exception for ${exception.check} of rule ${exception.rule}${ticket} ended with ${lastDay(exception.expires)} (UTC): it no longer covers this failure`,
    basis: { notes: [`${exception.reason}, owner ${exception.owner}`] },
    remedy: `meet the check, or have ${exception.owner} renew the exception`,
  });
}
