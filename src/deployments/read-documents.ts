import type * as Yaml from 'yaml';
import { readHostileYaml, yamlScalar, type YamlReader } from '../core/index.ts';
import { findTextDispute } from './text-dispute.ts';

/** A value with where it stands in the text. */
interface Positioned {
  readonly line: number;
  readonly column: number;
  /** Offsets of the value in the text, quotes included, properties left out. */
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends Positioned {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
}

export interface ListNode extends Positioned {
  readonly kind: 'list';
  readonly items: readonly ManifestNode[];
}

export interface MapNode extends Positioned {
  readonly kind: 'map';
  /** Merge keys are resolved. */
  readonly entries: ReadonlyMap<string, ManifestNode>;
}

/** An alias is the node of its anchor itself: trees may share branches, but have no cycles. */
export type ManifestNode = ScalarNode | ListNode | MapNode;

export interface SyntaxProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

export interface ManifestDocuments {
  /** Without those that are empty. */
  readonly roots: readonly ManifestNode[];
  readonly problems: readonly SyntaxProblem[];
}

const MAX_NODES = 500_000;
const MAX_DEPTH = 128;
const MAX_PROBLEMS = 20;
const NOWHERE: Positioned = { line: 1, column: 1, start: 0, end: 0 };

/**
 * Parses YAML 1.2 (JSON is part of it) of any number of documents. Anchors, aliases and merge keys are resolved; tags, directives, duplicate keys and keys that are not
 * scalars are refused, since tools disagree about what they mean, and so is text that other tools would divide into other lines or documents. Nodes and depth are capped; aliases share their anchor's node, so they cannot multiply anything.
 * @param text hostile; its size is the caller's to cap
 */
export async function readDocuments(text: string): Promise<ManifestDocuments> {
  const fatal = (message: string): ManifestDocuments => ({ roots: [], problems: [{ message, line: 1, column: 1 }] });
  const dispute = findTextDispute(text);
  if (dispute !== undefined) {
    const { offset, message, hint } = dispute;
    const before = text.slice(0, offset).split('\n');
    return { roots: [], problems: [{ message, hint, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }] };
  }
  const read = await readHostileYaml(text, (reader) => walkAll(text, reader));
  return 'refused' in read ? fatal(`it ${read.refused}`) : read.value;
}

function walkAll(text: string, reader: YamlReader): ManifestDocuments {
  const roots: ManifestNode[] = [];
  const problems: SyntaxProblem[] = [];
  for (const document of reader.yaml.parseAllDocuments(text, reader.options)) {
    const walker = new Walker(reader);
    for (const error of [...document.errors, ...document.warnings])
      walker.refuse(error.message, walker.at(error.pos[0]));
    if (document.directives?.yaml.explicit === true)
      walker.refuse('directives are not understood', NOWHERE, 'leave %YAML and %TAG out');
    const root = walker.problems.length > 0 ? undefined : walker.node(document.contents, NOWHERE, 0);
    problems.push(...walker.problems);
    if (root !== undefined && !(root.kind === 'scalar' && root.value === null)) roots.push(root);
  }
  return { roots, problems };
}

/** What the merge key of a map brings, and which keys stand before it. */
interface Merge {
  readonly sources: readonly ManifestNode[];
  readonly before: ReadonlySet<string>;
  readonly place: Positioned;
  readonly map: Positioned;
}

/** Turns the library's nodes of one document into ours. */
class Walker {
  readonly problems: SyntaxProblem[] = [];
  readonly #reader: YamlReader;
  /** Anchors whose nodes are complete, the latest of each name. */
  readonly #anchors = new Map<string, ManifestNode>();
  #count = 0;

  constructor(reader: YamlReader) {
    this.#reader = reader;
  }

  at(offset: number, end = offset): Positioned {
    return { ...this.#reader.at(offset), start: offset, end };
  }

  refuse(message: string, { line, column }: Positioned, hint?: string): void {
    if (this.problems.length < MAX_PROBLEMS)
      this.problems.push({ message, line, column, ...(hint === undefined ? {} : { hint }) });
  }

  node(node: unknown, fallback: Positioned, depth: number): ManifestNode {
    const { yaml } = this.#reader;
    const position = this.#position(node, fallback);
    const nothing: ScalarNode = { kind: 'scalar', value: null, ...position };
    this.#count += 1;
    if (this.#count > MAX_NODES || depth > MAX_DEPTH) {
      if (this.problems.length === 0) this.refuse('it has too many values or is nested too deeply', position);
      return nothing;
    }
    if (yaml.isAlias(node)) {
      const known = this.#anchors.get(node.source);
      if (known === undefined) this.refuse('an alias without a complete anchor before it', position);
      return known ?? nothing;
    }
    if (!yaml.isScalar(node) && !yaml.isCollection(node)) return nothing;
    if (node.tag !== undefined) {
      this.refuse('tags are not understood', position, 'write the plain value');
      return nothing;
    }
    const ours = this.#untagged(node, position, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, ours);
    return ours;
  }

  #untagged(node: Yaml.Scalar | Yaml.YAMLMap | Yaml.YAMLSeq, position: Positioned, depth: number): ManifestNode {
    const { yaml } = this.#reader;
    if (yaml.isMap(node)) return this.#map(node, position, depth);
    if (yaml.isSeq(node)) {
      return { kind: 'list', ...position, items: node.items.map((item) => this.node(item, position, depth + 1)) };
    }
    return { kind: 'scalar', ...position, value: yamlScalar(node.value) };
  }

  #map(node: Yaml.YAMLMap, position: Positioned, depth: number): MapNode {
    const entries = new Map<string, ManifestNode>();
    const seen = new Set<string>();
    let merge: Merge | undefined;
    for (const { key, value } of node.items) {
      const place = this.#position(key, position);
      const name = this.#key(key, place);
      if (name === undefined) continue;
      if (seen.has(name)) this.refuse(`the key ${JSON.stringify(name.slice(0, 80))} stands here twice`, place);
      seen.add(name);
      const child = this.node(value, place, depth + 1);
      if (name !== '<<') entries.set(name, child);
      else {
        const sources = child.kind === 'list' ? child.items : [child];
        merge ??= { sources, before: new Set(entries.keys()), place, map: position };
      }
    }
    for (const source of merge?.sources ?? []) this.#merge(source, entries, merge as Merge);
    return { kind: 'map', ...position, entries };
  }

  #key(key: unknown, place: Positioned): string | undefined {
    if (!this.#reader.yaml.isScalar(key) || key.tag !== undefined) {
      this.refuse('keys are plain texts', place);
      return undefined;
    }
    const name = String(key.value);
    if (name === '<<' && key.type !== 'PLAIN') {
      this.refuse('tools disagree about what a quoted << means', place);
      return undefined;
    }
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, { kind: 'scalar', ...place, value: name });
    return name;
  }

  /**
   * What stands in the map itself goes before what is merged, and the earlier of what is merged before the later. Go's yaml.v2, and so kubectl, lets a merge key take the
   * place of what stands before it: where that makes a difference it was refused.
   */
  #merge(source: ManifestNode, entries: Map<string, ManifestNode>, { before, place, map }: Merge): void {
    if (source.kind !== 'map') {
      this.refuse('a merge key takes a map or a list of maps', map);
      return;
    }
    this.#count += source.entries.size;
    if (this.#count > MAX_NODES) {
      if (this.problems.length === 0) this.refuse('it has too many values', map);
      return;
    }
    for (const [name, value] of source.entries) {
      if (!entries.has(name)) entries.set(name, value);
      else if (before.has(name)) {
        const key = JSON.stringify(name.slice(0, 80));
        this.refuse(`tools disagree whether ${key} or what << brings after it counts`, place, 'write << first');
      }
    }
  }

  #position(node: unknown, fallback: Positioned): Positioned {
    const range = this.#reader.yaml.isNode(node) ? node.range : undefined;
    return range ? this.at(range[0], range[1]) : fallback;
  }
}
