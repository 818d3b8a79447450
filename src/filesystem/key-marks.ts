/** So many that the paths of an image, a hundred thousand, leave most of them free. */
const MARKS_OF_PATHS = 1 << 18;

/**
 * Says of most strings that they are not among some keys. Looking a new string up in a map costs its hash, over all of its characters; nearly all paths of an
 * image are asked about once and are in no map.
 */
export class KeyMarks {
  readonly #marks: Uint8Array;

  /** @param count how many marks there are, a power of two: many times as many as there will be keys */
  constructor(count = MARKS_OF_PATHS) {
    this.#marks = new Uint8Array(count);
  }

  add(key: string): void {
    this.#marks[this.#markOf(key)] = 1;
  }

  /** False: it was never added. */
  mayHave(key: string): boolean {
    return this.#marks[this.#markOf(key)] === 1;
  }

  #markOf(key: string): number {
    return numberOf(key) & (this.#marks.length - 1);
  }
}

/** Of the length and a few characters, more of them from the end, where paths differ. */
function numberOf(key: string): number {
  const { length } = key;
  let mark = length;
  for (let back = 1; back <= length && back <= 7; back += 2) mark = Math.imul(mark, 31) + key.charCodeAt(length - back);
  mark = Math.imul(mark, 31) + key.charCodeAt(length >> 1);
  mark = Math.imul(mark, 31) + key.charCodeAt((length * 3) >> 2);
  return mark ^ (mark >>> 15);
}
