import type { RuleContext } from './context.ts';
import type { CheckResult } from './decision.ts';
import { notSupported } from './outcome.ts';
import type { PolicyRule } from './types.ts';

export function checkFiles(_context: RuleContext, _check: NonNullable<PolicyRule['files']>): readonly CheckResult[] {
  return [notSupported('files', '"files"')];
}
