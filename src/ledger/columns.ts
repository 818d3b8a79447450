import type { FileId } from '../filesystem/index.ts';
import { INTEGRITIES, LEDGER_CLASSES, type Integrity, type LedgerClass } from './types.ts';

/** What the ledger remembers of each file: a dozen bytes, by the file's number. The rest the view tells again. */
export class LedgerColumns {
  readonly #class: Uint8Array;
  readonly #integrity: Uint8Array;
  readonly #rule: Int16Array;
  readonly #owner: Int32Array;
  readonly #also: Int32Array;

  /** @param limit above all numbers of files */
  constructor(limit: number) {
    this.#class = new Uint8Array(limit);
    this.#integrity = new Uint8Array(limit);
    this.#rule = new Int16Array(limit);
    this.#owner = new Int32Array(limit);
    this.#also = new Int32Array(limit);
  }

  set(id: FileId, row: LedgerRow): void {
    this.#class[id] = LEDGER_CLASSES.indexOf(row.class);
    this.#integrity[id] = row.integrity === undefined ? 0 : INTEGRITIES.indexOf(row.integrity) + 1;
    this.#rule[id] = row.rule ?? -1;
    this.#owner[id] = row.owner ?? -1;
    this.#also[id] = row.also ?? -1;
  }

  /** What was set before. */
  at(id: FileId): Required<LedgerRow> {
    return {
      class: LEDGER_CLASSES[this.#class[id] ?? 0] ?? 'unaccounted',
      integrity: INTEGRITIES[(this.#integrity[id] ?? 0) - 1],
      rule: this.#rule[id] ?? -1,
      owner: this.#owner[id] ?? -1,
      also: this.#also[id] ?? -1,
    };
  }
}

/** What was decided about one file; indexes are -1 or absent where there is nothing. */
export interface LedgerRow {
  readonly class: LedgerClass;
  readonly integrity?: Integrity | undefined;
  /** Index in the table of rules. */
  readonly rule?: number;
  /** Indexes of packages. */
  readonly owner?: number;
  readonly also?: number;
}
