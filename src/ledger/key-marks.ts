/** So many that the keys of an image, a hundred thousand, leave most of them free. */
const MARKS = 1 << 18;

/**
 * Says of most strings that they are not among some keys. Looking a new string up in a map costs its hash, over all of its characters; nearly all paths of an
 * image are asked about once and are in no map.
 */
export class KeyMarks {
  readonly #marks = new Uint8Array(MARKS);

  add(key: string): void {
    this.#marks[markOf(key)] = 1;
  }

  /** False: it was never added. */
  mayHave(key: string): boolean {
    return this.#marks[markOf(key)] === 1;
  }
}

/** Of the length and a few characters, more of them from the end, where paths differ. */
function markOf(key: string): number {
  const { length } = key;
  let mark = length;
  for (let back = 1; back <= length && back <= 7; back += 2) mark = Math.imul(mark, 31) + key.charCodeAt(length - back);
  mark = Math.imul(mark, 31) + key.charCodeAt(length >> 1);
  mark = Math.imul(mark, 31) + key.charCodeAt((length * 3) >> 2);
  return (mark ^ (mark >>> 15)) & (MARKS - 1);
}
