import { parseBoundedJson } from '../../core/index.ts';
import type { LicenseClaim } from '../../packages/index.ts';
import { asObject, asText, decodeText, dependencyNames, publicUrl, type JsonObject } from './json-fields.ts';

/** What a `package.json` says that a catalog can use. Every field was checked; unknown shapes are left out. */
export interface NpmManifest {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly isPrivate: boolean;
  /** A VS Code extension (`engines.vscode`) or a Unity package (`unity`): the same file name in another ecosystem. */
  readonly foreign: 'vscode' | 'unity' | undefined;
  readonly licenses: readonly LicenseClaim[];
  readonly author: string | undefined;
  readonly description: string | undefined;
  readonly homepage: string | undefined;
  readonly sourceUrl: string | undefined;
  /** `_resolved` and `_integrity` of npm before version 7. */
  readonly resolved: string | undefined;
  readonly integrity: string | undefined;
  readonly dependencies: NpmDependencyNames;
  /** Names of its programs. */
  readonly bins: readonly string[];
}

/** Names a package may need, by kind. */
export interface NpmDependencyNames {
  readonly required: readonly string[];
  readonly development: readonly string[];
}

export type NpmManifestResult =
  | { readonly manifest: NpmManifest; readonly extraDocuments: boolean }
  | { readonly problem: string };

/**
 * Reads a hostile `package.json`: a byte-order mark is ignored and, where several JSON documents follow one another, the first is taken.
 * Never throws.
 * @see https://docs.npmjs.com/cli/v11/configuring-npm/package-json
 */
export function parseNpmManifest(bytes: Uint8Array): NpmManifestResult {
  const text = decodeText(bytes);
  let extraDocuments = false;
  let value: unknown;
  try {
    value = parseBoundedJson(text);
  } catch (error) {
    const first = firstDocument(text);
    if (first === undefined) return { problem: error instanceof Error ? error.message : 'not JSON' };
    value = first;
    extraDocuments = true;
  }
  const object = asObject(value);
  return object === undefined ? { problem: 'not a JSON object' } : { manifest: toManifest(object), extraDocuments };
}

/** A version as the registry publishes it, where the manifest has `v1.2.3` or `=1.2.3`. */
export function npmVersionText(value: unknown): string | undefined {
  const text = asText(value);
  return text?.replace(/^[=v\s]{1,8}(?=\d{1,16}\.\d{1,16}\.\d)/, '');
}

function toManifest(json: JsonObject): NpmManifest {
  return {
    name: asText(json['name']),
    version: npmVersionText(json['version']),
    isPrivate: json['private'] === true || json['private'] === 'true',
    foreign: foreignKind(json),
    licenses: licensesOf(json),
    author: personText(json['author']),
    description: asText(json['description']),
    homepage: publicUrl(asText(json['homepage']) ?? asText(firstOf(json['homepage']))),
    sourceUrl: repositoryUrl(json['repository']),
    resolved: asText(json['_resolved']),
    integrity: asText(json['_integrity']),
    dependencies: dependenciesOf(json),
    bins: binsOf(json),
  };
}

/** Keys of `bin`; of a single path the package's own name, without its scope. */
function binsOf(json: JsonObject): readonly string[] {
  const bin = json['bin'];
  const name = asText(json['name']) ?? '';
  const names = typeof bin === 'string' ? [name.slice(name.lastIndexOf('/') + 1)] : Object.keys(asObject(bin) ?? {});
  return names.filter((item) => /^[\w.+-]{1,128}$/.test(item)).slice(0, 256);
}

/** Dependency names of a manifest or of a lockfile entry: both use the same keys. */
export function dependenciesOf(json: JsonObject): NpmDependencyNames {
  const required = new Set<string>();
  for (const key of [
    'dependencies',
    'optionalDependencies',
    'peerDependencies',
    'bundleDependencies',
    'bundledDependencies',
  ]) {
    for (const name of dependencyNames(json[key])) required.add(name);
  }
  return { required: [...required], development: dependencyNames(json['devDependencies']) };
}

function foreignKind(json: JsonObject): 'vscode' | 'unity' | undefined {
  if (asText(asObject(json['engines'])?.['vscode']) !== undefined) return 'vscode';
  return asText(json['unity']) === undefined ? undefined : 'unity';
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : undefined;
}

/** `license` and the older `licenses`, each a string, an object with `type` or `name`, or an array of those. */
function licensesOf(json: JsonObject): readonly LicenseClaim[] {
  const values = new Set<string>();
  for (const field of [json['license'], json['licenses'], json['licence']]) {
    for (const item of Array.isArray(field) ? (field as unknown[]) : [field]) {
      const object = asObject(item);
      const text = asText(item) ?? asText(object?.['type']) ?? asText(object?.['name']);
      if (text !== undefined) values.add(text);
    }
  }
  return [...values].slice(0, 64).map((value) => ({ value }));
}

/** A person in any of npm's shapes as `Name <email>`; the first of an array. Arrays in arrays are nobody: they may be nested as deep as there is memory. */
export function personText(value: unknown): string | undefined {
  for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    const person = onePerson(item);
    if (person !== undefined) return person;
  }
  return undefined;
}

function onePerson(value: unknown): string | undefined {
  const text = asText(value);
  if (text !== undefined) return asText(withoutAddress(text)) ?? text;
  const object = asObject(value);
  if (object === undefined) return undefined;
  const name = asText(object['name']);
  const email = asText(object['email']);
  if (name === undefined) return email;
  return email === undefined ? name : `${name} <${email}>`;
}

/** `Name <mail> (https://example.org)` without what is in brackets at its end. Not by a pattern: that would try every space of a long row of them. */
function withoutAddress(text: string): string {
  const open = text.lastIndexOf('(');
  if (open === -1 || text.indexOf(')', open) !== text.length - 1) return text;
  return text.slice(0, open);
}

const HOSTS = { github: 'github.com', gitlab: 'gitlab.com', bitbucket: 'bitbucket.org' } as const;

/** The `repository` field as an address: shorthand names spelled out, `git+` taken off. */
function repositoryUrl(value: unknown): string | undefined {
  const text = asText(value) ?? asText(asObject(value)?.['url']) ?? asText(asObject(firstOf(value))?.['url']);
  if (text === undefined) return undefined;
  const short = /^(?:(github|gitlab|bitbucket):)?([\w.-]+)\/([\w.-]+?)(?:\.git)?(?:#.*)?$/u.exec(text);
  if (short !== null) return `https://${HOSTS[(short[1] ?? 'github') as keyof typeof HOSTS]}/${short[2]}/${short[3]}`;
  const scp = /^git@([\w.-]+):([\w./-]+)$/u.exec(text);
  if (scp !== null) return `ssh://git@${scp[1]}/${scp[2]}`;
  return publicUrl(text.replace(/^git\+(?=https?:|ssh:)/u, ''));
}

/** The first of several concatenated JSON documents; undefined when the text does not begin with a whole object. */
function firstDocument(text: string): unknown {
  const end = objectEnd(text);
  if (end === undefined) return undefined;
  try {
    return JSON.parse(text.slice(text.indexOf('{'), end)) as unknown;
  } catch {
    return undefined;
  }
}

function objectEnd(text: string): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth <= 0) return depth === 0 ? index + 1 : undefined;
    }
  }
  return undefined;
}
