/** Far above what the largest systems need: edges of a hostile database must not take minutes or gigabytes. */
const MAX_VISITS = 2_000_000;

/** Counts relations that were read and candidates that were looked at while edges of one database are resolved. */
export class EdgeBudget {
  #left = MAX_VISITS;

  /** Takes `count` visits; false when there are none left, and from then on no edge is added. */
  take(count: number): boolean {
    this.#left -= count;
    return this.#left >= 0;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }
}
