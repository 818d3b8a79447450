import { textAt } from './byte-list.ts';
import { FileTree, NO_NODE, type Node } from './file-tree.ts';
import { positionOf, RecordKind, type LayerRecords, type LayerStack, type StackDiagnostic } from './layer-records.ts';
import { TextReader } from './text-reader.ts';
import { SquashedView, type SquashedLayers } from './squashed-view.ts';

/**
 * Puts the bottom `layerCount` layers (all, unless told) of an image on top of each other, the way container runtimes do: whiteouts and opaque folders
 * act on lower layers only; a folder over a folder merges, everything else replaces; parents that are links are followed inside the root (merged
 * `/usr`); hard links share the content that their target had at that moment, in the same layer or below, whatever markers of the layer take away.
 * Runtimes that unpack each layer into a folder of its own (overlay: containerd, Docker, Podman) know no links of lower layers then: they put a folder in a
 * link's place, and a marker behind it takes nothing away. Neither does a marker here, nor one that empties the root, which overlay ignores; a diagnostic tells.
 * @throws AppError FILESYSTEM_TOO_LARGE
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 */
export function squash(stack: LayerStack, layerCount: number = stack.layers.length): SquashedLayers {
  const layers = stack.layers.slice(0, layerCount);
  const tree = new FileTree(layers);
  const diagnostics = layers.flatMap((records, layer) => applyLayer(tree, records, layer));
  tree.finish();
  return new SquashedView(tree, stack.firstLayer, diagnostics);
}

/**
 * Puts a layer on top of those that are in the tree.
 * @returns in what runtimes differ
 */
export function applyLayer(tree: FileTree, records: LayerRecords, layer: number): readonly StackDiagnostic[] {
  const application = new LayerApplication(tree, records, layer);
  application.applyWhiteouts();
  application.applyEntries();
  return application.diagnostics();
}

/** The record that has the content. */
interface LinkedContent {
  readonly layer: number;
  readonly record: number;
}

/** One layer on its way into the tree. */
class LayerApplication {
  readonly #tree: FileTree;
  readonly #records: LayerRecords;
  readonly #layer: number;
  readonly #names: TextReader;
  /** Folder index to node, valid as long as nothing that a path may lead through was replaced: then the epoch moves on. */
  readonly #folders: Int32Array;
  readonly #folderEpochs: Uint32Array;
  #epoch = 1;
  /** Content of what hard links lead to in the layers below, of links in layers that also take something away. */
  readonly #linkedBelow = new Map<number, LinkedContent>();
  /** Whether a folder's path leads through a link of a lower layer, by the folder's index. */
  readonly #isBehindLink: Uint8Array;
  #crossedLink = false;
  /** Entries of which that is so, and markers that took something away if it were not. */
  #behindLinks = 0;
  #firstBehindLink = -1;
  #emptiesRoot = false;

  constructor(tree: FileTree, records: LayerRecords, layer: number) {
    this.#tree = tree;
    this.#records = records;
    this.#layer = layer;
    this.#names = new TextReader(records.names);
    this.#folders = new Int32Array(records.directories.ends.length);
    this.#folderEpochs = new Uint32Array(records.directories.ends.length);
    this.#isBehindLink = new Uint8Array(records.directories.ends.length);
  }

  diagnostics(): readonly StackDiagnostic[] {
    const found: StackDiagnostic[] = [];
    const label = `layer ${this.#layer}`;
    if (this.#emptiesRoot) {
      const message = `${label} empties the root: runtimes with overlay ignore that, others remove what lower layers hold`;
      found.push({ code: 'root-emptied', severity: 'warning', message, path: '/', source: 'image' });
    }
    if (this.#behindLinks > 0) {
      const path = this.#path(this.#firstBehindLink);
      const others = this.#behindLinks === 1 ? '' : `, and ${this.#behindLinks - 1} more of the layer`;
      const message = `${label} has it behind a link of a lower layer${others}: some runtimes follow the link, those with overlay put a folder in its place`;
      found.push({ code: 'behind-link', severity: 'warning', message, path, source: 'image' });
    }
    return found;
  }

  #path(record: number): string {
    const folder = textAt(this.#records.directories, this.#records.directory[record] as number);
    return `/${folder === '' ? '' : `${folder}/`}${this.#names.at(record)}`;
  }

  #isSeenBehindLink(record: number): void {
    this.#behindLinks += 1;
    if (this.#firstBehindLink < 0) this.#firstBehindLink = record;
  }

  readonly #onLink = (link: Node): void => {
    this.#crossedLink ||= this.#tree.layer(link) < this.#layer;
  };

  /** First, and against the layers below alone: a marker never removes what its own layer adds. */
  applyWhiteouts(): void {
    const { kind, directory, directories, names, count } = this.#records;
    if (!kind.subarray(0, count).some((what) => what >= RecordKind.Whiteout)) return;
    this.#lookBelow();
    for (let record = 0; record < count; record += 1) {
      const what = kind[record] as number;
      if (what < RecordKind.Whiteout) continue;
      const path = textAt(directories, directory[record] as number);
      this.#crossedLink = false;
      const folder = this.#tree.walk(path, { followLast: true, onLink: this.#onLink });
      if (folder === NO_NODE || !this.#takesAway(folder, what, textAt(names, record))) continue;
      if (this.#crossedLink) this.#isSeenBehindLink(record);
      else if (what === RecordKind.Whiteout) this.#tree.remove(folder, textAt(names, record));
      else if (folder === 0) this.#emptiesRoot = true;
      else this.#tree.removeChildren(folder);
    }
  }

  #takesAway(folder: Node, what: number, name: string): boolean {
    if (what === RecordKind.Whiteout) return this.#tree.child(folder, name) !== NO_NODE;
    for (const _ of this.#tree.children(folder)) return true;
    return false;
  }

  /** Runtimes make a link before or after they take its target away; in the first order the link stays. */
  #lookBelow(): void {
    for (const record of this.#records.linkRecord) {
      if (this.#records.kind[record] !== RecordKind.HardLink) continue;
      const content = this.#contentOf(this.#hardLinkTarget(record));
      if (content !== undefined) this.#linkedBelow.set(record, content);
    }
  }

  #contentOf(target: Node): LinkedContent | undefined {
    const tree = this.#tree;
    if (target === NO_NODE || tree.isDirectory(target)) return undefined;
    return { layer: tree.contentLayer(target), record: tree.contentRecord(target) };
  }

  applyEntries(): void {
    const { kind, count } = this.#records;
    for (let record = 0; record < count; record += 1) {
      const what = kind[record] as number;
      if (what < RecordKind.Whiteout) this.#applyEntry(record, what);
    }
  }

  #applyEntry(record: number, kind: number): void {
    const tree = this.#tree;
    const folder = this.#folder(this.#records.directory[record] as number);
    if (folder === NO_NODE) return;
    if (this.#isBehindLink[this.#records.directory[record] as number] === 1) this.#isSeenBehindLink(record);
    const name = this.#names.at(record);
    if (name === '') {
      tree.describe(0, this.#layer, record);
      return;
    }
    const existing = tree.child(folder, name);
    const isDirectory = kind === RecordKind.Directory;
    if (existing !== NO_NODE) {
      if (isDirectory && tree.isDirectory(existing)) {
        tree.describe(existing, this.#layer, record);
        return;
      }
      // paths may have led through it
      if (tree.isDirectory(existing) || tree.isSymlink(existing)) this.#epoch += 1;
    }
    let content: LinkedContent | undefined = { layer: this.#layer, record };
    if (kind === RecordKind.HardLink) {
      const target = this.#hardLinkTarget(record);
      if (target !== NO_NODE && target === existing) return;
      content = target === NO_NODE ? this.#linkedBelow.get(record) : this.#contentOf(target);
      if (content === undefined) return;
    }
    tree.put(folder, name, {
      layer: this.#layer,
      record,
      contentLayer: content.layer,
      contentRecord: content.record,
      isDirectory,
      replaces: existing,
    });
  }

  #folder(index: number): Node {
    if (this.#folderEpochs[index] === this.#epoch) return this.#folders[index] as number;
    const path = textAt(this.#records.directories, index);
    this.#crossedLink = false;
    const walked = this.#tree.walk(path, { followLast: true, createLayer: this.#layer, onLink: this.#onLink });
    this.#isBehindLink[index] = this.#crossedLink ? 1 : 0;
    const node = walked !== NO_NODE && this.#tree.isDirectory(walked) ? walked : NO_NODE;
    this.#folders[index] = node;
    this.#folderEpochs[index] = this.#epoch;
    return node;
  }

  #hardLinkTarget(record: number): Node {
    const position = positionOf(this.#records.linkRecord, record);
    if (position < 0) return NO_NODE;
    return this.#tree.walk(textAt(this.#records.linkTarget, position), { followLast: false });
  }
}
