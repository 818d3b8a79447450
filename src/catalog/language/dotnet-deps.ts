import { parseBoundedJson } from '../../core/index.ts';
import { asObject, type JsonObject } from './json-fields.ts';

/** One library of a `.deps.json`: what was published with a program. */
export interface DepsLibrary {
  /** `Newtonsoft.Json/13.0.3`, as the file writes it. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  /** `package`, `project`, `runtimepack`, `reference`, `referenceassembly`, ... */
  readonly type: string;
  /** SHA-512 of the package in lower-case hex, where one is written. */
  readonly sha512: string | undefined;
  /** Keys of libraries in this file that it needs. */
  readonly dependencies: readonly string[];
  /** Where its files lie, relative to the list's folder; '' for what is no file (`_._`). */
  readonly files: readonly string[];
  /** Whether a reference without any trace of a package. */
  readonly isBareReference: boolean;
}

export interface DepsFile {
  readonly libraries: ReadonlyMap<string, DepsLibrary>;
  /** More libraries, files or dependencies than any real list has were left out. */
  readonly truncated: boolean;
}

const MAX_LIBRARIES = 20_000;
/** Files and dependencies of all libraries together. */
const MAX_ITEMS = 400_000;
/** Those of all lists of an image. */
export const MAX_IMAGE_ITEMS = 2_000_000;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,255}$/;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,127}$/;

/**
 * Reads the list of libraries that .NET publishes beside a program, for its one runtime target. Hostile input; libraries whose name or version cannot be
 * one are left out.
 * @param image how many files and dependencies may still be read; what these were is taken off
 * @returns a sentence when it is no such list
 * @see https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
 */
export function parseDepsJson(text: string, image = { items: MAX_IMAGE_ITEMS }): DepsFile | string {
  let json: unknown;
  try {
    json = parseBoundedJson(text);
  } catch {
    return 'is not JSON';
  }
  const root = asObject(json);
  const targets = asObject(root?.['targets']);
  const libraries = asObject(root?.['libraries']);
  if (targets === undefined || libraries === undefined) return 'has no targets and libraries';
  const target = asObject(own(targets, targetName(root)));
  if (target === undefined) return 'does not have the target it names';
  const allowed = Math.min(MAX_ITEMS, image.items);
  const budget = { items: allowed };
  const found = new Map<string, DepsLibrary>();
  const keys = Object.keys(target);
  const entries = new Map(Object.entries(target));
  const records = new Map(Object.entries(libraries));
  const byName = keysByName(keys.slice(0, MAX_LIBRARIES));
  for (const key of keys.slice(0, MAX_LIBRARIES)) {
    const library = readLibrary(key, { entries, records, byName, budget });
    if (library !== undefined) found.set(key, library);
  }
  image.items -= Math.min(allowed, allowed - budget.items);
  return { libraries: found, truncated: keys.length > MAX_LIBRARIES || budget.items < 0 };
}

function targetName(root: JsonObject | undefined): string {
  const named = root?.['runtimeTarget'];
  const name = typeof named === 'string' ? named : asObject(named)?.['name'];
  return typeof name === 'string' ? name : '';
}

/** Keys of the target by name in lower case: an edge names a version that another one may have replaced. */
function keysByName(keys: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const key of keys) {
    const name = key.slice(0, Math.max(0, key.indexOf('/'))).toLowerCase();
    if (!found.has(name)) found.set(name, key);
  }
  return found;
}

interface Reading {
  readonly entries: ReadonlyMap<string, unknown>;
  readonly records: ReadonlyMap<string, unknown>;
  readonly byName: ReadonlyMap<string, string>;
  readonly budget: { items: number };
}

function readLibrary(key: string, reading: Reading): DepsLibrary | undefined {
  const slash = key.indexOf('/');
  const [name, version] = [key.slice(0, Math.max(0, slash)), key.slice(slash + 1)];
  if (!NAME.test(name) || !VERSION.test(version)) return undefined;
  const entry = asObject(reading.entries.get(key)) ?? {};
  const record = asObject(reading.records.get(key)) ?? {};
  const type = typeof record['type'] === 'string' ? record['type'].toLowerCase() : '';
  const sha512 = hexOf(record['sha512']);
  const isBareReference = sha512 === undefined && (record['path'] ?? '') === '';
  const dependencies = dependenciesOf(entry, reading).filter((target) => target !== key);
  return { key, name, version, type, sha512, dependencies, files: filesOf(entry, reading.budget), isBareReference };
}

function dependenciesOf(entry: JsonObject, { entries, byName, budget }: Reading): readonly string[] {
  const pairs = Object.entries(asObject(entry['dependencies']) ?? {});
  budget.items -= pairs.length;
  if (budget.items < 0) return [];
  return pairs.flatMap(([name, version]) => {
    const exact = `${name}/${typeof version === 'string' ? version : ''}`;
    const key = entries.has(exact) ? exact : byName.get(name.toLowerCase());
    return key === undefined ? [] : [key];
  });
}

/** Publishing puts a library's files beside the program; those of a language or of a platform below it. */
function filesOf(entry: JsonObject, budget: { items: number }): readonly string[] {
  const files: string[] = [];
  for (const group of ['runtime', 'native', 'resources', 'runtimeTargets']) {
    const assets = Object.entries(asObject(entry[group]) ?? {});
    budget.items -= assets.length;
    if (budget.items < 0) return files;
    for (const [path, details] of assets) {
      const file = path.slice(path.lastIndexOf('/') + 1);
      if (file === '' || file === '_._' || path.split('/').includes('..')) continue;
      const locale = group === 'resources' ? asObject(details)?.['locale'] : undefined;
      if (group === 'runtimeTargets') files.push(path);
      else files.push(typeof locale === 'string' && /^[\w-]{1,32}$/.test(locale) ? `${locale}/${file}` : file);
    }
  }
  return files;
}

/** `sha512-` and Base64 of 64 bytes. */
function hexOf(value: unknown): string | undefined {
  const base64 = typeof value === 'string' ? /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(value)?.[1] : undefined;
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
