import { compareCodeUnits } from '../../core/index.ts';
import type { EdgeBudget } from '../edge-budget.ts';
import {
  evaluateMarker,
  parseMarker,
  parseRequirement,
  type Marker,
  type PythonRequirement,
} from './python-requirement.ts';
import { normalizePythonName } from './python-metadata.ts';
import type { PythonSites } from './python-sites.ts';

/** One distribution as far as its dependencies go. */
export interface PythonNode {
  readonly id: string;
  /** Normalised. */
  readonly name: string;
  readonly site: string;
  readonly requirements: readonly PythonRequirement[];
}

/** Extras of one distribution that are followed; what real packages define are some dozens. */
const MAX_EXTRAS = 64;

/** Where distributions lie, and how much may be looked at. */
export interface PythonSurroundings {
  readonly sites: PythonSites;
  /** What `.egg-link` leads to: by site, then by name. */
  readonly linked: ReadonlyMap<string, ReadonlyMap<string, PythonNode>>;
  readonly budget: EdgeBudget;
}

/**
 * Which distributions need which. An edge stands where the named distribution can be imported from the same environment and the marker is not
 * certainly false on Linux with the path's Python version. A requirement of an extra counts only when another distribution asks for that extra:
 * what a person asked for on the command line is not recorded anywhere.
 * @returns sorted ids by id
 */
export function pythonEdges(
  nodes: readonly PythonNode[],
  { sites, linked, budget }: PythonSurroundings,
): ReadonlyMap<string, readonly string[]> {
  const index = indexBySite(nodes);
  const homes = linkingSites(linked);
  const find = (node: PythonNode, name: string): PythonNode | undefined => {
    for (const site of [node.site, ...(homes.get(node.id) ?? [])]) {
      for (const { folder } of sites.visibleFrom(site)) {
        const found = index.get(folder)?.get(name) ?? linked.get(folder)?.get(name);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  const extras = new Map<string, Set<string>>();
  const edges = new Map<string, Set<string>>();
  const queue = [...nodes];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const own = extras.get(node.id) ?? new Set<string>();
    const targets = edges.get(node.id) ?? new Set<string>();
    edges.set(node.id, targets);
    const pythonVersion = [node.site, ...(homes.get(node.id) ?? [])]
      .map((site) => pythonVersionOf(sites, site))
      .find((version) => version !== undefined);
    const environment = { pythonVersion, extras: own };
    // a distribution is looked at again for each extra that is asked for
    if (!budget.take(node.requirements.length)) break;
    for (const requirement of node.requirements) {
      if (requirement.marker !== undefined && evaluateMarker(requirement.marker, environment) === false) continue;
      const target = find(node, requirement.name);
      if (target === undefined) continue;
      if (target.id !== node.id) targets.add(target.id);
      if (askFor(extras, target.id, requirement.extras)) queue.push(target);
    }
  }
  return new Map([...edges].map(([id, targets]) => [id, [...targets].sort(compareCodeUnits)]));
}

/** A working tree is linked into few environments, but a hostile image could hold thousands of links to one. */
const MAX_HOMES = 8;

/** By id: the sites whose `.egg-link` leads to a working tree. What it needs is installed there, not beside it. */
function linkingSites(
  linked: ReadonlyMap<string, ReadonlyMap<string, PythonNode>>,
): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  for (const [folder, names] of linked) {
    for (const { id } of names.values()) {
      const known = homes.get(id) ?? [];
      homes.set(id, known);
      if (known.length < MAX_HOMES) known.push(folder);
    }
  }
  return homes;
}

/** Notes extras; true when one is new, so that the target must be looked at again. */
function askFor(extras: Map<string, Set<string>>, id: string, asked: readonly string[]): boolean {
  if (asked.length === 0) return false;
  const known = extras.get(id) ?? new Set<string>();
  extras.set(id, known);
  const before = known.size;
  for (const extra of asked) if (known.size < MAX_EXTRAS) known.add(extra);
  return known.size > before;
}

function indexBySite(nodes: readonly PythonNode[]): ReadonlyMap<string, ReadonlyMap<string, PythonNode>> {
  const index = new Map<string, Map<string, PythonNode>>();
  for (const node of nodes) {
    const names = index.get(node.site) ?? new Map<string, PythonNode>();
    index.set(node.site, names);
    if (!names.has(node.name)) names.set(node.name, node);
  }
  return index;
}

/** A version with a minor number, from the site or those beside it. */
function pythonVersionOf(sites: PythonSites, site: string): string | undefined {
  return sites.visibleFrom(site).find(({ pythonVersion }) => pythonVersion?.includes('.') === true)?.pythonVersion;
}

/**
 * Requirements in the form setuptools writes beside PKG-INFO: sections `[extra]`, `[:marker]`, `[extra:marker]`.
 * @see https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html#requires-txt
 */
export function parseRequiresTxt(text: string): readonly PythonRequirement[] {
  const requirements: PythonRequirement[] = [];
  let section: Marker | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      section = sectionMarker(line.slice(1, -1));
      continue;
    }
    const requirement = parseRequirement(line);
    if (requirement !== undefined) requirements.push({ ...requirement, marker: section ?? requirement.marker });
  }
  return requirements;
}

function sectionMarker(text: string): Marker | undefined {
  const colon = text.indexOf(':');
  const extra = normalizePythonName((colon === -1 ? text : text.slice(0, colon)).trim());
  const condition = colon === -1 || colon > 256 ? undefined : parseMarker(text.slice(colon + 1, colon + 4096));
  if (extra === '') return condition;
  const isAsked: Marker = {
    kind: 'compare',
    left: { text: 'extra', isVariable: true },
    operator: '==',
    right: { text: extra, isVariable: false },
  };
  return condition === undefined ? isAsked : { kind: 'and', left: isAsked, right: condition };
}
