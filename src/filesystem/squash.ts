import { textAt } from './byte-list.ts';
import { Ambiguities, type Ambiguity } from './ambiguities.ts';
import { FileTree, NO_NODE, type Node } from './file-tree.ts';
import { positionOf, RecordKind, type LayerRecords, type LayerStack, type StackDiagnostic } from './layer-records.ts';
import { TextReader } from './text-reader.ts';
import { SquashedView, type SquashedLayers } from './squashed-view.ts';

/**
 * Puts the bottom `layerCount` layers (all, unless told) of an image on top of each other, the way container runtimes do: whiteouts and opaque folders
 * act on lower layers only; a folder over a folder merges, everything else replaces; parents that are links are followed inside the root (merged
 * `/usr`); hard links share the content that their target had at that moment, in the same layer or below, whatever markers of the layer take away.
 * Runtimes that unpack each layer into a folder of its own (overlay: containerd, Docker, Podman) know no links of lower layers then: they put a folder in a
 * link's place, and a marker behind it takes nothing away; nor does one that empties the root, or one for a folder that the layer also makes. Neither do
 * these here; a diagnostic tells of them, and of folders that a layer first replaces and then makes again.
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
  readonly #ambiguities = new Ambiguities();
  /** Folders that the layer describes, by folder index and name; only when asked for. */
  #described: ReadonlySet<string> | undefined;

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
    return this.#ambiguities.diagnostics(this.#layer);
  }

  #note(kind: Ambiguity, record: number): void {
    this.#ambiguities.note(kind, () => {
      const folder = textAt(this.#records.directories, this.#records.directory[record] as number);
      return `/${folder === '' ? '' : `${folder}/`}${this.#names.at(record)}`;
    });
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
      if (this.#crossedLink) this.#note('behind-link', record);
      else if (what === RecordKind.Whiteout) this.#applyWhiteout(record, folder, textAt(names, record));
      else if (folder === 0) this.#note('root-emptied', record);
      else this.#tree.removeChildren(folder);
    }
  }

  #applyWhiteout(record: number, folder: Node, name: string): void {
    const isFolder = this.#tree.isDirectory(this.#tree.child(folder, name));
    if (isFolder && this.#describesFolder(record, name)) this.#note('folder-remade', record);
    else this.#tree.remove(folder, name);
  }

  /** Whether the layer also has an entry for a folder of this name. */
  #describesFolder(record: number, name: string): boolean {
    const { kind, directory, count } = this.#records;
    if (this.#described === undefined) {
      const described = new Set<string>();
      for (let other = 0; other < count; other += 1)
        if (kind[other] === RecordKind.Directory) described.add(`${directory[other]}/${this.#names.at(other)}`);
      this.#described = described;
    }
    return this.#described.has(`${directory[record]}/${name}`);
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
    if (this.#isBehindLink[this.#records.directory[record] as number] === 1) this.#note('behind-link', record);
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
      if (isDirectory && this.#layer > 0 && tree.layer(existing) === this.#layer) this.#note('folder-remade', record);
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
