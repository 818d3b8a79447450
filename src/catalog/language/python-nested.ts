import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Package, PackageType } from '../../packages/index.ts';
import type { DeclaredComponent } from '../declared/declared-document.ts';
import { readDeclaredDocument } from '../declared/read-document.ts';
import { decodeText } from './json-fields.ts';
import { normalizePythonName } from './python-metadata.ts';
import { locationOf, optional, pathIn, plainVersion, splitPath } from './record.ts';

/** What an installed distribution is found by when something lies inside it. */
export interface PythonOwner {
  readonly id: string;
  /** Normalised. */
  readonly name: string;
  readonly displayName: string;
  readonly site: string;
  /** Folder of its record. */
  readonly record: string;
}

/** Types of what wheels say they carry. */
export const CARRIED_TYPES = [
  'pypi',
  'apk',
  'cargo',
  'conda',
  'deb',
  'generic',
  'github',
  'golang',
  'maven',
  'npm',
  'nuget',
  'rpm',
] as const satisfies readonly PackageType[];

const VENDORED = /^\s*([A-Za-z0-9][A-Za-z0-9._-]{0,127})==([A-Za-z0-9][A-Za-z0-9.!+_-]{0,63})\s*(?:#.*|;.*)?$/;
const NAME = /^[^\p{Cc}\p{Cf}\s]{1,256}$/u;
const SBOM = /^(.*\.dist-info)\/sboms\/[^/]+$/i;
/** Where the folder is named otherwise than the project. */
const MODULES: ReadonlyMap<string, string> = new Map([['setuptools', 'pkg_resources']]);
const MAX_LINES = 1000;

/** Libraries that `_vendor/vendor.txt` lists and that lie beside it: pip carries its own so. */
export function vendoredPackages(view: FileView, ruleId: string, owners: readonly PythonOwner[]): readonly Package[] {
  const places = ownersByPlace(owners);
  return view.captured(ruleId).flatMap((file) => {
    const { folder } = splitPath(file.entry.path);
    const owner = vendorOwner(folder, places);
    const present = new Set(view.list(folder).map(({ path }) => splitPath(path).name.toLowerCase()));
    const packages = new Map<string, Package>();
    for (const line of decodeText(file.bytes).split('\n', MAX_LINES)) {
      const [, name, version] = VENDORED.exec(line.slice(0, 512)) ?? [];
      if (name === undefined || version === undefined) continue;
      const module = MODULES.get(name.toLowerCase()) ?? normalizePythonName(name).replaceAll('-', '_');
      if (!present.has(module) && !present.has(`${module}.py`)) continue;
      packages.set(name, vendored(file, { name, version, owner }));
    }
    return [...packages.values()];
  });
}

/** By the folder their modules lie in and their name, for `vendorOwner`. */
export function ownersByPlace(owners: readonly PythonOwner[]): ReadonlyMap<string, PythonOwner> {
  return new Map(owners.map((owner) => [`${owner.site}\0${owner.name}`, owner]));
}

/** The distribution whose module holds `<module>/_vendor`, in the folder that the module lies in. */
export function vendorOwner(folder: string, places: ReadonlyMap<string, PythonOwner>): PythonOwner | undefined {
  const vendor = splitPath(folder);
  if (vendor.name !== '_vendor') return undefined;
  const module = splitPath(vendor.folder);
  return places.get(`${module.folder}\0${normalizePythonName(module.name)}`);
}

interface Vendored {
  readonly name: string;
  readonly version: string;
  readonly owner: PythonOwner | undefined;
}

function vendored(file: CapturedFile, { name, version, owner }: Vendored): Package {
  return {
    type: 'pypi',
    name,
    version,
    locations: [locationOf(file)],
    foundBy: 'python',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 0.9, value: 'vendor.txt' }],
    licenses: [],
    ...(owner === undefined ? {} : { properties: { 'pypi:vendored-by': owner.displayName }, partOf: owner.id }),
    id: `/${file.entry.path}#${name}`,
    dependsOn: [],
  };
}

/**
 * The shared libraries that auditwheel copied into wheels, by the document that it left. Documents of other tools list what a build resolved, used in the
 * wheel or not: those are compared with the scan and believed no more than any document in an image.
 * @see https://peps.python.org/pep-0770/
 */
export function carriedPackages(
  view: FileView,
  ruleId: string,
  owners: readonly PythonOwner[],
): { readonly packages: readonly Package[]; readonly diagnostics: readonly Diagnostic[] } {
  const packages: Package[] = [];
  const diagnostics: Diagnostic[] = [];
  const byRecord = new Map(owners.map((owner) => [owner.record, owner]));
  for (const file of view.captured(ruleId)) {
    const owner = byRecord.get(SBOM.exec(file.entry.path)?.[1] ?? '');
    if (owner === undefined || !splitPath(file.entry.path).name.startsWith('auditwheel')) continue;
    const document = readDeclaredDocument(file);
    if (document === 'other' || 'unreadable' in document) {
      const reason = document === 'other' ? 'neither CycloneDX nor SPDX in JSON' : document.unreadable;
      const message = `what ${owner.displayName} carries cannot be read: ${reason}`;
      const path = `/${file.entry.path}`;
      diagnostics.push({ code: 'malformed-sbom', severity: 'warning', message, path, source: 'python' });
      continue;
    }
    for (const component of document.components) {
      const type = CARRIED_TYPES.find((known) => known === component.purl.type);
      if (type !== undefined && NAME.test(component.purl.name) && !isOwner(component, owner))
        packages.push(carried({ file, owner, type }, component));
    }
  }
  return { packages, diagnostics };
}

function isOwner({ purl, isSubject }: DeclaredComponent, owner: PythonOwner): boolean {
  return isSubject || (purl.type === 'pypi' && normalizePythonName(purl.name) === owner.name);
}

interface Carrier {
  readonly file: CapturedFile;
  readonly owner: PythonOwner;
  readonly type: PackageType;
}

function carried({ file, owner, type }: Carrier, { purl, license }: DeclaredComponent): Package {
  return {
    type,
    ...(purl.namespace === '' ? {} : { namespace: purl.namespace }),
    name: purl.name,
    ...optional('version', plainVersion(purl.version)),
    ...(purl.qualifiers.size === 0 ? {} : { qualifiers: Object.fromEntries(purl.qualifiers) }),
    locations: [locationOf(file)],
    foundBy: 'python',
    evidence: [{ field: 'purl', technique: 'attestation', confidence: 0.7, value: `SBOM of ${owner.displayName}` }],
    licenses: license === undefined ? [] : [{ value: license }],
    properties: { 'pypi:carried-by': owner.displayName },
    partOf: owner.id,
    id: `/${file.entry.path}#${purl.text}`,
    dependsOn: [],
  };
}

/**
 * Folders (without leading slash) that are a distribution's as a whole: that of its record, and, where no list of files exists, the packages that
 * `top_level.txt` names. A folder without `__init__.py` may be shared by several distributions and is left out.
 */
export function pythonFolders(
  view: FileView,
  { record, site, kind }: { readonly record: string; readonly site: string; readonly kind: string },
): readonly string[] {
  if (kind === 'egg') return [splitPath(record).folder];
  if (kind !== 'dist-info' && kind !== 'egg-info') return [];
  const list = kind === 'dist-info' ? 'RECORD' : 'installed-files.txt';
  const bytes = view.lookup(`${record}/${list}`) === undefined ? view.read(`${record}/top_level.txt`) : undefined;
  const modules = bytes === undefined ? [] : decodeText(bytes).split(/\r?\n/, MAX_LINES);
  const folders = modules
    .filter((module) => /^\w+(?:\/\w+)*$/.test(module))
    .map((module) => pathIn(site, module))
    .filter((folder) => view.lookup(`${folder}/__init__.py`) !== undefined);
  return [record, ...folders];
}
