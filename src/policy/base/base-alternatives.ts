import type { BaseLevel } from '../../provenance/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { uncompared } from './base-containment.ts';
import { checkPackages } from './base-packages.ts';
import { checkScratch } from './base-scratch.ts';
import { isImageEntry, levelReaches } from './base-standing.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { matchesAny } from '../../core/index.ts';
import { osPackages, plainPurl } from './os-packages.ts';
import { failed } from '../outcome.ts';

/** What an entry without base layers came to. */
export interface Alternative {
  readonly result: CheckResult;
  /** Of what passed. */
  readonly level: BaseLevel;
}

/**
 * Entries that are no layers: scratch, package repositories, squashed bases. The first that passes decides; else the first that cannot be judged, as it might have
 * passed; else the first that failed for a reason of its own. undefined when none of them is what the image could be, and an entry with layers might be.
 */
export function alternativesResult(context: RuleContext, facts: BaseFacts): Alternative | undefined {
  const results: Alternative[] = [];
  for (const entry of facts.entries) {
    if (!facts.check.allow.includes(entry.name)) continue;
    if (entry.kind === 'scratch') add(results, checkScratch(context, facts, entry), 'content');
    if (entry.kind === 'packages') add(results, packages(facts, checkPackages(context, entry)), 'signed-claim');
  }
  add(results, uncompared(context, facts), 'none');
  const first = (outcome: CheckResult['outcome']): Alternative | undefined =>
    results.find(({ result }) => result.outcome === outcome);
  const decisive = first('pass') ?? first('error');
  if (decisive !== undefined) return decisive;
  const failures = results.filter(({ result }) => !isOther(context, facts, result));
  return failures[0] ?? (hasLayers(facts) ? undefined : results[0]);
}

/** Some allowed entry is an image. */
function hasLayers({ entries, check }: BaseFacts): boolean {
  return entries.some((entry) => check.allow.includes(entry.name) && isImageEntry(entry));
}

/** What an image with an operating system, or without one of the entry's packages, was never meant to be. */
function isOther({ platform }: RuleContext, { entries, check }: BaseFacts, { code }: CheckResult): boolean {
  const packages = platform.evidence.scan === null ? [] : osPackages(platform.evidence.scan);
  if (code === 'BASE_NOT_SCRATCH') return packages.length > 0;
  if (code === 'BASE_PACKAGES_NONE') return true;
  const wanted = entries.flatMap((entry) => (check.allow.includes(entry.name) ? (entry.purls ?? []) : []));
  return (
    code === 'BASE_PACKAGES_FOREIGN' &&
    !packages.some(({ purl }) => purl !== undefined && matchesAny(wanted, plainPurl(purl)))
  );
}

function add(results: Alternative[], result: CheckResult | undefined, level: BaseLevel): void {
  if (result !== undefined) results.push({ result, level });
}

/** Packages are never more than a signed claim. */
function packages({ check }: BaseFacts, result: CheckResult | undefined): CheckResult | undefined {
  const wanted = check.evidence ?? 'content';
  if (result?.outcome !== 'pass' || levelReaches('signed-claim', wanted)) return result;
  return failed({
    check: 'base',
    item: 'allow',
    code: 'BASE_EVIDENCE_TOO_LOW',
    reason: `${result.reason}: that is a signed claim, the rule wants ${wanted}`,
    basis: result.basis,
    remedy: 'say evidence: signed-claim in a rule of its own for images that are made of packages',
  });
}
