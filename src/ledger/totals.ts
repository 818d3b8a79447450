import type { LedgerRow } from './columns.ts';
import { INTEGRITIES, LEDGER_CLASSES, type Integrity, type LedgerClass, type LedgerTotals } from './types.ts';

interface Count {
  files: number;
  bytes: number;
  executables: number;
}

/** Adds up a ledger. */
export class TotalsCounter {
  readonly #byClass = record(LEDGER_CLASSES, (): Count => ({ files: 0, bytes: 0, executables: 0 }));
  readonly #integrity: Record<Integrity, number> = record(INTEGRITIES, () => 0);

  add(row: LedgerRow, sizeBytes: number, isExecutable: boolean): void {
    const count = this.#byClass[row.class];
    count.files += 1;
    count.bytes += sizeBytes;
    if (isExecutable) count.executables += 1;
    if (row.integrity !== undefined) this.#integrity[row.integrity] += 1;
  }

  /** What was added of one file counts as something else. */
  move(from: LedgerClass, to: LedgerClass, size: { readonly bytes: number; readonly isExecutable: boolean }): void {
    for (const [kind, sign] of [
      [from, -1],
      [to, 1],
    ] as const) {
      const count = this.#byClass[kind];
      count.files += sign;
      count.bytes += sign * size.bytes;
      if (size.isExecutable) count.executables += sign;
    }
  }

  finish(rest: Pick<LedgerTotals, 'missing' | 'excluded' | 'knownUnknowns'>): LedgerTotals {
    const counts = Object.values(this.#byClass);
    const sum = (key: keyof Count): number => counts.reduce((total, count) => total + count[key], 0);
    return {
      files: sum('files'),
      bytes: sum('bytes'),
      executables: sum('executables'),
      byClass: this.#byClass satisfies Record<LedgerClass, Count>,
      integrity: this.#integrity,
      ...rest,
    };
  }
}

function record<K extends string, V>(keys: readonly K[], make: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make()])) as Record<K, V>;
}
