import { LIMITS } from '../core/index.ts';
import { textAt } from './byte-list.ts';
import { filesystemError } from './errors.ts';
import { FILE_TYPES, positionOf, RecordKind, type LayerRecords } from './layer-records.ts';
import { ChildTable, NO_NODE, type Node } from './child-table.ts';
import type { FileType } from './file-view.ts';

export { NO_NODE, type Node };

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
  /** Told of each link that is followed. */
  readonly onLink?: (link: Node) => void;
}

/**
 * The tree that squashing builds. A node is a number into columns. Records stay where they are: a node points at the record
 * that describes it and at the one that has its content (another one for hard links).
 */
export class FileTree {
  readonly layers: readonly LayerRecords[];
  readonly #table = new ChildTable();
  // columns, all of the same capacity
  #isFolder = new Uint8Array(FIRST_CAPACITY);
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
    this.#describe(0, {
      layer: 0,
      record: -1,
      contentLayer: 0,
      contentRecord: -1,
      isDirectory: true,
      replaces: NO_NODE,
    });
  }

  /** Building is over; what look-ups walk besides their own segments is counted from now on. */
  finish(): void {
    this.#isBuilding = false;
    this.#stepsLeft = MAX_LINKED_LOOKUPS;
  }

  parent(node: Node): Node {
    return this.#table.parent(node);
  }

  /** The last segment of its path. */
  name(node: Node): string {
    return this.#table.names[node] ?? '';
  }

  /** One more than the largest number of a node; most are visible. */
  get limit(): number {
    return this.#table.names.length;
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

  /** What lies in a folder, in no particular order; nothing for other nodes. */
  children(node: Node): Iterable<Node> {
    return this.#table.children(node);
  }

  isDirectory(node: Node): boolean {
    return this.#isFolder[node] === 1;
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
    for (let at = node; at !== 0; at = this.parent(at)) parts.push(this.name(at));
    return parts.toReversed().join('/');
  }

  /**
   * Walks a path from the root; `..` stops at the root, links are followed inside it, at most `LIMITS.linkHops` of them.
   * @returns NO_NODE when something is missing, is no folder, or links form a cycle or lead too far
   * @throws AppError FILESYSTEM_TOO_LARGE
   */
  walk(path: string, options: Walk): Node {
    if (this.#stepsLeft < 0) throw filesystemError('FILESYSTEM_TOO_LARGE', 'links lead through too many folders');
    let node: Node = 0;
    let hops = 0;
    let linkedSteps = 0;
    let rest = path;
    for (let at = 0; at >= 0;) {
      const slash = rest.indexOf('/', at);
      const isLast = slash < 0;
      const segment = isLast ? rest.slice(at) : rest.slice(at, slash);
      at = isLast ? -1 : slash + 1;
      if (hops > 0) linkedSteps += 1;
      if (hops > 0 || this.#isBuilding) this.#stepsLeft -= 1;
      if (linkedSteps > MAX_LINKED_STEPS) return NO_NODE;
      if (segment === '' || segment === '.') continue;
      if (segment === '..') {
        node = this.parent(node);
        continue;
      }
      const child = this.#step(node, segment, isLast, options);
      if (child === NO_NODE) return NO_NODE;
      if ((isLast && !options.followLast) || !this.isSymlink(child)) {
        node = child;
        continue;
      }
      options.onLink?.(child);
      hops += 1;
      if (hops > LIMITS.linkHops) return NO_NODE;
      const target = this.linkTarget(child);
      if (target.startsWith('/')) node = 0;
      rest = isLast ? target : `${target}/${rest.slice(at)}`;
      at = 0;
    }
    return node;
  }

  #step(node: Node, segment: string, isLast: boolean, options: Walk): Node {
    const child = this.child(node, segment);
    const create = options.createLayer;
    if (child === NO_NODE) {
      if (create === undefined || !this.isDirectory(node)) return NO_NODE;
      return this.#addFolder(node, segment, { layer: create, replaces: NO_NODE });
    }
    const mustBeFolder = !isLast || create !== undefined;
    if (!mustBeFolder || this.isDirectory(child) || this.isSymlink(child)) return child;
    // entries below something that is no folder: the folder wins, as the archive meant it
    return create === undefined ? NO_NODE : this.#addFolder(node, segment, { layer: create, replaces: child });
  }

  /** A folder that no record describes (yet). */
  #addFolder(parent: Node, name: string, from: { readonly layer: number; readonly replaces: Node }): Node {
    const { layer, replaces } = from;
    const undescribed = { record: -1, contentLayer: layer, contentRecord: -1, isDirectory: true };
    return this.put(parent, name, { layer, ...undescribed, replaces });
  }

  /** A folder is described by a newer record; what is inside stays. */
  describe(node: Node, layer: number, record: number): void {
    this.#layer[node] = layer;
    this.#record[node] = record;
    this.#contentLayer[node] = layer;
    this.#contentRecord[node] = record;
  }

  child(parent: Node, name: string): Node {
    return this.#table.find(parent, name);
  }

  remove(parent: Node, name: string): void {
    const child = this.child(parent, name);
    if (child !== NO_NODE) this.#table.remove(child);
  }

  removeChildren(node: Node): void {
    for (let child = this.#table.firstChild(node); child !== NO_NODE; child = this.#table.firstChild(node))
      this.#table.remove(child);
  }

  /** Makes a node in a folder, in place of the one that has its name. */
  put(parent: Node, name: string, node: NewNode): Node {
    const depth = (this.#depth[parent] as number) + 1;
    if (!this.isDirectory(parent) || depth > MAX_DEPTH) return NO_NODE;
    if (this.limit >= MAX_NODES)
      throw filesystemError('FILESYSTEM_TOO_LARGE', `the image has more than ${MAX_NODES} files`);
    if (node.isDirectory) this.#folders += 1;
    if (this.#folders > MAX_FOLDERS)
      throw filesystemError('FILESYSTEM_TOO_LARGE', `the image has more than ${MAX_FOLDERS} folders`);
    if (node.replaces !== NO_NODE) this.#table.remove(node.replaces);
    const id = this.#table.add(parent, name);
    if (id >= this.#depth.length) this.#grow();
    this.#depth[id] = depth;
    this.#describe(id, node);
    return id;
  }

  #describe(id: Node, node: NewNode): void {
    this.#isFolder[id] = node.isDirectory ? 1 : 0;
    this.#layer[id] = node.layer;
    this.#record[id] = node.record;
    this.#contentLayer[id] = node.contentLayer;
    this.#contentRecord[id] = node.contentRecord;
  }

  #grow(): void {
    const capacity = this.#depth.length * 2;
    this.#isFolder = new Uint8Array(this.#isFolder.buffer.transfer(capacity));
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
  /** The child of that name that the folder has; NO_NODE when it has none. */
  readonly replaces: Node;
}
