import { compareCodeUnits, parseBoundedJson } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import { parseLicense, type ContentHash, type IdentityEvidence, type Package } from '../../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogContext, type CatalogResult } from '../contract.ts';
import { parseComposerRoot } from './composer-root.ts';
import { asObject, asText, decodeText, dependencyNames, publicUrl, type JsonObject } from './json-fields.ts';
import { joinPath } from './python-files.ts';
import {
  createReport,
  directoriesOf,
  edgesTo,
  locationOf,
  optional,
  pathIn,
  plainVersion,
  splitPath,
  type Named,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
const NAME = /^[a-z0-9]+(?:[_.-][a-z0-9]+)*\/[a-z0-9]+(?:(?:[_.]|-{1,2})[a-z0-9]+)*$/i;
const MAX_PACKAGES = 20_000;

interface Installed extends Named {
  readonly file: CapturedFile;
  readonly json: JsonObject;
  readonly isDev: boolean;
  /** Where it lies, without leading slash; undefined for packages that are only a list of others. */
  readonly folder: string | undefined;
}

/** PHP packages that Composer installed. */
export const composerCataloger: Cataloger = {
  id: 'composer',
  title: 'PHP packages (Composer)',
  version: 3,
  specifications: [
    'https://getcomposer.org/doc/04-schema.md',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/composer-definition.md',
  ],
  statement: {
    packageTypes: ['composer'],
    reads: ['composer/installed.json', 'composer/installed.php', 'composer.json'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'composer/installed', pathSuffixes: ['composer/installed.json'], maxBytes: 32 * MiB },
    { id: 'composer/root', pathSuffixes: ['composer/installed.php'], maxBytes: 8 * MiB },
    { id: 'composer/manifest', names: ['composer.json'], maxBytes: MiB },
  ],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('composer');
  const packages: Package[] = [];
  const finders = new Map<string, Find>();
  for (const file of view.captured('composer/installed')) {
    if (packages.length >= ENOUGH_PACKAGES) break;
    const installed = readInstalled(file, report);
    const find = providers(installed);
    finders.set(splitPath(file.entry.path).folder, find);
    const vendor = languageFiles === false ? undefined : splitPath(splitPath(file.entry.path).folder).folder;
    for (const item of installed) {
      const files = vendor === undefined ? [] : starters(view, item, vendor);
      packages.push({ ...toPackage(view, item, find), ...(files.length === 0 ? {} : { files }) });
    }
  }
  for (const file of view.captured('composer/root')) {
    const root = toRoot(view, file, finders.get(splitPath(file.entry.path).folder));
    if (root !== undefined) packages.push(root);
  }
  return { packages, diagnostics };
}

/** Both shapes: an array (Composer 1), or an object with `packages` and the names of those for development (Composer 2). */
function readInstalled(file: CapturedFile, report: Report): readonly Installed[] {
  const { path } = file.entry;
  let json: unknown;
  try {
    json = parseBoundedJson(decodeText(file.bytes));
  } catch {
    report('malformed-installed-json', 'it is not JSON', path);
    return [];
  }
  const list: unknown = Array.isArray(json) ? json : asObject(json)?.['packages'];
  if (!Array.isArray(list)) {
    report('malformed-installed-json', 'it holds no list of packages', path);
    return [];
  }
  if (list.length > MAX_PACKAGES) report('too-many-packages', `only the first ${MAX_PACKAGES} packages are read`, path);
  const development = new Set(dependencyNames(asObject(json)?.['dev-package-names']).map((name) => name.toLowerCase()));
  const own = splitPath(path).folder;
  const vendor = splitPath(own).folder;
  const installed = new Map<string, Installed>();
  for (const item of (list as unknown[]).slice(0, MAX_PACKAGES)) {
    const fields = asObject(item);
    const name = asText(fields?.['name']);
    if (fields === undefined || name === undefined || name.length > 256 || !NAME.test(name)) {
      report('invalid-name', 'a package without a name of the form vendor/package is left out', path);
      continue;
    }
    const key = name.toLowerCase();
    const place = asText(fields['install-path']);
    const isEmpty = asText(fields['type']) === 'metapackage' || ('install-path' in fields && place === undefined);
    const folder = place === undefined ? pathIn(vendor, key) : joinPath(own, place);
    installed.set(key, {
      id: `/${path}#${key}`,
      name: key,
      group: path,
      file,
      json: fields,
      isDev: development.has(key),
      // around the list itself lies the project
      folder: isEmpty || `${own}/`.startsWith(`${folder}/`) ? undefined : folder,
    });
  }
  return [...installed.values()];
}

type Find = (group: string, name: string) => Installed | undefined;

/** By name, then by what a package says it stands for. */
function providers(installed: readonly Installed[]): Find {
  const byName = new Map(installed.map((item) => [item.name, item]));
  for (const item of installed) {
    for (const field of ['replace', 'provide']) {
      for (const name of dependencyNames(asObject(item.json[field]))) {
        const key = name.toLowerCase();
        if (!byName.has(key)) byName.set(key, item);
      }
    }
  }
  return (_, name) => byName.get(name);
}

function toPackage(view: FileView, item: Installed, find: Find): Package {
  const { json } = item;
  const [namespace = '', name = ''] = item.name.split('/');
  const source = asObject(json['source']);
  const dist = asObject(json['dist']);
  const isLocal = asText(dist?.['type']) === 'path';
  const needs = dependencyNames(asObject(json['require'])).map((need) => need.toLowerCase());
  const reference = asText(dist?.['reference']) ?? asText(source?.['reference']);
  return {
    type: 'composer',
    namespace,
    name,
    ...optional('version', plainVersion(asText(json['version']))),
    // a folder of the machine it was built on
    ...(isLocal ? { purlKnown: false, firstParty: true, kind: 'library' as const } : {}),
    locations: [locationOf(item.file)],
    foundBy: 'composer',
    evidence: [evidenceOf(view, item)],
    licenses: licensesOf(json),
    ...optional('author', authorsOf(json)),
    ...optional('description', asText(json['description'])),
    ...optional('homepage', publicUrl(asText(json['homepage']))),
    ...optional('sourceUrl', publicUrl(asText(source?.['url']))),
    ...optional('downloadUrl', publicUrl(asText(dist?.['url']))),
    ...(item.isDev ? { scope: 'optional' } : {}),
    ...distributionHashes(asText(dist?.['shasum'])),
    ...directoriesOf(view, item.folder === undefined ? [] : [item.folder]),
    ...(reference === undefined ? {} : { properties: { 'composer:reference': reference } }),
    id: item.id,
    dependsOn: edgesTo(item, needs, find),
  };
}

/** The list may be older than what was deleted from the folder. */
function evidenceOf(view: FileView, { folder }: Installed): IdentityEvidence {
  const isThere = folder === undefined || view.resolve(folder)?.type === 'directory';
  const evidence = { field: 'purl', technique: 'manifest-analysis' } as const;
  if (isThere) return { ...evidence, confidence: 1, value: 'installed.json' };
  return { ...evidence, confidence: 0.6, value: 'installed.json, whose folder for it is not there' };
}

/** What Composer put into `vendor/bin` so that a package's programs can be called. @see https://getcomposer.org/doc/articles/vendor-binaries.md */
function starters(view: FileView, { json }: Installed, vendor: string): readonly string[] {
  const bin = json['bin'];
  const names = dependencyNames(typeof bin === 'string' ? [bin] : bin).map((path) => splitPath(path).name);
  const paths = names.filter((name) => /^[\w.+-]{1,128}$/.test(name)).map((name) => pathIn(vendor, `bin/${name}`));
  const files = new Set<string>();
  for (const path of paths.flatMap((starter) => [starter, `${starter}.bat`])) {
    const entry = view.lookup(path);
    if (entry?.type === 'file' || entry?.type === 'symlink') files.add(`/${entry.path}`);
  }
  return [...files].toSorted(compareCodeUnits);
}

/** A text or an array; several are a choice. @see https://getcomposer.org/doc/04-schema.md#license */
function licensesOf(json: JsonObject): Package['licenses'] {
  const license = json['license'];
  const texts = (Array.isArray(license) ? (license as unknown[]).slice(0, 64) : [license]).map(asText);
  const values = [...new Set(texts.filter((value) => value !== undefined))];
  const kinds = values.map((value) => parseLicense(value).kind);
  if (values.length < 2 || kinds.includes('name')) return values.map((value) => ({ value }));
  return [{ value: values.map((value, index) => (kinds[index] === 'id' ? value : `(${value})`)).join(' OR ') }];
}

function authorsOf(json: JsonObject): string | undefined {
  const authors = json['authors'];
  const names = (Array.isArray(authors) ? (authors as unknown[]).slice(0, 64) : [])
    .map((author) => asText(asObject(author)?.['name']))
    .filter((name) => name !== undefined);
  return names.length === 0 ? undefined : names.join(', ');
}

function distributionHashes(shasum: string | undefined): { readonly distributionHashes?: readonly ContentHash[] } {
  if (shasum === undefined || !/^[0-9a-f]{40}$/i.test(shasum)) return {};
  return { distributionHashes: [{ algorithm: 'SHA-1', hex: shasum.toLowerCase() }] };
}

/** The project itself, when it has a name: never published under it for certain. What it needs stands in its own manifest. */
function toRoot(view: FileView, file: CapturedFile, find: Find | undefined): Package | undefined {
  const root = parseComposerRoot(decodeText(file.bytes));
  if (root === undefined || !NAME.test(root.name)) return undefined;
  const [namespace = '', name = ''] = root.name.toLowerCase().split('/');
  const manifest = readManifest(
    view,
    joinPath(splitPath(file.entry.path).folder, `${root.path ?? '../..'}/composer.json`),
  );
  const needs = ['require', 'require-dev'].flatMap((field) => dependencyNames(asObject(manifest?.[field])));
  const id = `/${file.entry.path}`;
  return {
    type: 'composer',
    namespace,
    name,
    ...optional('version', plainVersion(root.version)),
    purlKnown: false,
    firstParty: true,
    locations: [locationOf(file)],
    foundBy: 'composer',
    evidence: [{ field: 'name', technique: 'manifest-analysis', confidence: 0.8, value: 'installed.php' }],
    licenses: manifest === undefined ? [] : licensesOf(manifest),
    ...optional('description', asText(manifest?.['description'])),
    id,
    dependsOn:
      find === undefined
        ? []
        : edgesTo(
            { id, name: root.name, group: '' },
            needs.map((need) => need.toLowerCase()),
            find,
          ),
  };
}

/** A project's `composer.json`; undefined when it is not there or not JSON. */
function readManifest(view: FileView, path: string): JsonObject | undefined {
  const bytes = view.read(path);
  try {
    return bytes === undefined ? undefined : asObject(parseBoundedJson(decodeText(bytes)));
  } catch {
    return undefined;
  }
}
