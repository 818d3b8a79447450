import type { RuleContext } from './context.ts';
import type { CheckResult } from './decision.ts';
import { notSupported } from './outcome.ts';
import type { PolicyRule } from './types.ts';

export function checkBuildInputs(
  _context: RuleContext,
  _check: NonNullable<PolicyRule['buildInputs']>,
): readonly CheckResult[] {
  return [notSupported('buildInputs', '"buildInputs"')];
}
