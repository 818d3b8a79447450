import { matchesAny } from '../core/index.ts';
import type { Policy, PolicyRule } from './file/types.ts';

/** The rules that speak of an image: what is collected, and what is decided, are about the same ones. None for an image without a registry name. */
export function matchingRules({ rules }: Policy, name: string | null): readonly PolicyRule[] {
  return name === null ? [] : rules.filter((rule) => matchesAny(rule.images, name));
}

/** `linux/arm64` in a policy selects every variant of it; with a variant, that one. */
export function selects(rule: PolicyRule, name: string): boolean {
  const { platforms = 'all' } = rule;
  return platforms === 'all' || platforms.some((wanted) => selectsName(wanted, name));
}

/** Whether a platform of a rule selects one of an image. */
export function selectsName(wanted: string, name: string): boolean {
  return wanted === name || name.startsWith(`${wanted}/`);
}
