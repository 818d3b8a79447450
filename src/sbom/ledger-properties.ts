import { LEDGER_CLASSES, type LedgerCount } from '../ledger/index.ts';
import { cleanLine } from './clean-text.ts';
import type { SbomLedger, SbomProperty } from './types.ts';

/** Totals of the ledger as properties `waybill:ledger:...`: files, bytes and executables of every class, and how files compare with their records. */
export function ledgerProperties({ summary, integrity, document }: SbomLedger): readonly SbomProperty[] {
  const { totals, completeness, reason } = summary;
  const properties: SbomProperty[] = [];
  const add = (name: string, value: number | string): void => {
    properties.push({ name: `waybill:ledger:${name}`, value: String(value) });
  };
  const addCount = (name: string, count: LedgerCount): void => {
    add(`${name}:files`, count.files);
    add(`${name}:bytes`, count.bytes);
    add(`${name}:executables`, count.executables);
  };
  addCount('all', totals);
  for (const name of LEDGER_CLASSES) addCount(name, totals.byClass[name]);
  if (integrity) {
    for (const [state, files] of Object.entries(totals.integrity)) add(`integrity:${state}`, files);
    add('missing', totals.missing);
  }
  add('completeness', `${completeness}: ${cleanLine(reason)}`);
  if (document !== undefined) {
    add('document:digest', document.digest);
    add('document:mediaType', document.mediaType);
  }
  return properties;
}
