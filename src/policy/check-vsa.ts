import type { RuleContext } from './context.ts';
import type { CheckResult } from './decision.ts';
import { notSupported } from './outcome.ts';
import type { PolicyRule } from './types.ts';

export function checkVsa(_context: RuleContext, _check: NonNullable<PolicyRule['vsa']>): readonly CheckResult[] {
  return [notSupported('vsa', '"vsa"')];
}
