import { removingLayers } from '../filesystem/index.ts';
import { historyOf } from './findings.ts';
import type { LedgerFinding, LedgerOptions } from './types.ts';

export type MissingFinding = Extract<LedgerFinding, { readonly kind: 'missing' }>;

/** Segments of all paths that are looked up together: lists of hostile images have longer ones than any layer. */
const MAX_SEGMENTS = 300_000;

/** What is missing, with the layer that removed it where one did. Beyond the limit it stays unknown. */
export function withRemovers(
  missing: readonly MissingFinding[],
  { stack, layers }: Pick<LedgerOptions, 'stack' | 'layers'>,
): readonly MissingFinding[] {
  if (stack === undefined || stack.layers.length < 2 || missing.length === 0) return missing;
  const paths: string[] = [];
  let segments = 0;
  for (const { path } of missing) {
    segments += path.split('/').length;
    if (segments > MAX_SEGMENTS) break;
    paths.push(path.slice(1));
  }
  const removers = removingLayers(stack, paths);
  return missing.map((finding, index) => {
    const removedInLayer = removers[index];
    if (removedInLayer === undefined) return finding;
    return { ...finding, removedInLayer, ...historyOf(layers, removedInLayer) };
  });
}
