import { ExitCode, type Digest } from '../core/index.ts';
import { compareCodeUnits } from '../core/index.ts';
import type { EvidenceError } from '../evidence/index.ts';
import type { Basis, CheckName, CheckResult } from './decision.ts';

/** What a result says, without its outcome. */
export interface Finding {
  readonly check: CheckName;
  readonly item?: string;
  readonly code: string;
  readonly reason: string;
  readonly basis?: Basis;
  readonly remedy?: string;
}

export function passed(finding: Finding): CheckResult {
  return result(finding, 'pass');
}

export function failed(finding: Finding): CheckResult {
  return result(finding, 'fail');
}

export function warned(finding: Finding): CheckResult {
  return result(finding, 'warn');
}

export function errored(finding: Finding, exitCode: ExitCode): CheckResult {
  return { ...result(finding, 'error'), exitCode };
}

/** A word that this version reads but cannot evaluate: never a pass. */
export function notSupported(check: CheckName, what: string, item?: string): CheckResult {
  return errored(
    {
      check,
      ...(item === undefined ? {} : { item }),
      code: 'CHECK_NOT_SUPPORTED',
      reason: `${what} cannot be evaluated by this version of waybill`,
      remedy: 'remove it from the policy, or use a version that knows it',
    },
    ExitCode.Usage,
  );
}

/** A fact that could not be collected stands for the check that needs it, with its own code and class. */
export function carried(check: CheckName, error: EvidenceError, item?: string): CheckResult {
  return errored(
    {
      check,
      ...(item === undefined ? {} : { item }),
      code: error.code,
      reason: error.reason,
      ...(error.subject === undefined ? {} : { basis: { digests: [error.subject] } }),
      remedy: 'collect the evidence again once the cause is gone',
    },
    error.exitCode,
  );
}

/** `deny` fails, `warn` warns, `allow` passes. */
export function byStrictness(strictness: 'deny' | 'warn' | 'allow', finding: Finding): CheckResult {
  return result(finding, strictness === 'deny' ? 'fail' : strictness === 'warn' ? 'warn' : 'pass');
}

function result(finding: Finding, outcome: CheckResult['outcome']): CheckResult {
  const { basis = {}, remedy, ...rest } = finding;
  return { ...rest, outcome, basis: tidy(basis), ...(remedy === undefined || outcome === 'pass' ? {} : { remedy }) };
}

function tidy(basis: Basis): Basis {
  const { digests, identities, paths, layers, notes } = basis;
  return {
    ...(digests?.length ? { digests: unique(digests) as readonly Digest[] } : {}),
    ...(identities?.length ? { identities: unique(identities) } : {}),
    ...(paths?.length ? { paths: unique(paths) } : {}),
    ...(layers?.length ? { layers: [...new Set(layers)].toSorted((a, b) => a - b) } : {}),
    ...(notes?.length ? { notes } : {}),
  };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted(compareCodeUnits);
}

/** At most `limit` of the items, and how many more there are, for messages. */
export function shortList(items: readonly string[], limit = 5): string {
  const more = items.length - limit;
  return items.slice(0, limit).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
