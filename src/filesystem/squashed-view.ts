import { compareCodeUnits } from '../core/index.ts';
import { textAt } from './byte-list.ts';
import { NO_NODE, type FileTree, type Node } from './file-tree.ts';
import { DIGEST_BYTES, type DigestAlgorithm } from './capture-rule.ts';
import type { CapturedFile, FileEntry, FileView, FolderFiles, FolderView } from './file-view.ts';
import {
  CONTENT_KINDS,
  positionOf,
  RecordKind,
  type ContentKind,
  type LayerRecords,
  type StackDiagnostic,
} from './layer-records.ts';

/** The view that squashing layers gives. */
export interface SquashedLayers extends FileView {
  /** Where runtimes differ in what the layers mean. The view then has what any of them leaves. */
  readonly diagnostics: readonly StackDiagnostic[];
}

/** `FileView` over a finished tree. Entries are made when asked for; nothing but the tree is kept. */
export class SquashedView implements SquashedLayers {
  readonly diagnostics: readonly StackDiagnostic[];
  readonly #tree: FileTree;
  readonly #firstLayer: number;
  #size: number | undefined;
  #captured: Map<string, Node[]> | undefined;
  /** What `entries` gave last, unless a link: whoever goes through all files asks about that one, and it needs no walk. */
  #given: { readonly path: string; readonly node: Node } | undefined;

  constructor(tree: FileTree, firstLayer: number, diagnostics: readonly StackDiagnostic[]) {
    this.diagnostics = diagnostics;
    this.#tree = tree;
    this.#firstLayer = firstLayer;
  }

  get size(): number {
    this.#size ??= this.#visible().reduce((sum) => sum + 1, 0);
    return this.#size;
  }

  get idLimit(): number {
    return this.#tree.limit;
  }

  lookup(path: string): FileEntry | undefined {
    const node = this.#tree.walk(path, { followLast: false });
    return node === NO_NODE ? undefined : this.#entry(node, this.#tree.path(node));
  }

  resolve(path: string): FileEntry | undefined {
    const node = this.#resolve(path);
    return node === NO_NODE ? undefined : this.#entry(node, this.#tree.path(node));
  }

  list(directory: string): readonly FileEntry[] {
    const tree = this.#tree;
    const folder = this.#resolve(directory);
    if (folder === NO_NODE || !tree.isDirectory(folder)) return [];
    const prefix = prefixOf(tree.path(folder));
    return [...tree.children(folder)]
      .map((node) => ({ node, name: tree.name(node) }))
      .toSorted((a, b) => compareCodeUnits(a.name, b.name))
      .map(({ node, name }) => this.#entry(node, prefix + name));
  }

  folder(directory: string): FolderView | undefined {
    const tree = this.#tree;
    const folder = this.#resolve(directory);
    if (folder === NO_NODE || !tree.isDirectory(folder)) return undefined;
    const fileId = (name: string): Node | undefined => {
      const child = tree.child(folder, name);
      return child === NO_NODE || tree.isDirectory(child) ? undefined : child;
    };
    return { path: tree.path(folder), fileId };
  }

  *folders(): Generator<FolderFiles> {
    const tree = this.#tree;
    const pending: { readonly node: Node; readonly path: string }[] = [{ node: 0, path: '' }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, path } = next;
      const prefix = prefixOf(path);
      const files: Node[] = [];
      for (const child of tree.children(node)) {
        if (tree.isDirectory(child)) pending.push({ node: child, path: prefix + tree.name(child) });
        else files.push(child);
      }
      yield { id: node, parent: tree.parent(node), path, files: () => this.#named(files, prefix) };
    }
  }

  *#named(nodes: readonly Node[], prefix: string): Generator<readonly [string, FileEntry]> {
    const tree = this.#tree;
    for (const node of nodes) {
      const name = tree.name(node);
      const path = prefix + name;
      this.#given = tree.isSymlink(node) ? undefined : { path, node };
      yield [name, this.#entry(node, path)];
    }
  }

  /** By path: a folder's contents sort as its name and a slash, so `a`, `a-b`, `a/x` come out in that order without sorting whole paths. */
  *entries(): Generator<FileEntry> {
    const tree = this.#tree;
    const open = [openFolder(tree, 0, '')];
    for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
      const { keys, node: parent, prefix } = folder;
      const key = keys[folder.next];
      folder.next += 1;
      if (key === undefined) open.pop();
      else if (key.charCodeAt(key.length - 1) === SLASH) {
        open.push(openFolder(tree, tree.child(parent, key.slice(0, -1)), prefix + key));
      } else {
        const node = tree.child(parent, key);
        const path = prefix + key;
        this.#given = tree.isSymlink(node) ? undefined : { path, node };
        yield this.#entry(node, path);
      }
    }
  }

  captured(ruleId: string): readonly CapturedFile[] {
    this.#captured ??= this.#indexCaptures();
    return (this.#captured.get(ruleId) ?? [])
      .map((node) => {
        const bytes = this.#capturedBytes(node, ruleId);
        return bytes === undefined ? undefined : { entry: this.#entry(node, this.#tree.path(node)), bytes };
      })
      .filter((file) => file !== undefined)
      .toSorted((a, b) => compareCodeUnits(a.entry.path, b.entry.path));
  }

  read(path: string): Uint8Array | undefined {
    const node = this.#resolve(path);
    if (node === NO_NODE) return undefined;
    const captures = this.#content(node)?.captures;
    if (!captures) return undefined;
    const record = this.#tree.contentRecord(node);
    for (let index = firstOf(captures.record, record); captures.record[index] === record; index += 1) {
      if (captures.whole[index] === 1) return captures.bytes.subarray(captures.start[index], captures.end[index]);
    }
    return undefined;
  }

  contentDigest(path: string, algorithm: DigestAlgorithm): string | undefined {
    const node = this.#resolve(path);
    const records = node === NO_NODE ? undefined : this.#content(node);
    if (!records) return undefined;
    const position = positionOf(records[`${algorithm}Record`], this.#tree.contentRecord(node));
    if (position < 0) return undefined;
    const length = DIGEST_BYTES[algorithm];
    return Buffer.from(records[algorithm].subarray(position * length, (position + 1) * length)).toString('hex');
  }

  #resolve(path: string): Node {
    if (this.#given?.path === path) return this.#given.node;
    return this.#tree.walk(path, { followLast: true });
  }

  #content(node: Node): LayerRecords | undefined {
    return this.#tree.contentRecord(node) < 0 ? undefined : this.#tree.layers[this.#tree.contentLayer(node)];
  }

  #contentKind(node: Node): ContentKind | undefined {
    const records = this.#content(node);
    if (!records || records.contentRecord.length === 0) return undefined;
    const position = positionOf(records.contentRecord, this.#tree.contentRecord(node));
    return position < 0 ? undefined : CONTENT_KINDS[records.content[position] ?? -1];
  }

  #capturedBytes(node: Node, ruleId: string): Uint8Array | undefined {
    const { captures, record } = this.#capturesOf(node);
    if (!captures) return undefined;
    for (let index = firstOf(captures.record, record); captures.record[index] === record; index += 1) {
      if (captures.rules[captures.rule[index] ?? -1] === ruleId) {
        return captures.bytes.subarray(captures.start[index], captures.end[index]);
      }
    }
    return undefined;
  }

  /** What rules captured of a node, and the record that has it: its own, but for a hard link to a file of a lower layer that file's. */
  #capturesOf(node: Node): { readonly captures: LayerRecords['captures'] | undefined; readonly record: number } {
    const tree = this.#tree;
    const [layer, contentLayer] = [tree.layer(node), tree.contentLayer(node)];
    const record = layer === contentLayer ? tree.record(node) : tree.contentRecord(node);
    return { captures: tree.layers[contentLayer]?.captures, record };
  }

  /** One walk over the visible nodes finds who was captured by which rule. */
  #indexCaptures(): Map<string, Node[]> {
    const index = new Map<string, Node[]>();
    for (const node of this.#visible()) {
      const { captures, record } = this.#capturesOf(node);
      if (record < 0 || !captures || captures.record.length === 0) continue;
      for (let at = firstOf(captures.record, record); captures.record[at] === record; at += 1) {
        const rule = captures.rules[captures.rule[at] ?? -1] ?? '';
        const nodes = index.get(rule);
        if (nodes) nodes.push(node);
        else index.set(rule, [node]);
      }
    }
    return index;
  }

  /** All nodes but the root, in no particular order. */
  *#visible(): Generator<Node> {
    const pending: Node[] = [0];
    while (pending.length > 0) {
      for (const child of this.#tree.children(pending.pop() as Node)) {
        yield child;
        if (this.#tree.isDirectory(child)) pending.push(child);
      }
    }
  }

  #entry(node: Node, path: string): FileEntry {
    const tree = this.#tree;
    const layer = tree.layer(node) + this.#firstLayer;
    const record = tree.record(node);
    const records = tree.layers[tree.layer(node)];
    const type = tree.type(node);
    if (record < 0 || !records) {
      return { id: node, path, type, sizeBytes: 0, mode: 0o755, uid: 0, gid: 0, mtime: 0, layer };
    }
    // a literal with spreads takes several times as long, and there may be millions
    const entry: { -readonly [K in keyof FileEntry]: FileEntry[K] } = {
      id: node,
      path,
      type,
      sizeBytes: this.#content(node)?.sizeBytes[tree.contentRecord(node)] ?? 0,
      mode: records.mode[record] as number,
      uid: records.uid[record] as number,
      gid: records.gid[record] as number,
      mtime: records.mtime[record] as number,
      layer,
    };
    if (type === 'symlink') entry.linkTarget = tree.linkTarget(node);
    if (records.kind[record] === RecordKind.HardLink) entry.hardLinkTo = linkOf(records, record);
    const xattrs = readXattrs(records, record);
    if (xattrs !== undefined) entry.xattrs = xattrs;
    const content = type === 'file' ? this.#contentKind(node) : undefined;
    if (content !== undefined) entry.content = content;
    return entry;
  }
}

/** A folder on its way through all entries. */
interface OpenFolder {
  /** Names, and for each folder its name and a slash: there its contents come. Sorted. */
  readonly keys: readonly string[];
  readonly node: Node;
  readonly prefix: string;
  next: number;
}

const SLASH = 0x2f;

function openFolder(tree: FileTree, node: Node, prefix: string): OpenFolder {
  const keys: string[] = [];
  for (const child of tree.children(node)) {
    const name = tree.name(child);
    keys.push(name);
    if (tree.isDirectory(child)) keys.push(`${name}/`);
  }
  // without a comparison strings sort by their code units
  return { keys: keys.sort(), node, prefix, next: 0 };
}

/** What the paths of a folder's contents begin with. */
function prefixOf(folder: string): string {
  return folder === '' ? '' : `${folder}/`;
}

function linkOf(records: LayerRecords, record: number): string {
  const position = positionOf(records.linkRecord, record);
  return position < 0 ? '' : textAt(records.linkTarget, position);
}

function readXattrs(records: LayerRecords, record: number): Record<string, string> | undefined {
  if (records.xattrRecord.length === 0) return undefined;
  const position = positionOf(records.xattrRecord, record);
  if (position < 0) return undefined;
  return Object.fromEntries(JSON.parse(textAt(records.xattrs, position)) as [string, string][]);
}

/** Position of the first item that is not below `value`. */
function firstOf(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
