import { ExitCode } from '../../../core/index.ts';
import { allowedBase, type AllowedBase } from '../../base/allowed-base.ts';
import { filesBasis, noFacts } from '../check-files.ts';
import type { RuleContext } from '../../context.ts';
import type { CheckResult } from '../../decision.ts';
import { byStrictness, errored, notCollected, passed } from '../../outcome.ts';
import type { ImageVerdict, NamedImageCheck } from './contract.ts';
import { withImpliedChecks } from './implied.ts';
import { imageCheck } from './registry.ts';

/** What all named checks of a rule on one platform share. */
interface Shared {
  readonly context: RuleContext;
  readonly implied: RuleContext;
  readonly base: AllowedBase | undefined;
}

/**
 * The named checks of a rule on one platform, in the order of the policy, without those that are off: a violation fails or warns as the mode says, what is
 * not known is an error in either.
 */
export function evaluateImageChecks(
  context: RuleContext,
  checks: ReadonlyMap<string, 'deny' | 'warn' | 'off'>,
): readonly CheckResult[] {
  const implied = { ...context, rule: withImpliedChecks(context.loaded.policy, context.rule) };
  const shared: Shared = { context, implied, base: allowedBase(implied) };
  return [...checks].flatMap(([id, mode]) => (mode === 'off' ? [] : [evaluateImageCheck(shared, id, mode)]));
}

function evaluateImageCheck({ context, implied, base }: Shared, id: string, mode: 'deny' | 'warn'): CheckResult {
  const check = imageCheck(id);
  if (check === undefined) {
    const reason = `there is no check ${id.slice(0, 40)}`;
    return errored({ check: 'image', item: id, code: 'IMAGE_CHECK_UNKNOWN', reason }, ExitCode.Usage);
  }
  const missing = missingFacts(context, check);
  if (missing !== undefined) return missing;
  const { system, files } = context.platform.evidence;
  const verdict = check.evaluate({
    context: implied,
    platform: context.platform,
    base,
    // those that the check needs are there; it looks at no others
    system: system as NonNullable<typeof system>,
    files: files as NonNullable<typeof files>,
  });
  return resultOf(context, check, { verdict, mode });
}

function missingFacts(context: RuleContext, { id, needs }: NamedImageCheck): CheckResult | undefined {
  const { system, files, layersVerified } = context.platform.evidence;
  if (needs.includes('files') && (files === undefined || !layersVerified)) return noFacts(context, id, 'image');
  if (!needs.includes('system') || (system !== undefined && layersVerified)) return undefined;
  return notCollected(context, ['resolve', 'manifest', 'layers', 'files'], {
    check: 'image',
    item: id,
    code: 'SYSTEM_NOT_COLLECTED',
    reason: `what ${id} looks at was not collected of ${context.platform.manifest}`,
    remedy: 'collect the evidence again with this policy',
  });
}

function resultOf(
  context: RuleContext,
  { id, title }: NamedImageCheck,
  { verdict, mode }: { readonly verdict: ImageVerdict; readonly mode: 'deny' | 'warn' },
): CheckResult {
  const what = { check: 'image', item: id } as const;
  if (verdict.kind === 'met') {
    const notes = verdict.notes ?? [];
    return passed({ ...what, code: 'IMAGE_CHECK_MET', reason: `${title}: ${verdict.reason}`, basis: { notes } });
  }
  if (verdict.kind === 'unknown') {
    const { code, reason, remedy, exitCode } = verdict;
    return errored({ ...what, code, reason, ...(remedy === undefined ? {} : { remedy }) }, exitCode);
  }
  const { reason, remedy, places = [], notes = [] } = verdict;
  // history lines are said, mode and owner are not
  const where = filesBasis(
    context,
    places.map(({ path, layer }) => ({ path, layer })),
  );
  const basis = { ...where, notes: [...notes, ...(where.notes ?? [])] };
  return byStrictness(mode, { ...what, code: id, reason, basis, remedy });
}
