import type { RuleContext } from './context.ts';
import type { CheckResult } from './decision.ts';
import { notSupported } from './outcome.ts';
import type { PolicyRule } from './types.ts';

export async function checkRego(
  _context: RuleContext,
  rego: NonNullable<PolicyRule['rego']>[number],
): Promise<readonly CheckResult[]> {
  return [notSupported('rego', `"rego" (${rego.bundle})`, rego.entrypoint)];
}
