import { compareCodeUnits } from '../core/index.ts';
import type { LedgerFinding, LedgerLayer } from './types.ts';

/** The order of findings: by kind, then path, then layer. */
export function compareFindings(a: LedgerFinding, b: LedgerFinding): number {
  const pathOf = (finding: LedgerFinding): string => ('path' in finding ? finding.path : '');
  const layerOf = (finding: LedgerFinding): number => ('layer' in finding ? finding.layer : -1);
  return compareCodeUnits(a.kind, b.kind) || compareCodeUnits(pathOf(a), pathOf(b)) || layerOf(a) - layerOf(b);
}

/** Whether a finding tells of a stripped inventory. */
export function isStripped(kind: LedgerFinding['kind']): boolean {
  return kind === 'database-removed' || kind === 'orphaned-list' || kind === 'orphaned-copyright';
}

/** The line of the image's history for a layer, where it has one. */
export function historyOf(layers: readonly LedgerLayer[] | undefined, layer: number): { readonly createdBy?: string } {
  const { createdBy } = layers?.[layer] ?? {};
  return createdBy === undefined ? {} : { createdBy };
}
