import type { JsonValue } from '../core/index.ts';

/** What a policy compares of SLSA provenance. */
export interface ProvenanceFacts {
  readonly builder: string;
  readonly buildType: string;
  /** Undefined for a build type that the table does not know. */
  readonly source: string | undefined;
}

type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** Where each build type keeps the repository it built from. @see https://slsa.dev/spec/v1.1/provenance */
const SOURCES: Readonly<Record<string, (predicate: JsonObject) => JsonValue | undefined>> = {
  'https://actions.github.io/buildtypes/workflow/v1': (predicate) =>
    at(predicate, ['buildDefinition', 'externalParameters', 'workflow', 'repository']),
  'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1': (predicate) =>
    at(predicate, ['buildDefinition', 'externalParameters', 'workflow', 'repository']),
};

/** Reads SLSA provenance v1 or v0.2; undefined when it names no builder or build type. */
export function readProvenance(predicate: JsonValue): ProvenanceFacts | undefined {
  const object = asObject(predicate);
  if (object === undefined) return undefined;
  const builder = at(object, ['runDetails', 'builder', 'id']) ?? at(object, ['builder', 'id']);
  const buildType = at(object, ['buildDefinition', 'buildType']) ?? object['buildType'];
  if (typeof builder !== 'string' || typeof buildType !== 'string') return undefined;
  const source = Object.hasOwn(SOURCES, buildType) ? SOURCES[buildType]?.(object) : undefined;
  return { builder, buildType, source: typeof source === 'string' ? source : undefined };
}

function at(object: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const key of path) {
    const next = asObject(value);
    value = next !== undefined && Object.hasOwn(next, key) ? next[key] : undefined;
  }
  return value;
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
