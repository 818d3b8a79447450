import { parseBoundedJson } from '../../core/index.ts';
import { asObject, asText, decodeText } from './json-fields.ts';
import { dependenciesOf, npmVersionText, type NpmDependencyNames } from './npm-manifest.ts';

/** What npm's hidden lockfile knows about one installed folder. */
export interface NpmLockEntry {
  readonly version: string | undefined;
  readonly resolved: string | undefined;
  readonly integrity: string | undefined;
  /** Reached only through `devDependencies`. */
  readonly dev: boolean;
  readonly dependencies: NpmDependencyNames;
}

export interface NpmLockEntries {
  /** By folder, without leading slash. */
  readonly entries: ReadonlyMap<string, NpmLockEntry>;
  /** How many entries and names of dependencies were met. */
  readonly values: number;
  /** false when there were more than were asked for. */
  readonly isWhole: boolean;
}

/**
 * Reads `node_modules/.package-lock.json` (npm 7 and later write it beside what they installed). Hostile input; never throws.
 * @param maxValues entries and names of dependencies, together, after which the rest is left out
 * @param projectFolder the folder that holds `node_modules`, without leading slash ('' for the root)
 * @returns undefined when the file is not a lockfile of version 2 or 3
 * @see https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#hidden-lockfiles
 */
export function parseHiddenLockfile(
  bytes: Uint8Array,
  projectFolder: string,
  maxValues = Number.POSITIVE_INFINITY,
): NpmLockEntries | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(decodeText(bytes));
  } catch {
    return undefined;
  }
  const packages = asObject(asObject(json)?.['packages']);
  if (packages === undefined) return undefined;
  const entries = new Map<string, NpmLockEntry>();
  let values = 0;
  let isWhole = true;
  for (const [location, value] of Object.entries(packages)) {
    const entry = asObject(value);
    // a location that leaves the project, or a link whose target has its own entry, says nothing about a folder here
    if (entry === undefined || entry['link'] === true || location === '' || location.startsWith('..')) continue;
    const dependencies = dependenciesOf(entry);
    values += 1 + dependencies.required.length + dependencies.development.length;
    isWhole = values <= maxValues;
    if (!isWhole) break;
    entries.set(projectFolder === '' ? location : `${projectFolder}/${location}`, {
      version: npmVersionText(entry['version']),
      resolved: asText(entry['resolved']),
      integrity: asText(entry['integrity']),
      dev: entry['dev'] === true,
      dependencies,
    });
  }
  return { entries, values, isWhole };
}
