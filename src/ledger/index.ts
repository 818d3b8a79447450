import type { CapturePlan } from '../filesystem/index.ts';
import { ALTERNATIVES_CAPTURE } from './alternatives.ts';
import { SKELETON_CAPTURE } from './copies.ts';
import { UCF_CAPTURE } from './ucf.ts';

export { buildLedger } from './build-ledger.ts';
export { LEDGER_MEDIA_TYPE, ledgerDocument } from './document.ts';
export type { LedgerDocument, LedgerSubject } from './document.ts';
export { compareFindings, isStripped } from './findings.ts';
export { strippedInventory } from './stripped.ts';
export type { StrippedFinding, StrippedOptions } from './stripped.ts';
export { ledgerSummary } from './summary.ts';
export type { Completeness, LedgerSummary } from './summary.ts';
export { LEDGER_CLASSES } from './types.ts';
export { uncheckedFiles } from './unchecked.ts';
export type { UncheckedFiles } from './unchecked.ts';
export type {
  Integrity,
  Ledger,
  LedgerClass,
  LedgerCount,
  LedgerDifference,
  LedgerEntry,
  LedgerFinding,
  LedgerLayer,
  LedgerOptions,
  LedgerOwner,
  LedgerTotals,
} from './types.ts';

/** What one pass over the layers must capture for the ledger, beyond what catalogers ask for. */
export const LEDGER_PLAN: CapturePlan = {
  captures: [ALTERNATIVES_CAPTURE, UCF_CAPTURE, SKELETON_CAPTURE],
  digests: [],
};
