import { LIMITS } from '../core/index.ts';
import { textAt } from './byte-list.ts';
import { filesystemError } from './errors.ts';
import { FILE_TYPES, positionOf, RecordKind, type LayerRecords } from './layer-records.ts';
import type { FileType } from './file-view.ts';

/** Number of a node in a `FileTree`; the root is 0. */
export type Node = number;

/** Nothing there. */
export const NO_NODE = -1;

/** Folders in folders; deeper paths exist on no system, but links could build them. */
const MAX_DEPTH = LIMITS.pathBytes / 2;
/** Far beyond any image; more would not fit into the memory that Node gives itself. */
const MAX_NODES = 8_000_000;
/** Folders cost most, and one long path makes two thousand of them. */
const MAX_FOLDERS = 2_000_000;
/** Nodes that columns have room for at first. */
const FIRST_CAPACITY = 4096;
/** Path segments walked while a tree is built: a hostile image could otherwise lead every path through thousands of links. */
const MAX_BUILD_STEPS = 200_000_000;
/** Segments walked because of links: in one path, and in all look-ups of one view. No system comes near. */
const MAX_LINKED_STEPS = 1024;
const MAX_LINKED_LOOKUPS = 50_000_000;

/** How a path is walked. */
export interface Walk {
  /** Follow a symbolic link in the last segment too. */
  readonly followLast: boolean;
  /** Make folders that are missing, as of this layer. */
  readonly createLayer?: number;
}

/**
 * The tree that squashing builds. A node is a number into columns; only names are strings. Records stay where they are: a node points at the record
 * that describes it and at the one that has its content (another one for hard links).
 */
export class FileTree {
  readonly layers: readonly LayerRecords[];
  readonly names: string[] = [''];
  readonly #children: (Map<string, Node> | undefined)[] = [new Map()];
  // columns, all of the same capacity
  #parent = new Int32Array(FIRST_CAPACITY);
  #depth = new Uint16Array(FIRST_CAPACITY);
  #layer = new Uint16Array(FIRST_CAPACITY);
  #record = new Int32Array(FIRST_CAPACITY);
  #contentLayer = new Uint16Array(FIRST_CAPACITY);
  #contentRecord = new Int32Array(FIRST_CAPACITY);
  #stepsLeft = MAX_BUILD_STEPS;
  #folders = 0;
  #isBuilding = true;

  constructor(layers: readonly LayerRecords[]) {
    this.layers = layers;
    this.#describe(0, { layer: 0, record: -1, contentLayer: 0, contentRecord: -1, isDirectory: true });
  }

  /** Building is over; what look-ups walk besides their own segments is counted from now on. */
  finish(): void {
    this.#isBuilding = false;
    this.#stepsLeft = MAX_LINKED_LOOKUPS;
  }

  parent(node: Node): Node {
    return this.#parent[node] as number;
  }

  /** Layer whose record (or, for a folder nobody described, whose paths) made this node. */
  layer(node: Node): number {
    return this.#layer[node] as number;
  }

  /** -1: a folder that no archive describes. */
  record(node: Node): number {
    return this.#record[node] as number;
  }

  contentLayer(node: Node): number {
    return this.#contentLayer[node] as number;
  }

  contentRecord(node: Node): number {
    return this.#contentRecord[node] as number;
  }

  children(node: Node): ReadonlyMap<string, Node> | undefined {
    return this.#children[node];
  }

  isDirectory(node: Node): boolean {
    return this.#children[node] !== undefined;
  }

  isSymlink(node: Node): boolean {
    const record = this.contentRecord(node);
    return record >= 0 && this.layers[this.contentLayer(node)]?.kind[record] === RecordKind.Symlink;
  }

  type(node: Node): FileType {
    const record = this.contentRecord(node);
    if (record < 0) return 'directory';
    return FILE_TYPES[this.layers[this.contentLayer(node)]?.kind[record] ?? 0] ?? 'file';
  }

  /** Target of a symbolic link; '' for other nodes. */
  linkTarget(node: Node): string {
    const records = this.layers[this.contentLayer(node)];
    if (!records) return '';
    const position = positionOf(records.linkRecord, this.contentRecord(node));
    return position < 0 ? '' : textAt(records.linkTarget, position);
  }

  path(node: Node): string {
    if (node === 0) return '';
    const parts: string[] = [];
    for (let at = node; at !== 0; at = this.parent(at)) parts.push(this.names[at] ?? '');
    return parts.toReversed().join('/');
  }

  /**
   * Walks a path from the root; `..` stops at the root, links are followed inside it, at most `LIMITS.linkHops` of them.
   * @returns NO_NODE when something is missing, is no folder, or links form a cycle or lead too far
   * @throws AppError FILESYSTEM_TOO_LARGE
   */
  walk(path: string, options: Walk): Node {
    if (this.#stepsLeft < 0) throw filesystemError('FILESYSTEM_TOO_LARGE', 'links lead through too many folders');
    const pending = path.split('/').toReversed();
    let node: Node = 0;
    let hops = 0;
    let linkedSteps = 0;
    while (pending.length > 0) {
      const segment = pending.pop() as string;
      if (hops > 0) linkedSteps += 1;
      if (hops > 0 || this.#isBuilding) this.#stepsLeft -= 1;
      if (linkedSteps > MAX_LINKED_STEPS) return NO_NODE;
      if (segment === '' || segment === '.') continue;
      if (segment === '..') {
        node = this.parent(node);
        continue;
      }
      const isLast = pending.length === 0;
      const child = this.#step(node, segment, isLast, options);
      if (child === NO_NODE) return NO_NODE;
      if ((isLast && !options.followLast) || !this.isSymlink(child)) {
        node = child;
        continue;
      }
      hops += 1;
      if (hops > LIMITS.linkHops) return NO_NODE;
      const target = this.linkTarget(child);
      if (target.startsWith('/')) node = 0;
      pending.push(...target.split('/').toReversed());
    }
    return node;
  }

  #step(node: Node, segment: string, isLast: boolean, options: Walk): Node {
    const children = this.#children[node];
    const child = children?.get(segment);
    const create = options.createLayer;
    if (child === undefined) {
      return create === undefined || !children ? NO_NODE : this.addDirectory(node, segment, create);
    }
    const mustBeFolder = !isLast || create !== undefined;
    if (!mustBeFolder || this.isDirectory(child) || this.isSymlink(child)) return child;
    // entries below something that is no folder: the folder wins, as the archive meant it
    return create === undefined ? NO_NODE : this.addDirectory(node, segment, create);
  }

  /** A folder that no record describes (yet). */
  addDirectory(parent: Node, name: string, layer: number): Node {
    return this.#add(parent, name, { layer, record: -1, contentLayer: layer, contentRecord: -1, isDirectory: true });
  }

  /** Puts a record's node into a folder, in place of whatever had that name. */
  put(parent: Node, name: string, node: NewNode): Node {
    return this.#add(parent, name, node);
  }

  /** A folder is described by a newer record; what is inside stays. */
  describe(node: Node, layer: number, record: number): void {
    this.#layer[node] = layer;
    this.#record[node] = record;
    this.#contentLayer[node] = layer;
    this.#contentRecord[node] = record;
  }

  child(parent: Node, name: string): Node {
    return this.#children[parent]?.get(name) ?? NO_NODE;
  }

  remove(parent: Node, name: string): void {
    this.#children[parent]?.delete(name);
  }

  removeChildren(node: Node): void {
    this.#children[node]?.clear();
  }

  #add(parent: Node, name: string, node: NewNode): Node {
    const siblings = this.#children[parent];
    const depth = (this.#depth[parent] as number) + 1;
    if (!siblings || depth > MAX_DEPTH) return NO_NODE;
    const id = this.names.length;
    if (id >= MAX_NODES) throw filesystemError('FILESYSTEM_TOO_LARGE', `the image has more than ${MAX_NODES} files`);
    if (node.isDirectory) this.#folders += 1;
    if (this.#folders > MAX_FOLDERS)
      throw filesystemError('FILESYSTEM_TOO_LARGE', `the image has more than ${MAX_FOLDERS} folders`);
    this.names.push(name);
    this.#children.push(node.isDirectory ? new Map() : undefined);
    if (id >= this.#parent.length) this.#grow();
    this.#parent[id] = parent;
    this.#depth[id] = depth;
    this.#describe(id, node);
    siblings.set(name, id);
    return id;
  }

  #describe(id: Node, node: NewNode): void {
    this.#layer[id] = node.layer;
    this.#record[id] = node.record;
    this.#contentLayer[id] = node.contentLayer;
    this.#contentRecord[id] = node.contentRecord;
  }

  #grow(): void {
    const capacity = this.#parent.length * 2;
    this.#parent = new Int32Array(this.#parent.buffer.transfer(capacity * 4));
    this.#depth = new Uint16Array(this.#depth.buffer.transfer(capacity * 2));
    this.#layer = new Uint16Array(this.#layer.buffer.transfer(capacity * 2));
    this.#record = new Int32Array(this.#record.buffer.transfer(capacity * 4));
    this.#contentLayer = new Uint16Array(this.#contentLayer.buffer.transfer(capacity * 2));
    this.#contentRecord = new Int32Array(this.#contentRecord.buffer.transfer(capacity * 4));
  }
}

/** What a new node points at. */
export interface NewNode {
  readonly layer: number;
  readonly record: number;
  readonly contentLayer: number;
  readonly contentRecord: number;
  readonly isDirectory: boolean;
}
