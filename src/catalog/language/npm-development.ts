import type { Package } from '../../packages/index.ts';
import { reached } from './reached.ts';

/** What a project needs, as ids of packages. */
export interface ProjectNeeds {
  /** To run. */
  readonly required: readonly string[];
  /** For its development only. */
  readonly development: readonly string[];
}

/**
 * Packages that are installed for the development of projects only: what their manifests name so, with what that needs, without what anything else
 * needs. A package that no project names is not one of them, nor what it needs. Time grows with the edges.
 * @param packages all of an image, projects included
 * @param projects by id
 * @returns ids
 */
export function developmentOnly(
  packages: readonly Package[],
  projects: ReadonlyMap<string, ProjectNeeds>,
): ReadonlySet<string> {
  const needs = new Map(packages.map(({ id, dependsOn }) => [id, projects.get(id)?.required ?? dependsOn]));
  const development = reached(
    [...projects.values()].flatMap((project) => project.development),
    needs,
  );
  const others = packages.filter(({ id }) => projects.has(id) || !development.has(id)).map(({ id }) => id);
  const running = reached(others, needs);
  return new Set([...development].filter((id) => !running.has(id)));
}
