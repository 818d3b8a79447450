import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { integrityHashes } from './integrity.ts';
import { developmentOnly, type ProjectNeeds } from './npm-development.ts';
import { parseHiddenLockfile, type NpmLockEntry } from './npm-lockfile.ts';
import { NPM_LICENSE_FILES, npmLicenses } from './npm-license.ts';
import { parseNpmManifest, type NpmManifest } from './npm-manifest.ts';
import type { NpmOrigin } from './npm-labels.ts';
import { NPM_ORIGIN_FILES, readNpmOrigins, type NpmOrigins } from './npm-origins.ts';
import { readPnpMap, type PnpMap } from './npm-pnp.ts';
import { isNpmFolder, npmSource } from './npm-source.ts';
import { npmStarters } from './npm-starters.ts';
import { createNpmResolver, isDebianModules, type NpmResolver } from './npm-resolve.ts';
import { locationOf, optional } from './record.ts';

const MiB = 1024 * 1024;
const NAME = /^(?:@[\w.-]+\/)?[\w.-]+$/;

/** One folder that is a package, with what is known about it. */
interface Found {
  readonly folder: string;
  readonly file: CapturedFile;
  readonly manifest: NpmManifest;
  readonly name: string;
  readonly version: string;
  /** Under `node_modules` (or a folder of Debian's for the same), that is: installed, not worked on. */
  readonly installed: boolean;
  readonly lock: NpmLockEntry | undefined;
  readonly origin: NpmOrigin | undefined;
}

/** Installed npm packages and the projects that use them. */
export const npmCataloger: Cataloger = {
  id: 'npm',
  title: 'npm packages',
  version: 6,
  specifications: [
    'https://docs.npmjs.com/cli/v11/configuring-npm/package-json',
    'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#hidden-lockfiles',
    'https://pnpm.io/symlinked-node-modules-structure',
    'https://yarnpkg.com/advanced/pnp-spec',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md',
  ],
  statement: {
    packageTypes: ['npm'],
    reads: [
      'package.json',
      'node_modules/.package-lock.json',
      ...NPM_ORIGIN_FILES,
      '.pnp.cjs',
      '.pnp.data.json',
      'node_modules/*/LICENSE and its like',
    ],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'npm/package-json', names: ['package.json'], maxBytes: 4 * MiB },
    { id: 'npm/hidden-lockfile', pathSuffixes: ['node_modules/.package-lock.json'], maxBytes: 64 * MiB },
    { id: 'npm/license', pathSuffixes: NPM_LICENSE_FILES, maxBytes: 4 * MiB },
    { id: 'npm/origins', pathSuffixes: [...NPM_ORIGIN_FILES], maxBytes: 32 * MiB },
    { id: 'npm/pnp', names: ['.pnp.cjs', '.pnp.data.json'], maxBytes: 64 * MiB },
  ],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const { view } = context;
  const diagnostics: Diagnostic[] = [];
  const report = (code: string, message: string, path: string): void => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${path}`, source: 'npm' });
  };
  const known: Known = {
    locks: readLocks(view, diagnostics),
    origins: readNpmOrigins(view, 'npm/origins', (path, message) => report('malformed-lockfile', message, path)),
  };
  const found: Found[] = [];
  const roots = new Set<string>();
  for (const file of view.captured('npm/package-json')) {
    const item = readPackage(file, known, diagnostics);
    if (item === undefined) continue;
    roots.add(item.folder);
    found.push(item);
  }
  const maps = readPnpMaps(view, report);
  const mapped = new Map(maps.flatMap((map) => [...map.needs]));
  const resolver = createNpmResolver(view, roots);
  const projects = found.filter((item) => !isFixture(item, roots));
  const starters = context.languageFiles === false ? NONE : startersOf(view, found);
  const unplugged = new Map(maps.flatMap((map) => [...map.unplugged]));
  const surroundings: Surroundings = { resolver, view, mapped, unplugged, starters };
  const packages = markDevelopment(projects, surroundings, [
    ...projects.map((item) => toPackage(item, surroundings)),
    ...maps.flatMap((map) => map.packages),
  ]);
  if (resolver.exhausted) {
    const message = 'too many dependencies to resolve: some edges between npm packages are missing';
    diagnostics.push({ code: 'dependencies-incomplete', severity: 'warning', message, source: 'npm' });
  }
  return { packages, diagnostics };
}

/** Lockfiles say it of what they list; of the rest the manifests of the projects do. */
function markDevelopment(
  found: readonly Found[],
  surroundings: Surroundings,
  packages: readonly Package[],
): readonly Package[] {
  const needs = new Map(
    found
      .filter(({ installed, manifest }) => !installed && manifest.dependencies.development.length > 0)
      .map((item) => [`/${item.folder}`, needsOf(item, surroundings)] as const),
  );
  // where edges are missing, what needs a package may be unknown
  if (needs.size === 0 || surroundings.resolver.exhausted) return packages;
  const told = new Set(
    found
      .filter(({ lock, origin, installed }) => lock !== undefined || origin?.dev !== undefined || !installed)
      .map(({ folder }) => `/${folder}`),
  );
  // found in its folder too: one package
  const joined = packages.map((item) => {
    const folder = surroundings.unplugged.get(item.id);
    return folder === undefined ? item : { ...item, dependsOn: [...item.dependsOn, `/${folder}`] };
  });
  const development = developmentOnly(joined, needs);
  return packages.map((item) =>
    development.has(item.id) && !told.has(item.id) ? { ...item, scope: 'optional' as const } : item,
  );
}

function needsOf(item: Found, { resolver, mapped }: Surroundings): ProjectNeeds {
  const { required, development } = item.manifest.dependencies;
  const running = new Set(required);
  const resolve = (name: string): readonly string[] => {
    const folder = resolver.resolve(item.folder, name);
    const id = folder === undefined ? mapped.get(item.folder)?.get(name) : `/${folder}`;
    return id === undefined ? [] : [id];
  };
  return {
    required: required.flatMap(resolve),
    development: development.filter((name) => !running.has(name)).flatMap(resolve),
  };
}

const NONE: ReadonlyMap<string, readonly string[]> = new Map();

function startersOf(view: FileView, found: readonly Found[]): ReadonlyMap<string, readonly string[]> {
  const installed = found.filter((item) => item.installed);
  const programs = installed.map(({ folder, manifest }) => ({ folder, bins: manifest.bins }));
  const projects = found.filter((item) => !item.installed).map(({ folder }) => folder);
  return npmStarters(view, programs, projects);
}

function readPnpMaps(view: FileView, report: (code: string, message: string, path: string) => void): readonly PnpMap[] {
  return view.captured('npm/pnp').flatMap((file) => {
    const map = readPnpMap(view, file);
    if (map?.truncated === true)
      report('too-many-packages', 'it lists more than any real project needs; the rest is missing', file.entry.path);
    // with the data beside it, the loader has none in itself
    if (map !== undefined || view.lookup(file.entry.path.replace(/\.cjs$/, '.data.json')) !== undefined)
      return map ?? [];
    report('malformed-pnp', "it holds no Plug'n'Play map: packages in Yarn's archives are missing", file.entry.path);
    return [];
  });
}

const FIXTURE_FOLDERS = new Set(
  'test tests __tests__ spec e2e fixture fixtures __fixtures__ testdata test-data mocks __mocks__ example examples'.split(
    ' ',
  ),
);

/** What is there for tests or examples: nothing of what runs. */
function isFixture({ folder, installed, lock }: Found, roots: ReadonlySet<string>): boolean {
  return installed ? lock === undefined && isBroughtForTests(folder) : isFixtureOfProject(folder, roots);
}

/** In a folder of tests of another installed package, which brought it along: installers put packages right under `node_modules` of one. */
function isBroughtForTests(folder: string): boolean {
  const inside = `/${folder}`.split('/node_modules/').slice(1, -1);
  return inside.some((path) => {
    const segments = path.split('/');
    return segments.slice(path.startsWith('@') ? 2 : 1).some((segment) => FIXTURE_FOLDERS.has(segment));
  });
}

/** Where Python and Ruby install packages. */
const OTHER_INSTALLS: ReadonlySet<string> = new Set(['site-packages', 'dist-packages', 'gems']);

/** A manifest in a folder of tests or examples, of a project or of an installed package of another language. */
function isFixtureOfProject(folder: string, roots: ReadonlySet<string>): boolean {
  const segments = folder.split('/');
  const at = segments.findLastIndex((segment) => FIXTURE_FOLDERS.has(segment));
  if (at < 1) return false;
  if (segments.slice(0, at).some((segment) => OTHER_INSTALLS.has(segment))) return true;
  for (let end = at; end > 0; end -= 1) if (roots.has(segments.slice(0, end).join('/'))) return true;
  return false;
}

/** Entries of all hidden lockfiles of an image, with the names they need: some hundred times those of large projects. */
const MAX_LOCKED_VALUES = 1_000_000;

function readLocks(view: FileView, diagnostics: Diagnostic[]): ReadonlyMap<string, NpmLockEntry> {
  const all = new Map<string, NpmLockEntry>();
  let left = MAX_LOCKED_VALUES;
  for (const { entry, bytes } of view.captured('npm/hidden-lockfile')) {
    const project = entry.path.slice(0, Math.max(0, entry.path.length - 'node_modules/.package-lock.json'.length - 1));
    const lock = parseHiddenLockfile(bytes, project, left);
    if (lock === undefined) {
      const message = 'the hidden lockfile cannot be read; dependencies are taken from each package.json';
      diagnostics.push({
        code: 'malformed-lockfile',
        severity: 'warning',
        message,
        path: `/${entry.path}`,
        source: 'npm',
      });
      continue;
    }
    for (const [folder, found] of lock.entries) all.set(folder, found);
    left -= lock.values;
    if (!lock.isWhole) {
      const message =
        'the hidden lockfiles up to here hold more than any real image has; the rest of this one and all after it are not read';
      diagnostics.push({
        code: 'lockfiles-too-large',
        severity: 'warning',
        message,
        path: `/${entry.path}`,
        source: 'npm',
      });
      break;
    }
  }
  return all;
}

/** What was read before the packages themselves. */
interface Known {
  readonly locks: ReadonlyMap<string, NpmLockEntry>;
  readonly origins: NpmOrigins;
}

/** The package a file stands for; undefined (with a diagnostic where something is wrong) when it stands for none. */
function readPackage(file: CapturedFile, { locks, origins }: Known, diagnostics: Diagnostic[]): Found | undefined {
  const folder = file.entry.path.slice(0, Math.max(0, file.entry.path.lastIndexOf('/')));
  const place = placeOf(folder);
  if (place === 'inside') return undefined;
  const path = `/${file.entry.path}`;
  const report = (code: string, message: string): undefined => {
    diagnostics.push({ code, severity: 'warning', message, path, source: 'npm' });
  };
  const parsed = parseNpmManifest(file.bytes);
  if ('problem' in parsed) return report('malformed-package-json', `not a package.json: ${parsed.problem}`);
  const { manifest } = parsed;
  if (parsed.extraDocuments) report('several-documents', 'text follows the first JSON document; only that one is used');
  const installed = place === 'installed';
  // published packages may carry engines.vscode too: only outside node_modules does it mean an extension
  if (!installed && (manifest.foreign !== undefined || manifest.version === undefined)) return undefined;
  // no name: a stub that only sets `type` or `main` for the files around it
  if (manifest.name === undefined) return undefined;
  if (manifest.name.length > 214 || !NAME.test(manifest.name)) {
    return report('invalid-name', `${JSON.stringify(manifest.name.slice(0, 80))} cannot be the name of an npm package`);
  }
  if (manifest.version === undefined) {
    // made up for a package's own tests
    if (folder.split('/').some((segment) => FIXTURE_FOLDERS.has(segment))) return undefined;
    return report('version-unknown', `${manifest.name} has no version and is left out of the packages`);
  }
  let lock = locks.get(folder);
  if (lock?.version !== undefined && lock.version !== manifest.version) {
    report('stale-lockfile', `the lockfile says version ${lock.version}, the folder ${manifest.version}`);
    lock = undefined;
  }
  const { name, version } = manifest;
  const origin = installed && lock === undefined ? origins.find(folder, `${name}@${version}`) : undefined;
  return { folder, file, manifest, name, version, installed, lock, origin };
}

/**
 * Where a folder stands: `installed` when it is `<name>` or `@scope/<name>` right under the last `node_modules`, `inside` when it is
 * deeper in an installed package (sub-path stubs, test fixtures), `project` outside of any.
 */
function placeOf(folder: string): 'installed' | 'inside' | 'project' {
  const rest = afterModules(`/${folder}/`);
  if (rest === undefined) return 'project';
  const segments = rest.split('/').slice(0, -1);
  const first = segments[0];
  // where Yarn 4 keeps packages when it is told to link them as pnpm does
  if (first === '.store') return segments.length === 3 && segments[2] === 'package' ? 'installed' : 'inside';
  if (first === undefined || first.startsWith('.')) return 'inside';
  return segments.length === (first.startsWith('@') ? 2 : 1) ? 'installed' : 'inside';
}

function afterModules(path: string): string | undefined {
  const marker = '/node_modules/';
  const at = path.lastIndexOf(marker);
  if (at !== -1) return path.slice(at + marker.length);
  const debian = path.indexOf('/nodejs/');
  if (debian === -1 || !isDebianModules(path.slice(1, debian + '/nodejs'.length))) return undefined;
  return path.slice(debian + '/nodejs/'.length);
}

interface Surroundings {
  readonly resolver: NpmResolver;
  readonly view: FileView;
  /** By folder of a project: ids of what a Plug'n'Play map says it needs, by name. */
  readonly mapped: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By id of a package in such a map that lies in a folder: the folder. */
  readonly unplugged: ReadonlyMap<string, string>;
  /** By folder of a package: scripts outside of it that start its programs. */
  readonly starters: ReadonlyMap<string, readonly string[]>;
}

function toPackage(item: Found, { resolver, view, mapped, starters }: Surroundings): Package {
  const { manifest, lock, origin, installed } = item;
  const slash = item.name.indexOf('/');
  const resolved = lock?.resolved ?? origin?.resolved ?? manifest.resolved;
  const source = npmSource(resolved);
  const isOwn = !installed || isNpmFolder(resolved);
  const integrity = lock?.integrity ?? origin?.integrity ?? manifest.integrity;
  return {
    type: 'npm',
    ...(slash === -1 ? {} : { namespace: item.name.slice(0, slash) }),
    name: slash === -1 ? item.name : item.name.slice(slash + 1),
    version: item.version,
    ...source,
    // what is private is never published, so a registry's name does not mean it
    ...(isOwn && manifest.isPrivate ? { purlKnown: false } : {}),
    locations: [locationOf(item.file)],
    foundBy: 'npm',
    evidence: [
      { field: 'purl', technique: 'manifest-analysis', confidence: installed ? 1 : 0.6, value: 'package.json' },
    ],
    licenses: npmLicenses(manifest.licenses, item.folder, view),
    ...optional('author', manifest.author),
    ...optional('description', manifest.description),
    ...optional('homepage', manifest.homepage),
    ...optional('sourceUrl', source.sourceUrl ?? manifest.sourceUrl),
    ...(lock?.dev === true || origin?.dev === true ? { scope: 'optional' } : {}),
    ...(installed ? { directories: [`/${item.folder}`] } : {}),
    ...(isOwn ? { firstParty: true } : {}),
    ...(starters.has(item.folder) ? { files: starters.get(item.folder)! } : {}),
    ...integrityHashes(integrity),
    ...propertiesOf(item, integrity),
    id: `/${item.folder}`,
    dependsOn: [...new Set([...edgesOf(item, resolver), ...(mapped.get(item.folder)?.values() ?? [])])]
      .filter((id) => id !== `/${item.folder}`)
      .sort(compareCodeUnits),
  };
}

function edgesOf(item: Found, resolver: NpmResolver): readonly string[] {
  const names = (item.lock ?? item.manifest).dependencies;
  const targets = new Set<string>();
  // development dependencies are installed for a project only, never for a package it uses
  for (const name of item.installed ? names.required : [...names.required, ...names.development]) {
    const target = resolver.resolve(item.folder, name);
    if (target !== undefined && target !== item.folder) targets.add(`/${target}`);
  }
  return [...targets].sort(compareCodeUnits);
}

function propertiesOf({ manifest, origin }: Found, integrity: string | undefined): Pick<Package, 'properties'> {
  const properties: Record<string, string> = {};
  if (integrity !== undefined) properties['npm:integrity'] = integrity;
  if (manifest.isPrivate) properties['npm:private'] = 'true';
  if (origin?.patched === true) properties['npm:patched'] = 'true';
  return Object.keys(properties).length === 0 ? {} : { properties };
}
