import type * as Yaml from 'yaml';
import { readHostileYaml, yamlScalar, type YamlReader } from '../../core/index.ts';
import type { PolicyProblem } from './problem.ts';

/** A position in the policy's text, both from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

export interface ScalarNode extends SourcePosition {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
}

export interface ListNode extends SourcePosition {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
}

export interface MapNode extends SourcePosition {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface MapEntry extends SourcePosition {
  readonly key: string;
  readonly value: SourceNode;
}

/** A YAML or JSON document as plain nodes that know where they stand. */
export type SourceNode = ScalarNode | ListNode | MapNode;

export interface SourceTree {
  /** Undefined when the text cannot be read at all. */
  readonly root: SourceNode | undefined;
  readonly problems: readonly PolicyProblem[];
}

/** Far above any policy that people read; YAML parsers are slow on absurd ones. */
const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_NODES = 200_000;
const MAX_DEPTH = 64;
const MAX_PROBLEMS = 100;

/**
 * Parses YAML 1.2 (core schema; JSON is part of it) with the guards that a file from a pull request needs: one document, no anchors, aliases or
 * tags, no duplicate keys, text keys only, capped size, depth and node count.
 * @param what names the document in messages
 */
export async function parseSourceTree(bytes: Uint8Array, what = 'the policy'): Promise<SourceTree> {
  const fatal = (message: string, hint?: string, at: SourcePosition = { line: 1, column: 1 }): SourceTree => ({
    root: undefined,
    problems: [syntaxProblem(message, at, hint)],
  });
  if (bytes.byteLength > MAX_TEXT_BYTES) {
    return fatal(`${what} is ${bytes.byteLength} bytes, more than the ${MAX_TEXT_BYTES} allowed`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fatal(`${what} is not UTF-8`);
  }
  const tree = await readHostileYaml(text, (reader): SourceTree => {
    const document = reader.yaml.parseDocument(text, reader.options);
    const problems = [...document.errors, ...document.warnings]
      .slice(0, MAX_PROBLEMS)
      .map((error) => syntaxProblem(error.message, reader.at(error.pos[0])));
    if (problems.length > 0) return { root: undefined, problems };
    const walker = new Walker(reader, what);
    const root = walker.node(document.contents, { line: 1, column: 1 }, 0);
    return walker.problems.length > 0 ? { root: undefined, problems: walker.problems } : { root, problems: [] };
  });
  return 'refused' in tree ? fatal(`${what} ${tree.refused}`) : tree.value;
}

function syntaxProblem(message: string, position: SourcePosition, hint?: string): PolicyProblem {
  const problem = { severity: 'error', code: 'POLICY_SYNTAX', path: '', message } as const;
  return { ...problem, line: position.line, column: position.column, ...(hint === undefined ? {} : { hint }) };
}

/** Turns the library's nodes into ours; holds the running totals of one document. */
class Walker {
  readonly problems: PolicyProblem[] = [];
  readonly #reader: YamlReader;
  readonly #what: string;
  #count = 0;

  constructor(reader: YamlReader, what: string) {
    this.#reader = reader;
    this.#what = what;
  }

  node(node: unknown, fallback: SourcePosition, depth: number): SourceNode {
    const { yaml } = this.#reader;
    this.#count += 1;
    const position = this.#position(node, fallback);
    const nothing: ScalarNode = { kind: 'scalar', value: null, ...position };
    if (this.#count > MAX_NODES || depth > MAX_DEPTH) {
      if (this.problems.length === 0)
        this.#refuse(`${this.#what} has too many values or is nested too deeply`, position);
      return nothing;
    }
    if (node === null || node === undefined) return nothing;
    if (yaml.isAlias(node)) {
      this.#refuse('aliases are not allowed here', position, 'write the value out');
      return nothing;
    }
    if ((yaml.isScalar(node) || yaml.isCollection(node)) && (node.anchor || node.tag)) {
      this.#refuse('anchors and tags are not allowed here', position, 'write the plain value');
      return nothing;
    }
    if (yaml.isMap(node)) return this.#map(node, position, depth);
    if (yaml.isSeq(node)) {
      return { kind: 'list', ...position, items: node.items.map((item) => this.node(item, position, depth + 1)) };
    }
    return { kind: 'scalar', ...position, value: yaml.isScalar(node) ? yamlScalar(node.value) : null };
  }

  #map(node: Yaml.YAMLMap, position: SourcePosition, depth: number): MapNode {
    const entries: MapEntry[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const { key, value } = pair;
      const place = this.#position(key, position);
      if (this.#reader.yaml.isScalar(key) && typeof key.value === 'string' && !key.anchor && !key.tag) {
        if (seen.has(key.value))
          this.#refuse(`the key ${JSON.stringify(key.value.slice(0, 80))} stands here twice`, place);
        seen.add(key.value);
        entries.push({ key: key.value, ...place, value: this.node(value, place, depth + 1) });
      } else {
        this.#refuse('keys are plain texts', place);
      }
    }
    return { kind: 'map', ...position, entries };
  }

  #position(node: unknown, fallback: SourcePosition): SourcePosition {
    const range = this.#reader.yaml.isNode(node) ? node.range : undefined;
    return range ? this.#reader.at(range[0]) : fallback;
  }

  #refuse(message: string, position: SourcePosition, hint?: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(syntaxProblem(message, position, hint));
  }
}
