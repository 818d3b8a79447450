import { parseMailHeaders } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Location, Package, RecordedFile } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { createOwnedPaths } from '../os/owned-paths.ts';
import { decodeText } from './json-fields.ts';
import { parseDirectUrl, type PythonDirectUrl } from './python-direct-url.ts';
import { parseRequiresTxt, pythonEdges, type PythonNode } from './python-edges.ts';
import { joinPath, pythonFiles, type PythonRecordPlace } from './python-files.ts';
import {
  CARRIED_TYPES,
  carriedPackages,
  ownersByPlace,
  pythonFolders,
  vendoredPackages,
  vendorOwner,
  type PythonOwner,
} from './python-nested.ts';
import { normalizePythonName, readPythonMetadata, type PythonMetadata } from './python-metadata.ts';
import { parseRequirement } from './python-requirement.ts';
import { PYTHON_LICENSE_FILES, pythonLicenses } from './python-license.ts';
import { createPythonSites, describeSite } from './python-sites.ts';
import { readZippedDistributions } from './python-zip.ts';
import { directoriesOf } from './record.ts';

const MiB = 1024 * 1024;
/** Folders of installed distributions, and usual names of virtual environments. */
const SITES = ['site-packages', 'dist-packages'];
const ENVIRONMENTS = ['venv', '.venv', 'env', 'virtualenv'];
/** Looking for more names than this costs more than making the lists. */
const MAX_SEARCHED = 64;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

interface Distribution extends PythonRecordPlace, PythonNode {
  readonly file: CapturedFile;
  readonly metadata: PythonMetadata;
  readonly displayName: string;
  readonly version: string | undefined;
  readonly directUrl: PythonDirectUrl | undefined;
  readonly files: readonly string[];
  readonly recorded?: ReadonlyMap<string, RecordedFile> | undefined;
}

/** Installed Python distributions. */
export const pythonCataloger: Cataloger = {
  id: 'python',
  title: 'Python distributions',
  version: 3,
  specifications: [
    'https://packaging.python.org/en/latest/specifications/recording-installed-packages/',
    'https://packaging.python.org/en/latest/specifications/core-metadata/',
    'https://packaging.python.org/en/latest/specifications/direct-url/',
    'https://peps.python.org/pep-0770/',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/pypi-definition.md',
  ],
  statement: {
    packageTypes: CARRIED_TYPES,
    reads: [
      '*.dist-info/METADATA',
      '*.dist-info/sboms/auditwheel*',
      '*.egg-info/PKG-INFO',
      '*.egg-info',
      '*.egg',
      '*.pyz, *.pex',
      '*.dist-info/LICENSE and its like',
      'EGG-INFO/PKG-INFO',
      'RECORD',
      '_vendor/vendor.txt',
      'pyvenv.cfg',
    ],
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'python/metadata', names: ['METADATA', 'PKG-INFO'], suffixes: ['.egg-info'], maxBytes: 16 * MiB },
    {
      id: 'python/records',
      names: [
        'RECORD',
        'installed-files.txt',
        'direct_url.json',
        'INSTALLER',
        'requires.txt',
        'top_level.txt',
        'pyvenv.cfg',
      ],
      maxBytes: 64 * MiB,
    },
    { id: 'python/egg-link', suffixes: ['.egg-link'], maxBytes: 64 * 1024 },
    { id: 'python/egg', suffixes: ['.egg'], maxBytes: 16 * MiB },
    { id: 'python/zipapp', suffixes: ['.pyz', '.pex'], maxBytes: 64 * MiB },
    { id: 'python/license', pathSuffixes: PYTHON_LICENSE_FILES, maxBytes: MiB },
    { id: 'python/vendored', pathSuffixes: ['_vendor/vendor.txt'], maxBytes: MiB },
    { id: 'python/sboms', directories: ['sboms'], maxBytes: 16 * MiB },
  ],
  // for the programs of distributions: where pip puts them, and virtual environments by their usual names
  digests: [{ algorithm: 'sha256', paths: ['usr/local/bin/'], below: [...SITES, ...ENVIRONMENTS] }],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const { view } = context;
  const diagnostics: Diagnostic[] = [];
  const reading: Reading = { view, diagnostics, budget: new EdgeBudget() };
  const paths = createOwnedPaths(view, '');
  const found: Distribution[] = [];
  for (const file of view.captured('python/metadata')) {
    const place = placeOf(file.entry.path);
    const item = place === undefined ? undefined : readDistribution(reading, { file, place });
    if (item !== undefined) found.push(item);
  }
  found.push(...zipped(reading));
  const nested = nestedIds(found);
  const { languageFiles, recordedFiles = false } = context;
  const isWanted = (item: Distribution): boolean => languageFiles !== false || mayCarry(view, item, nested);
  const listed = found.map((item): Distribution => {
    if (!recordedFiles && !isWanted(item)) return item;
    return { ...item, ...pythonFiles(view, item, { paths, wantsRecorded: recordedFiles }) };
  });
  const linked = eggLinks(view, found);
  const sites = createPythonSites(view, new Set([...found.map(({ site }) => site), ...linked.keys()]));
  const budget = new EdgeBudget();
  const edges = pythonEdges(found, { sites, linked, budget });
  if (reading.budget.isSpent || budget.isSpent) {
    const message = 'the distributions need more others than those of any real image; some edges are missing';
    diagnostics.push({ code: 'dependencies-incomplete', severity: 'warning', message, source: 'python' });
  }
  const owners = vendoredOwners(listed, nested);
  const packages = listed.map((item) =>
    toPackage(view, item, { edges: edges.get(item.id) ?? [], owner: owners.get(item.id) }),
  );
  const carried = carriedPackages(view, 'python/sboms', found);
  const inside = [...vendoredPackages(view, 'python/vendored', found), ...carried.packages];
  return { packages: [...packages, ...inside], diagnostics: [...diagnostics, ...carried.diagnostics] };
}

/** Eggs and applications that are one archive each. A folder or another kind of file may have such an ending too. */
function zipped(reading: Reading): readonly Distribution[] {
  const { view, diagnostics } = reading;
  const files = (['egg', 'zipapp'] as const).flatMap((kind) =>
    view.captured(`python/${kind}`).map((file) => ({ kind, file })),
  );
  return files.flatMap(({ kind, file: { entry, bytes } }) => {
    const archive = readZippedDistributions(bytes);
    if (archive?.isWhole === false) {
      const message = 'distributions in this archive cannot all be read; some are missing';
      diagnostics.push({
        code: 'unreadable-zip',
        severity: 'warning',
        message,
        path: `/${entry.path}`,
        source: 'python',
      });
    }
    return (archive?.distributions ?? []).flatMap(({ inside, metadata, requires }) => {
      // what is in an application is seen there only
      const site = kind === 'egg' ? split(entry.path).folder : entry.path;
      const place: PythonRecordPlace = { record: entry.path, site, kind: 'zipped', inside };
      return readDistribution(reading, { file: { entry, bytes: metadata }, place, requires }) ?? [];
    });
  });
}

/** What kind of record a path is, by the layout that installers use; undefined for files that only share a name with one. */
function placeOf(path: string): PythonRecordPlace | undefined {
  const { folder, name } = split(path);
  if (name.endsWith('.egg-info')) return { record: path, site: folder, kind: 'egg-info-file' };
  const parent = split(folder);
  const lower = parent.name.toLowerCase();
  if (name === 'METADATA') {
    return lower.endsWith('.dist-info') ? { record: folder, site: parent.folder, kind: 'dist-info' } : undefined;
  }
  if (lower === 'egg-info') return { record: folder, site: split(parent.folder).folder, kind: 'egg' };
  return lower.endsWith('.egg-info') ? { record: folder, site: parent.folder, kind: 'egg-info' } : undefined;
}

/** What all distributions of an image are read with. */
interface Reading {
  readonly view: FileView;
  readonly diagnostics: Diagnostic[];
  /** Requirements that may still be read. */
  readonly budget: EdgeBudget;
}

interface Candidate {
  readonly file: CapturedFile;
  readonly place: PythonRecordPlace;
  /** `requires.txt` that is in no file of its own. */
  readonly requires?: Uint8Array | undefined;
}

function readDistribution(reading: Reading, { file, place, requires }: Candidate): Distribution | undefined {
  const { view, diagnostics } = reading;
  const report = (code: string, message: string): undefined => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${file.entry.path}`, source: 'python' });
  };
  const metadata = readPythonMetadata(parseMailHeaders(file.bytes));
  const { name } = metadata;
  if (name === undefined) return report('malformed-metadata', 'no Name field: the distribution is left out');
  if (name.length > 256 || !NAME.test(name)) {
    return report('invalid-name', `${JSON.stringify(name.slice(0, 80))} cannot be the name of a Python distribution`);
  }
  // Python 2.7 describes itself so; the interpreter is not a distribution
  if (name === 'Python') return undefined;
  const version =
    metadata.version !== undefined && /^[!-~]{1,128}$/.test(metadata.version) ? metadata.version : undefined;
  if (version === undefined) report('version-unknown', `${name} has no usable Version field`);
  const isEgg = place.inside === undefined || place.inside.startsWith('EGG-INFO/');
  const direct = place.kind === 'dist-info' ? view.read(`${place.record}/direct_url.json`) : undefined;
  const directUrl = direct === undefined ? undefined : parseDirectUrl(direct);
  if (direct !== undefined && directUrl === undefined) report('malformed-direct-url', 'direct_url.json cannot be read');
  return {
    ...place,
    id: isEgg ? `/${file.entry.path}` : `/${file.entry.path}:${place.inside}`,
    name: normalizePythonName(name),
    requirements: requirementsOf(reading, { file, place, requires }, metadata),
    file,
    // their text is of no more use, and there may be much of it
    metadata: { ...metadata, requirements: [] },
    displayName: name,
    version,
    directUrl,
    files: [],
  };
}

function requirementsOf(
  { view, budget }: Reading,
  { place, requires }: Candidate,
  { requirements }: PythonMetadata,
): PythonNode['requirements'] {
  if (requirements.length > 0 || place.kind === 'dist-info') {
    const within = requirements.filter(() => budget.take(1));
    return within.map(parseRequirement).filter((requirement) => requirement !== undefined);
  }
  const listed = requires ?? view.read(`${place.record}/requires.txt`);
  return listed === undefined ? [] : parseRequiresTxt(decodeText(listed)).filter(() => budget.take(1));
}

/** Development installs of old setuptools: a file in the site names the folder whose egg-info counts as installed there. */
function eggLinks(
  view: FileView,
  found: readonly Distribution[],
): ReadonlyMap<string, ReadonlyMap<string, PythonNode>> {
  const links = new Map<string, Map<string, PythonNode>>();
  const files = view.captured('python/egg-link');
  if (files.length === 0) return links;
  const developed = new Map(
    found.filter(({ kind }) => kind === 'egg-info').map((item) => [`${item.site}\0${item.name}`, item]),
  );
  for (const { entry, bytes } of files) {
    const { folder, name } = split(entry.path);
    const target = decodeText(bytes).split('\n', 1)[0]?.trim() ?? '';
    const project = normalizePythonName(name.slice(0, -'.egg-link'.length));
    const item = developed.get(`${joinPath(folder, target)}\0${project}`);
    if (item === undefined) continue;
    const names = links.get(folder) ?? new Map<string, PythonNode>();
    links.set(folder, names);
    names.set(project, item);
  }
  return links;
}

/** Distributions that lie where no interpreter looks for them. */
function nestedIds(found: readonly Distribution[]): ReadonlySet<string> {
  return new Set(found.filter((item) => describeSite(item.site).root === undefined).map(({ id }) => id));
}

/** Whether a distribution's record may name one of the nested ones: a look at its bytes, since making the list takes much longer. */
function mayCarry(view: FileView, item: Distribution, nested: ReadonlySet<string>): boolean {
  if (nested.size === 0) return false;
  if (item.kind !== 'dist-info' || nested.size > MAX_SEARCHED) return true;
  const record = view.read(`${item.record}/RECORD`);
  if (record === undefined) return false;
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  return [...nested].some((id) => bytes.includes(id.slice(id.lastIndexOf('/', id.lastIndexOf('/') - 1) + 1)));
}

/** Distributions that another one carries inside itself (`setuptools/_vendor`), by the owner's list of files or, without one, by the place. */
function vendoredOwners(found: readonly Distribution[], nested: ReadonlySet<string>): ReadonlyMap<string, PythonOwner> {
  const owners = new Map<string, PythonOwner>();
  // their last characters first: few of a hundred thousand paths end like a record, and looking up a path costs more than all else here
  const endings = new Set([...nested].map(lastCode));
  for (const owner of found) {
    for (const path of owner.files) {
      if (endings.has(lastCode(path)) && path !== owner.id && nested.has(path)) owners.set(path, owner);
    }
  }
  const places = ownersByPlace(found.filter(({ id }) => !nested.has(id)));
  for (const { id, site } of found) {
    if (!nested.has(id) || owners.has(id)) continue;
    const owner = vendorOwner(site, places);
    if (owner !== undefined) owners.set(id, owner);
  }
  return owners;
}

function lastCode(path: string): number {
  return path.charCodeAt(path.length - 1);
}

interface Relations {
  readonly edges: readonly string[];
  readonly owner: PythonOwner | undefined;
}

function toPackage(view: FileView, item: Distribution, { edges, owner }: Relations): Package {
  const { metadata, directUrl } = item;
  const sourceUrl = directUrl?.sourceUrl ?? metadata.sourceUrl;
  const properties = propertiesOf(view, item, owner);
  return {
    type: 'pypi',
    name: item.displayName,
    ...(item.version === undefined ? {} : { version: item.version }),
    ...elsewhere(directUrl),
    locations: [locationOfRecord(item)],
    foundBy: 'python',
    evidence: [
      { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: split(item.file.entry.path).name },
    ],
    licenses: item.kind === 'dist-info' ? pythonLicenses(view, metadata, item.record) : metadata.licenses,
    ...(metadata.author === undefined ? {} : { author: metadata.author }),
    ...(metadata.description === undefined ? {} : { description: metadata.description }),
    ...(metadata.homepage === undefined ? {} : { homepage: metadata.homepage }),
    ...(sourceUrl === undefined ? {} : { sourceUrl }),
    ...(directUrl?.downloadUrl === undefined ? {} : { downloadUrl: directUrl.downloadUrl }),
    ...(isFirstParty(view, item) ? { firstParty: true } : {}),
    ...(item.files.length === 0 ? {} : { files: item.files }),
    ...directoriesOf(view, pythonFolders(view, item)),
    ...(directUrl?.archiveHashes === undefined ? {} : { distributionHashes: directUrl.archiveHashes }),
    ...(item.recorded === undefined ? {} : { recordedFiles: item.recorded }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(owner === undefined ? {} : { partOf: owner.id }),
    id: item.id,
    dependsOn: edges,
  };
}

function locationOfRecord({ inside, file: { entry } }: Distribution): Location {
  return { path: `/${entry.path}`, ...(inside === undefined ? {} : { inside }), layer: entry.layer };
}

/** Qualifiers of what is from a repository, or from an archive that is not the index's: a name and version from there are not those of the index. */
function elsewhere(directUrl: PythonDirectUrl | undefined): Pick<Package, 'qualifiers'> {
  if (directUrl?.vcsUrl !== undefined) return { qualifiers: { vcs_url: directUrl.vcsUrl } };
  if (directUrl?.downloadUrl === undefined || directUrl.isIndexFile === true) return {};
  return { qualifiers: { download_url: directUrl.downloadUrl } };
}

/** A working tree: built from a folder, an editable install, or egg-info that was never installed anywhere. */
function isFirstParty(view: FileView, item: Distribution): boolean {
  if (item.directUrl?.isLocalFolder === true || isEditable(view, item)) return true;
  if (item.kind !== 'egg-info' || describeSite(item.site).root !== undefined) return false;
  return view.lookup(`${item.record}/installed-files.txt`) === undefined;
}

function isEditable(view: FileView, item: Distribution): boolean {
  if (item.directUrl?.isEditable === true) return true;
  if (item.kind !== 'dist-info') return false;
  const name = item.displayName.replace(/[-.]/g, '_');
  const marks = [
    `__editable__.${item.displayName}-${item.version ?? ''}.pth`,
    `__editable__.${name}-${item.version ?? ''}.pth`,
  ];
  return marks.some((mark) => view.lookup(`${item.site}/${mark}`) !== undefined);
}

function propertiesOf(view: FileView, item: Distribution, owner: PythonOwner | undefined): Record<string, string> {
  const properties: Record<string, string> = {};
  if (item.kind === 'dist-info') {
    const installer = view.read(`${item.record}/INSTALLER`);
    const text = installer === undefined ? '' : decodeText(installer.subarray(0, 64)).trim();
    if (text !== '') properties['pypi:installer'] = text;
    if (view.lookup(`${item.record}/REQUESTED`) !== undefined) properties['pypi:requested'] = 'true';
  }
  if (isEditable(view, item)) properties['pypi:editable'] = 'true';
  if (item.directUrl?.archiveHash !== undefined) properties['pypi:archive-hash'] = item.directUrl.archiveHash;
  if (owner !== undefined) properties['pypi:vendored-by'] = owner.displayName;
  return properties;
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}
