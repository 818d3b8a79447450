/** Number of a node in a `FileTree`; the root is 0. */
export type Node = number;

/** Nothing there. */
export const NO_NODE = -1;

const FIRST_SLOTS = 8192;
const FREE = 0;
const REMOVED = -1;
/** Slots looked at for one name. A table that is half empty needs a few; names that were made to need more go into a map. */
const MAX_PROBES = 48;

/**
 * The children of all folders of a tree, by name and one after another. Numbers in columns: maps of strings take several times as long to fill, since a
 * string becomes a key of a map only after the runtime has looked it up among all strings it knows. Names that hash alike do no harm: beyond a few they
 * are kept in a map.
 */
export class ChildTable {
  /** By node; '' for the root. */
  readonly names: string[] = [''];
  /** Node plus one, `FREE` or `REMOVED`; twice as many as there are nodes, at least. */
  #slots = new Int32Array(FIRST_SLOTS);
  #usedSlots = 0;
  /** Nodes that found no slot in reach, by `crowdedKey`. */
  readonly #crowded = new Map<string, Node>();
  // columns, all of the same capacity
  #parent = new Int32Array(FIRST_SLOTS / 2);
  #hash = new Int32Array(FIRST_SLOTS / 2);
  #first = new Int32Array(FIRST_SLOTS / 2).fill(NO_NODE);
  #next = new Int32Array(FIRST_SLOTS / 2).fill(NO_NODE);
  #previous = new Int32Array(FIRST_SLOTS / 2).fill(NO_NODE);

  /** Of the root: the root. Of a node that was removed: the folder that it was in. */
  parent(node: Node): Node {
    return this.#parent[node] as number;
  }

  /** The child of that name, or NO_NODE. */
  find(parent: Node, name: string): Node {
    const hash = hashOf(parent, name);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const slot = this.#slots[at] as number;
      if (slot === FREE) return NO_NODE;
      if (slot > 0 && this.#hash[slot - 1] === hash && this.#isNamed(slot - 1, parent, name)) return slot - 1;
      at = (at + 1) & mask;
    }
    return this.#crowded.size === 0 ? NO_NODE : (this.#crowded.get(crowdedKey(parent, name)) ?? NO_NODE);
  }

  #isNamed(node: Node, parent: Node, name: string): boolean {
    return this.#parent[node] === parent && this.names[node] === name;
  }

  /** Makes a node and puts it into a folder that has none of that name. */
  add(parent: Node, name: string): Node {
    const node = this.names.length;
    this.names.push(name);
    if (node >= this.#parent.length) this.#growColumns();
    this.#parent[node] = parent;
    this.#hash[node] = hashOf(parent, name);
    if ((this.#usedSlots + 1) * 2 > this.#slots.length) this.#growSlots();
    this.#place(node);
    const first = this.#first[parent] as number;
    this.#next[node] = first;
    if (first !== NO_NODE) this.#previous[first] = node;
    this.#first[parent] = node;
    return node;
  }

  /** Takes a child out of its folder. What is in it stays in it, out of reach. */
  remove(node: Node): void {
    this.#unplace(node);
    const previous = this.#previous[node] as number;
    const next = this.#next[node] as number;
    if (next !== NO_NODE) this.#previous[next] = previous;
    if (previous === NO_NODE) this.#first[this.parent(node)] = next;
    else this.#next[previous] = next;
  }

  /** The children of a folder, in no particular order. Nothing may be added or removed meanwhile. */
  *children(parent: Node): Generator<Node> {
    for (let child = this.firstChild(parent); child !== NO_NODE; child = this.nextChild(child)) yield child;
  }

  /** Or NO_NODE. */
  firstChild(parent: Node): Node {
    return this.#first[parent] as number;
  }

  /** The one beside it, or NO_NODE. */
  nextChild(node: Node): Node {
    return this.#next[node] as number;
  }

  #place(node: Node): void {
    const mask = this.#slots.length - 1;
    let at = (this.#hash[node] as number) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const slot = this.#slots[at] as number;
      if (slot === FREE || slot === REMOVED) {
        if (slot === FREE) this.#usedSlots += 1;
        this.#slots[at] = node + 1;
        return;
      }
      at = (at + 1) & mask;
    }
    this.#crowded.set(crowdedKey(this.parent(node), this.names[node] ?? ''), node);
  }

  #unplace(node: Node): void {
    const mask = this.#slots.length - 1;
    let at = (this.#hash[node] as number) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      if (this.#slots[at] === node + 1) {
        this.#slots[at] = REMOVED;
        return;
      }
      at = (at + 1) & mask;
    }
    this.#crowded.delete(crowdedKey(this.parent(node), this.names[node] ?? ''));
  }

  #growSlots(): void {
    const old = this.#slots;
    const crowded = [...this.#crowded.values()];
    this.#crowded.clear();
    this.#slots = new Int32Array(old.length * 2);
    this.#usedSlots = 0;
    for (const slot of old) if (slot > 0) this.#place(slot - 1);
    for (const node of crowded) this.#place(node);
  }

  #growColumns(): void {
    const from = this.#parent.length;
    this.#parent = doubled(this.#parent);
    this.#hash = doubled(this.#hash);
    this.#first = doubled(this.#first).fill(NO_NODE, from);
    this.#next = doubled(this.#next).fill(NO_NODE, from);
    this.#previous = doubled(this.#previous).fill(NO_NODE, from);
  }
}

function doubled(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  return new Int32Array(column.buffer.transfer(column.byteLength * 2));
}

/** FNV-1a over the characters, from a start that differs from folder to folder, mixed at the end: slots are told by the low bits. */
export function hashOf(parent: Node, name: string): number {
  let hash = Math.imul(parent + 1, 0x9e37_79b1);
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x0100_0193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b_3c6d);
  return hash ^ (hash >>> 13);
}

function crowdedKey(parent: Node, name: string): string {
  return `${parent}/${name}`;
}
