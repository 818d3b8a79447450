import { inertJson } from '../core/index.ts';
import type { PolicyInput } from '../policy/index.ts';

/** The document as indented JSON, with nothing in it that a terminal acts on. */
export function renderPolicyInput(input: PolicyInput): string {
  return inertJson(JSON.stringify(input, undefined, 2));
}
