import { compareCodeUnits } from '../core/index.ts';
import { textAt } from './byte-list.ts';
import { FileTree, NO_NODE, type Node } from './file-tree.ts';
import type { FileView } from './file-view.ts';
import { recordCaptures, recordPath } from './layer-captures.ts';
import { RecordKind, type LayerStack } from './layer-records.ts';
import { applyLayer } from './squash.ts';

/** A file that a rule captured in one layer, and that a layer above took away. */
export interface RemovedCapture {
  readonly ruleId: string;
  /** Without leading slash, links in parent folders resolved. */
  readonly path: string;
  /** What the rule captured of it last. */
  readonly bytes: Uint8Array;
  /** Layer that put it there, as it was last. */
  readonly capturedInLayer: number;
  /** Last layer with which it was there: always the one below the one that removed it. */
  readonly lastLayer: number;
  readonly removedInLayer: number;
  /** Whether something that the rule did not capture took its place (a folder, a link, another file), at its path or at a parent's. */
  readonly isReplaced: boolean;
}

/**
 * Files that rules captured in lower layers and that are not captured in the final view: `stripped` inventories, deleted package databases. A file
 * that a newer one replaced, or that came back, is not removed. Costs as much as squashing once, unless the view of all layers is given and shows at
 * once that nothing was removed.
 * @returns by rule (in the order given), then by path
 * @throws AppError FILESYSTEM_TOO_LARGE
 */
export function removedCaptures(
  stack: LayerStack,
  ruleIds: readonly string[],
  view?: FileView,
): readonly RemovedCapture[] {
  if (!ruleIds.some((id) => stack.layers.some((records) => records.captures.rules.includes(id)))) return [];
  if (view !== undefined && areAllCaptured(stack, ruleIds, view)) return [];
  const tree = new FileTree(stack.layers);
  const watch = new CaptureWatch(tree, ruleIds);
  stack.layers.forEach((records, layer) => {
    applyLayer(tree, records, layer);
    watch.afterLayer(layer);
  });
  return watch.finish(stack.firstLayer);
}

/** Whether all that the rules captured in any layer is captured in the view, under the same path. Never true where links could lead elsewhere. */
function areAllCaptured(stack: LayerStack, ruleIds: readonly string[], view: FileView): boolean {
  const folders = new Set<string>();
  for (const ruleId of ruleIds) {
    const present = new Set(view.captured(ruleId).map(({ entry }) => entry.path));
    for (const records of stack.layers) {
      const rule = records.captures.rules.indexOf(ruleId);
      for (const [index, record] of records.captures.record.entries()) {
        if (records.captures.rule[index] !== rule) continue;
        if (!present.has(recordPath(records, record))) return false;
        folders.add(textAt(records.directories, records.directory[record] as number));
      }
    }
  }
  return !mayLeadThroughLink(stack, folders);
}

/**
 * Whether one of the folders, or a folder that it lies in, may be a link in some layer: a link is recorded there, or one of that name is recorded at a path
 * that may itself lead through a link.
 */
function mayLeadThroughLink(stack: LayerStack, folders: ReadonlySet<string>): boolean {
  const all = new Set<string>();
  for (const folder of folders) {
    for (let end = folder.length; end > 0; end = folder.lastIndexOf('/', end - 1)) all.add(folder.slice(0, end));
  }
  const watched = new Set([...all].map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const linkNames = new Set<string>();
  const suspects: string[] = [];
  for (const records of stack.layers) {
    for (const record of records.linkRecord) {
      if (records.kind[record] !== RecordKind.Symlink) continue;
      const name = textAt(records.names, record);
      linkNames.add(name);
      if (!watched.has(name)) continue;
      if (all.has(recordPath(records, record))) return true;
      suspects.push(textAt(records.directories, records.directory[record] as number));
    }
  }
  return suspects.some((folder) => folder.split('/').some((segment) => linkNames.has(segment)));
}

interface Watched {
  readonly ruleId: string;
  readonly path: string;
  readonly node: Node;
  readonly bytes: Uint8Array;
  readonly layer: number;
}

interface Gone {
  readonly watched: Watched;
  readonly removedInLayer: number;
  readonly isReplaced: boolean;
}

/** Follows captured files while layers are put on top of each other. */
class CaptureWatch {
  readonly #tree: FileTree;
  readonly #ruleIds: readonly string[];
  readonly #present = new Map<string, Watched>();
  readonly #gone = new Map<string, Gone>();

  constructor(tree: FileTree, ruleIds: readonly string[]) {
    this.#tree = tree;
    this.#ruleIds = ruleIds;
  }

  afterLayer(layer: number): void {
    const gone = [...this.#present].filter(([, { node }]) => !isVisible(this.#tree, node));
    for (const [key, watched] of gone) {
      this.#present.delete(key);
      const isReplaced = this.#isReplaced(watched.path, layer);
      this.#gone.set(key, { watched, removedInLayer: layer, isReplaced });
    }
    for (const watched of this.#capturedBy(layer)) {
      const key = `${watched.ruleId}\0${watched.path}`;
      this.#present.set(key, watched);
      this.#gone.delete(key);
    }
  }

  /** Whether this layer put something at the path, or in place of one of its parents. */
  #isReplaced(path: string, layer: number): boolean {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const node = this.#tree.walk(path.slice(0, end), { followLast: false });
      if (node !== NO_NODE)
        return this.#tree.layer(node) === layer && (end === path.length || !this.#tree.isDirectory(node));
    }
    return false;
  }

  *#capturedBy(layer: number): Generator<Watched> {
    const records = this.#tree.layers[layer];
    if (!records) return;
    for (const { ruleId, record, bytes } of recordCaptures(records, this.#ruleIds)) {
      const folder = textAt(records.directories, records.directory[record] as number);
      const parent = this.#tree.walk(folder, { followLast: true });
      const node = parent === NO_NODE ? NO_NODE : this.#tree.child(parent, textAt(records.names, record));
      // the same layer may have a newer entry of this path
      if (node === NO_NODE || this.#tree.layer(node) !== layer || this.#tree.record(node) !== record) continue;
      yield { ruleId, path: this.#tree.path(node), node, bytes, layer };
    }
  }

  finish(firstLayer: number): readonly RemovedCapture[] {
    const found = [...this.#gone.values()].map(({ watched, removedInLayer, isReplaced }): RemovedCapture => ({
      ruleId: watched.ruleId,
      path: watched.path,
      bytes: watched.bytes,
      capturedInLayer: watched.layer + firstLayer,
      lastLayer: removedInLayer - 1 + firstLayer,
      removedInLayer: removedInLayer + firstLayer,
      isReplaced,
    }));
    const order = new Map(this.#ruleIds.map((id, index) => [id, index]));
    const rank = ({ ruleId }: RemovedCapture): number => order.get(ruleId) ?? 0;
    return found.toSorted((a, b) => rank(a) - rank(b) || compareCodeUnits(a.path, b.path));
  }
}

function isVisible(tree: FileTree, node: Node): boolean {
  for (let at = node; at !== 0; at = tree.parent(at)) {
    if (tree.child(tree.parent(at), tree.name(at)) !== at) return false;
  }
  return true;
}
