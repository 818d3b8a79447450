import { compareCodeUnits } from '../../core/index.ts';
import type { Policy } from '../file/types.ts';

/** Whether a policy names source rather than a compiled program. */
export function isRegoSource(path: string): boolean {
  return path.endsWith('.rego');
}

/** A Rego source that a policy names, with every entrypoint it is asked for; sorted. */
export interface RegoSource {
  readonly path: string;
  readonly entrypoints: readonly string[];
}

export function regoSources(policy: Policy): readonly RegoSource[] {
  const sources = new Map<string, Set<string>>();
  for (const { bundle, entrypoint } of policy.rules.flatMap((rule) => rule.rego ?? [])) {
    if (isRegoSource(bundle)) sources.set(bundle, (sources.get(bundle) ?? new Set()).add(entrypoint));
  }
  return [...sources]
    .map(([path, entrypoints]) => ({ path, entrypoints: [...entrypoints].toSorted(compareCodeUnits) }))
    .toSorted((a, b) => compareCodeUnits(a.path, b.path));
}

/**
 * Takes what an `opa` can do down to what policies may do here; see `capabilities.ts`, which is loaded only where something is compiled.
 * @param current hostile: what `opa capabilities --current` prints
 * @throws AppError REGO_NOT_COMPILED when it is no capabilities document
 */
export async function restrictCapabilities(current: Uint8Array): Promise<string> {
  const { withoutOutsideWorld } = await import('./capabilities.ts');
  return withoutOutsideWorld(current);
}
