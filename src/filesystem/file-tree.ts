import { LIMITS } from '../core/index.ts';
import { NumberList, textAt } from './byte-list.ts';
import { filesystemError } from './errors.ts';
import { FILE_TYPES, positionOf, RecordKind, type LayerRecords } from './layer-records.ts';
import type { FileType } from './file-view.ts';

/** Number of a node in a `FileTree`; the root is 0. */
export type Node = number;

/** Nothing there. */
export const NO_NODE = -1;

/** Folders in folders; deeper paths exist on no system, but links could build them. */
const MAX_DEPTH = LIMITS.pathBytes / 2;
/** A Map holds no more. */
const MAX_NODES = 16_000_000;
/** Path segments walked while a tree is built: a hostile image could otherwise lead every path through thousands of links. */
const MAX_BUILD_STEPS = 400_000_000;

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
  readonly #parent = new NumberList(Int32Array);
  readonly #depth = new NumberList(Uint16Array);
  readonly #layer = new NumberList(Uint16Array);
  readonly #record = new NumberList(Int32Array);
  readonly #contentLayer = new NumberList(Uint16Array);
  readonly #contentRecord = new NumberList(Int32Array);

  #stepsLeft = MAX_BUILD_STEPS;

  constructor(layers: readonly LayerRecords[]) {
    this.layers = layers;
    this.#pushColumns(0, 0, { layer: 0, record: -1, contentLayer: 0, contentRecord: -1, isDirectory: true });
  }

  /** Building is over; single look-ups are bounded by themselves. */
  finish(): void {
    this.#stepsLeft = Number.POSITIVE_INFINITY;
  }

  parent(node: Node): Node {
    return this.#parent.at(node);
  }

  /** Layer whose record (or, for a folder nobody described, whose paths) made this node. */
  layer(node: Node): number {
    return this.#layer.at(node);
  }

  /** -1: a folder that no archive describes. */
  record(node: Node): number {
    return this.#record.at(node);
  }

  contentLayer(node: Node): number {
    return this.#contentLayer.at(node);
  }

  contentRecord(node: Node): number {
    return this.#contentRecord.at(node);
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
   * @returns NO_NODE when something is missing, is no folder, or links form a cycle
   */
  walk(path: string, options: Walk): Node {
    if (this.#stepsLeft < 0) throw filesystemError('FILESYSTEM_TOO_LARGE', 'links lead through too many folders');
    const pending = path.split('/').toReversed();
    let node: Node = 0;
    let hops = 0;
    while (pending.length > 0) {
      const segment = pending.pop() as string;
      this.#stepsLeft -= 1;
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
    this.#layer.set(node, layer);
    this.#record.set(node, record);
    this.#contentLayer.set(node, layer);
    this.#contentRecord.set(node, record);
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
    const depth = this.#depth.at(parent) + 1;
    if (!siblings || depth > MAX_DEPTH) return NO_NODE;
    const id = this.names.length;
    if (id >= MAX_NODES) throw filesystemError('FILESYSTEM_TOO_LARGE', `the image has more than ${MAX_NODES} files`);
    this.names.push(name);
    this.#children.push(node.isDirectory ? new Map() : undefined);
    this.#pushColumns(parent, depth, node);
    siblings.set(name, id);
    return id;
  }

  #pushColumns(parent: Node, depth: number, node: NewNode): void {
    this.#parent.push(parent);
    this.#depth.push(depth);
    this.#layer.push(node.layer);
    this.#record.push(node.record);
    this.#contentLayer.push(node.contentLayer);
    this.#contentRecord.push(node.contentRecord);
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
