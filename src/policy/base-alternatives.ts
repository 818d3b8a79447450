import type { BaseFacts } from './base-facts.ts';
import { noScan } from './check-attestations.ts';
import type { RuleContext } from './context.ts';
import type { CheckResult } from './decision.ts';
import { matchesAny } from './glob.ts';
import { notSupported } from './outcome.ts';
import type { BaseEntry } from './types.ts';

const OS_PACKAGE = /^pkg:(?:deb|apk|rpm|alpm)\//;

/**
 * Entries that are no layers: scratch, package repositories, squashed bases. This version cannot prove them, but it can often rule them out: an image with an
 * operating system's packages is not scratch, one without a matching package was not made from that repository. What cannot be ruled out is an error.
 */
export function alternativesResult(context: RuleContext, facts: BaseFacts): CheckResult | undefined {
  const allowed = facts.entries.filter((entry) => facts.check.allow.includes(entry.name));
  const open = allowed.filter(
    (entry) => entry.kind === 'scratch' || entry.kind === 'packages' || entry.squashed === 'allow',
  );
  if (open.length === 0) return undefined;
  const { scan } = context.platform.evidence;
  if (scan === null) return noScan(context, 'base', 'allow');
  const purls = scan.components.flatMap((component) => component.purl ?? []);
  const possible = open.find((entry) => !isRuledOut(entry, purls));
  if (possible === undefined) return undefined;
  const what =
    possible.squashed === 'allow'
      ? `a squashed ${possible.name} (file-level containment)`
      : `base ${possible.name} of kind ${possible.kind ?? 'image'}`;
  return notSupported('base', what, 'allow');
}

function isRuledOut(entry: BaseEntry, purls: readonly string[]): boolean {
  if (entry.kind === 'scratch') return purls.some((purl) => OS_PACKAGE.test(purl));
  if (entry.kind === 'packages')
    return !purls.some((purl) => matchesAny(entry.purls ?? [], purl.replace(/[@?#].*$/, '')));
  return false;
}
