import { compareCodeUnits } from '../../core/index.ts';
import type { JavaPom } from '../../formats/index.ts';
import { EdgeBudget } from '../edge-budget.ts';

/** One package as far as its dependencies go. */
export interface JavaNode {
  readonly id: string;
  /** `group:artifact`; absent when the group is not known. */
  readonly coordinates: string | undefined;
  /** Where it lies: the id of an archive, or a folder on disk (`/` in front). */
  readonly container: string;
  readonly pom: JavaPom | undefined;
}

/** Folders beside an application, or in one that is unpacked, that by custom hold what it needs. */
const LIBRARY_FOLDERS = ['lib', 'libs', 'dependency', 'BOOT-INF/lib', 'WEB-INF/lib'];
/** Beside the folder `app` that Quarkus puts an application's own archive into. */
const QUARKUS_FOLDERS = ['lib/main', 'lib/boot'];
/** Several versions in one place are all meant, but a hostile place could hold thousands. */
const MAX_VERSIONS = 8;

/**
 * Which packages need which: dependencies of their POMs (test and provided ones left out) found, by group and artefact, in the archive itself, in what
 * it lies in, beside it, or in a library folder beside it. Which version is there decides, not which one was asked for.
 * @returns sorted ids by id; `isComplete` false when there are more relations than any real image has
 */
export function javaEdges(nodes: readonly JavaNode[]): {
  readonly edges: ReadonlyMap<string, readonly string[]>;
  readonly isComplete: boolean;
} {
  const index = new Map<string, Map<string, string[]>>();
  const parents = new Map<string, string>();
  for (const { id, coordinates, container } of nodes) {
    parents.set(id, container);
    if (coordinates === undefined) continue;
    const inside = index.get(container) ?? new Map<string, string[]>();
    index.set(container, inside);
    const ids = inside.get(coordinates) ?? [];
    inside.set(coordinates, ids);
    if (ids.length < MAX_VERSIONS) ids.push(id);
  }
  const budget = new EdgeBudget();
  const edges = new Map<string, readonly string[]>();
  for (const { id, pom } of nodes) {
    const targets = new Set<string>();
    const places = pom === undefined ? [] : placesOf(id, parents).filter((place) => index.has(place));
    for (const { groupId, artifactId } of pom?.dependencies ?? []) {
      if (!budget.take(places.length)) break;
      const wanted = `${groupId}:${artifactId}`;
      const found = places.map((place) => index.get(place)?.get(wanted)).find((ids) => ids !== undefined);
      for (const target of found ?? []) if (target !== id) targets.add(target);
    }
    edges.set(id, [...targets].toSorted(compareCodeUnits));
  }
  return { edges, isComplete: !budget.isSpent };
}

/** From the inside out: the archive itself, those it lies in, its folder, library folders beside it. */
function placesOf(id: string, parents: ReadonlyMap<string, string>): readonly string[] {
  const places: string[] = [];
  let place: string | undefined = id;
  while (place !== undefined && !places.includes(place)) {
    places.push(place);
    place = parents.get(place);
  }
  const folder = places.at(-1)!;
  const beside = folder.endsWith('/app') ? folder.slice(0, -'/app'.length) : undefined;
  return [
    ...places,
    ...LIBRARY_FOLDERS.map((name) => `${folder === '/' ? '' : folder}/${name}`),
    ...(beside === undefined ? [] : QUARKUS_FOLDERS.map((name) => `${beside}/${name}`)),
  ];
}
