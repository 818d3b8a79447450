import { compareCodeUnits } from '../core/index.ts';

export interface GraphInput {
  readonly root: string;
  /** Refs of all components, in document order. */
  readonly refs: readonly string[];
  /** Refs that a component needs; unknown refs and the component itself are ignored. */
  readonly edges: ReadonlyMap<string, readonly string[]>;
}

/**
 * The dependency graph with the root joined on: the root needs whatever nobody else needs, and of each cycle that nothing leads into the first
 * member, so that every component can be reached from it. Linear.
 */
export function linkGraph(input: GraphInput): ReadonlyMap<string, readonly string[]> {
  const known = new Set(input.refs);
  const graph = new Map<string, readonly string[]>([[input.root, []]]);
  const needed = new Set<string>();
  for (const ref of input.refs) {
    const targets = new Set<string>();
    for (const target of input.edges.get(ref) ?? []) {
      if (target === ref || !known.has(target)) continue;
      targets.add(target);
      needed.add(target);
    }
    graph.set(ref, [...targets].toSorted(compareCodeUnits));
  }
  const reached = new Set<string>();
  const top: string[] = [];
  const start = (ref: string): void => {
    top.push(ref);
    reach(ref, graph, reached);
  };
  for (const ref of input.refs) if (!needed.has(ref)) start(ref);
  for (const ref of input.refs) if (!reached.has(ref)) start(ref);
  graph.set(input.root, top.toSorted(compareCodeUnits));
  return graph;
}

function reach(from: string, graph: ReadonlyMap<string, readonly string[]>, reached: Set<string>): void {
  const open = [from];
  reached.add(from);
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    for (const target of graph.get(ref) ?? []) {
      if (reached.has(target)) continue;
      reached.add(target);
      open.push(target);
    }
  }
}
