import { compareCodeUnits, parseBoundedJson } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { ContentHash, Package, RecordedFile } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { createOwnedPaths } from '../os/owned-paths.ts';
import { asObject, asText, decodeText, dependencyNames, publicUrl, type JsonObject } from './json-fields.ts';
import {
  createReport,
  edgesTo,
  locationOf,
  optional,
  pathIn,
  plainVersion,
  type Named,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
const NAME = /^[a-z0-9_][a-z0-9_.-]{0,255}$/i;
/** Where images put conda; environments below it come with it. */
const PREFIXES = [
  'opt/conda/',
  'opt/miniconda/',
  'opt/miniconda3/',
  'opt/miniforge3/',
  'opt/mambaforge/',
  'opt/micromamba/',
];

/** What is known of a record once it was read. */
interface Found extends Named {
  readonly needs: readonly string[];
  readonly facts: Omit<Package, 'dependsOn'>;
}

interface Linked extends Named {
  readonly file: CapturedFile;
  readonly json: JsonObject;
}

/** Packages that conda, mamba or pixi linked into an environment. */
export const condaCataloger: Cataloger = {
  id: 'conda',
  title: 'conda packages',
  version: 2,
  specifications: [
    'https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/conda-definition.md',
  ],
  statement: {
    packageTypes: ['conda'],
    reads: ['conda-meta/*.json'],
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'conda/meta', directories: ['conda-meta'], exceptSuffixes: ['history', '.c~', '.swp'], maxBytes: 64 * MiB },
  ],
  digests: [{ algorithm: 'sha256', paths: PREFIXES, below: ['miniconda3', 'miniforge3', '.pixi'] }],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const { view } = context;
  const { report, diagnostics } = createReport('conda');
  const paths = createOwnedPaths(view, '');
  const budget = new EdgeBudget();
  const found: Found[] = [];
  let spentAt: string | undefined;
  for (const file of view.captured('conda/meta')) {
    const item = file.entry.path.endsWith('.json') ? readLinked(file, report) : undefined;
    if (item === undefined) continue;
    const needs = needsOf(item).filter(() => budget.take(1));
    if (budget.isSpent) spentAt ??= file.entry.path;
    // what the records themselves hold, parsed, may be gigabytes: none is kept
    const { id, name, group } = item;
    const facts = {
      ...toPackage(item),
      ...(context.languageFiles === false ? {} : { files: paths.onDisk(filesOf(item)) }),
      ...(context.recordedFiles === true ? recordedFiles(view, item) : {}),
    };
    found.push({ id, name, group, needs, facts });
  }
  if (spentAt !== undefined)
    report(
      'dependencies-incomplete',
      'more needs than packages of any real image have; from here on edges are missing',
      spentAt,
    );
  const byPrefix = new Map(found.map((item) => [`${item.group}\0${item.name}`, item]));
  const find = (group: string, name: string): Found | undefined => byPrefix.get(`${group}\0${name}`);
  const packages = found.map((item): Package => ({ ...item.facts, dependsOn: edgesTo(item, item.needs, find) }));
  return { packages, diagnostics };
}

function readLinked(file: CapturedFile, report: Report): Linked | undefined {
  const { path } = file.entry;
  let json: JsonObject | undefined;
  try {
    json = asObject(parseBoundedJson(decodeText(file.bytes)));
  } catch {
    return report('malformed-record', 'it is not JSON', path);
  }
  const name = asText(json?.['name']);
  if (json === undefined || name === undefined || !NAME.test(name)) {
    return report('invalid-name', 'no name of a conda package can be read', path);
  }
  const prefix = path.slice(0, Math.max(0, path.lastIndexOf('/conda-meta/')));
  return { id: `/${path}`, name: name.toLowerCase(), group: prefix, file, json };
}

function toPackage({ json, name, file, id }: Linked): Omit<Package, 'dependsOn'> {
  const version = plainVersion(asText(json['version']));
  const license = asText(json['license']);
  const url = withoutToken(asText(json['url']));
  return {
    type: 'conda',
    name,
    ...optional('version', version),
    qualifiers: qualifiersOf(json),
    locations: [locationOf(file)],
    foundBy: 'conda',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'conda-meta' }],
    licenses: license === undefined ? [] : [{ value: license }],
    ...optional('downloadUrl', publicUrl(url)),
    ...distributionHashes(json),
    ...(asText(json['requested_spec']) === undefined ? {} : { properties: { 'conda:requested': 'true' } }),
    id,
  };
}

/** What tells apart builds of one version. */
function qualifiersOf(json: JsonObject): Readonly<Record<string, string>> {
  const subdir = plainVersion(asText(json['subdir']));
  const type = /\.(conda|tar\.bz2)$/.exec(asText(json['fn']) ?? asText(json['url']) ?? '')?.[1];
  return {
    ...optional('build', plainVersion(asText(json['build']) ?? asText(json['build_string']))),
    ...optional('channel', channelName(asText(json['channel']) ?? asText(json['schannel']), subdir)),
    ...optional('subdir', subdir),
    ...optional('type', type),
  };
}

/** The channel's own name: of `https://host/t/<token>/conda-forge/linux-64`, `conda-forge`. Addresses and tokens stay out. */
function channelName(channel: string | undefined, subdir: string | undefined): string | undefined {
  const segments = (channel ?? '').split('/').filter((segment) => segment !== '');
  if (segments.at(-1) === subdir || /^(?:noarch|(?:linux|osx|win)-\w+)$/.test(segments.at(-1) ?? '')) segments.pop();
  return plainVersion(segments.at(-1));
}

function withoutToken(url: string | undefined): string | undefined {
  return url?.replace(/\/t\/[^/]+\//, '/');
}

function distributionHashes(json: JsonObject): { readonly distributionHashes?: readonly ContentHash[] } {
  const hashes: ContentHash[] = [];
  const md5 = asText(json['md5']);
  const sha256 = asText(json['sha256']);
  if (md5 !== undefined && /^[0-9a-f]{32}$/i.test(md5)) hashes.push({ algorithm: 'MD5', hex: md5.toLowerCase() });
  if (sha256 !== undefined && /^[0-9a-f]{64}$/i.test(sha256)) {
    hashes.push({ algorithm: 'SHA-256', hex: sha256.toLowerCase() });
  }
  return hashes.length === 0 ? {} : { distributionHashes: hashes };
}

/** `python >=3.8,<3.9.0a0` and `conda-forge::python` name python. Virtual packages (`__glibc`) stand for the machine and are found nowhere. */
function needsOf({ json }: Linked): readonly string[] {
  const depends = json['depends'];
  if (!Array.isArray(depends)) return [];
  return dependencyNames(depends).map((need) =>
    (/^(?:[^\s:]{1,256}::)?([^\s<>=!~[]+)/.exec(need.trim())?.[1] ?? '').toLowerCase(),
  );
}

function filesOf({ json, group, file }: Linked): readonly string[] {
  const listed = json['files'];
  const files = Array.isArray(listed) ? dependencyNames(listed) : [];
  return [file.entry.path, ...files.filter(isInside).map((path) => pathIn(group, path))];
}

function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').includes('..');
}

/** Digests of what was written into this environment: with the prefix put in, where the package has a place for it. */
function recordedFiles(
  view: FileView,
  { json, group }: Linked,
): { readonly recordedFiles?: ReadonlyMap<string, RecordedFile> } {
  const paths = asObject(json['paths_data'])?.['paths'];
  const recorded = new Map<string, RecordedFile>();
  for (const item of Array.isArray(paths) ? (paths as unknown[]) : []) {
    const fields = asObject(item);
    const path = asText(fields?.['_path']);
    const hasPlace = fields?.['prefix_placeholder'] !== undefined;
    const hex = asText(fields?.['sha256_in_prefix']) ?? (hasPlace ? undefined : asText(fields?.['sha256']));
    const isLink = fields?.['path_type'] === 'softlink' || fields?.['path_type'] === 'directory';
    if (path === undefined || isLink || hex === undefined || !isInside(path) || !/^[0-9a-f]{64}$/i.test(hex)) continue;
    const entry = view.lookup(pathIn(group, path));
    if (entry?.type === 'file') recorded.set(`/${entry.path}`, { algorithm: 'sha256', hex: hex.toLowerCase() });
  }
  const sorted = [...recorded].toSorted(([a], [b]) => compareCodeUnits(a, b));
  return recorded.size === 0 ? {} : { recordedFiles: new Map(sorted) };
}
