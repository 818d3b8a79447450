import { compareCodeUnits, ExitCode, type Digest } from '../core/index.ts';
import type { EvidenceError } from '../evidence/index.ts';
import { platformError, type RuleContext } from './context.ts';
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

/** A fact that could not be collected stands for the check that needs it, with its own code and class. */
export function carried(check: CheckName, error: EvidenceError, item?: string): CheckResult {
  return errored(
    {
      check,
      ...(item === undefined ? {} : { item }),
      code: error.code,
      reason: error.reason,
      ...(error.subject === undefined ? {} : { basis: { digests: [error.subject] } }),
      remedy: remedyOf(error),
    },
    error.exitCode,
  );
}

/** A fact of the platform that the evidence does not hold: what kept one of the parts from being collected stands for it; else nobody asked for it, as the finding says. */
export function notCollected(
  context: RuleContext,
  parts: readonly EvidenceError['what'][],
  finding: Finding,
): CheckResult {
  const error = platformError(context, parts);
  return error === undefined ? errored(finding, ExitCode.Input) : carried(finding.check, error, finding.item);
}

/** What to do about a fact that could not be collected: by the class of the failure and by what it was about. */
function remedyOf({ what, exitCode }: EvidenceError): string {
  switch (exitCode) {
    case ExitCode.Auth:
      return 'give credentials that may read the image and what is attached to it: docker login, or --authfile';
    case ExitCode.Remote:
      return 'check again when the remote answers; --timeout allows more time';
    case ExitCode.Internal:
      return 'report this bug; until it is mended the image cannot be judged';
    case ExitCode.Input:
      return what === 'referrers'
        ? 'look with waybill tree at what is attached to the image, and remove what does not belong there'
        : 'give the right reference, or push the image again: what is there is missing, damaged, malformed or over a cap';
    case ExitCode.Usage:
      if (what === 'resolve')
        return 'name an image: REGISTRY/REPOSITORY, oci:DIR, oci-archive:FILE, docker-archive:FILE or docker-daemon:NAME';
      return 'check again as the reason says';
    default:
      return 'check again as the reason says';
  }
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
