import { INTEGRITIES, LEDGER_CLASSES, type Integrity, type LedgerClass } from './types.ts';

/** What the ledger remembers of each file: a dozen bytes, in the order of the view. The rest the view tells again. */
export class LedgerColumns {
  #class = new Uint8Array(4096);
  #integrity = new Uint8Array(4096);
  #rule = new Int16Array(4096);
  #owner = new Int32Array(4096);
  #also = new Int32Array(4096);
  #length = 0;

  push(row: LedgerRow): void {
    const at = this.#length;
    if (at === this.#class.length) this.#grow(at * 2);
    this.#class[at] = LEDGER_CLASSES.indexOf(row.class);
    this.#integrity[at] = row.integrity === undefined ? 0 : INTEGRITIES.indexOf(row.integrity) + 1;
    this.#rule[at] = row.rule ?? -1;
    this.#owner[at] = row.owner ?? -1;
    this.#also[at] = row.also ?? -1;
    this.#length += 1;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): Required<LedgerRow> {
    return {
      class: LEDGER_CLASSES[this.#class[index] ?? 0] ?? 'unaccounted',
      integrity: INTEGRITIES[(this.#integrity[index] ?? 0) - 1],
      rule: this.#rule[index] ?? -1,
      owner: this.#owner[index] ?? -1,
      also: this.#also[index] ?? -1,
    };
  }

  #grow(capacity: number): void {
    this.#class = new Uint8Array(this.#class.buffer.transfer(capacity));
    this.#integrity = new Uint8Array(this.#integrity.buffer.transfer(capacity));
    this.#rule = new Int16Array(this.#rule.buffer.transfer(capacity * 2));
    this.#owner = new Int32Array(this.#owner.buffer.transfer(capacity * 4));
    this.#also = new Int32Array(this.#also.buffer.transfer(capacity * 4));
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
