import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { CatalogNote, Diagnostic, Location, Package } from '../../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogContext, type CatalogResult } from '../contract.ts';
import { parseBundle, parsePeVersion } from './dotnet-captures.ts';
import { MAX_IMAGE_ITEMS, parseDepsJson, type DepsFile } from './dotnet-deps.ts';
import { findFrameworks, frameworkPackage, frameworkResolver, type Framework } from './dotnet-frameworks.ts';
import { listedKey, loosePackages, type LooseBinary } from './dotnet-pe.ts';
import { readNuspec } from './dotnet-nuspec.ts';
import { programPackages } from './dotnet-program.ts';
import { parseRuntimeConfig, type FrameworkReference } from './dotnet-runtime-config.ts';
import { decodeText } from './json-fields.ts';

const MiB = 1024 * 1024;
const DEPS = '.deps.json';
const CONFIG = '.runtimeconfig.json';
const RUNTIME_PACK = /^(?:Microsoft\.(?:NETCore|AspNetCore|WindowsDesktop)\.App)(?:\.Runtime\.[a-z0-9.-]+)?$/i;

/** What .NET programs were published with, the runtimes beside them, and Windows binaries that say what they are. */
export const dotnetCataloger: Cataloger = {
  id: 'dotnet',
  title: '.NET packages and runtimes',
  version: 2,
  specifications: [
    'https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md',
    'https://github.com/dotnet/designs/blob/main/accepted/2020/single-file/bundler.md',
    'https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/nuget-definition.md',
  ],
  statement: {
    packageTypes: ['nuget', 'generic'],
    reads: [
      '*.deps.json',
      '*.runtimeconfig.json',
      '*.nuspec (for which package a library without a list may be of)',
      'Microsoft.NETCore.App/<version>/ and its like',
      'single-file programs (ELF, PE) of .NET',
      'version resources of Windows programs and libraries (PE)',
    ],
    licenses: false,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'dotnet/deps', suffixes: [DEPS], maxBytes: 32 * MiB },
    { id: 'dotnet/config', suffixes: [CONFIG], maxBytes: MiB },
    { id: 'dotnet/nuspec', suffixes: ['.nuspec'], maxBytes: MiB },
    { id: 'dotnet/bundle', executables: true, extract: { kind: 'dotnet-bundle' }, maxBytes: 512 * MiB },
    { id: 'dotnet/pe', executables: true, extract: { kind: 'pe-version' }, maxBytes: 512 * MiB },
  ],
  catalog,
};

type Report = (code: string, message: string, path: string) => void;

/** All that one image has of .NET, and what was made of it so far. */
interface Scan {
  readonly view: FileView;
  readonly report: Report;
  readonly notes: CatalogNote[];
  readonly frameworks: ReadonlyMap<string, Framework>;
  /** Ids of the installed frameworks that settings ask for. */
  readonly resolve: (wanted: readonly FrameworkReference[]) => readonly string[];
  /** By path without its ending. */
  readonly configs: ReadonlyMap<string, readonly FrameworkReference[]>;
  /** What lists of libraries may still hold. */
  readonly itemsLeft: { items: number };
}

function catalog({ view }: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (code, message, path) => {
    diagnostics.push({ code, severity: 'warning', message, path, source: 'dotnet' });
  };
  const lists = view.captured('dotnet/deps');
  const settings = view.captured('dotnet/config');
  const binaries = view.captured('dotnet/pe');
  const frameworks = findFrameworks([...lists, ...settings, ...binaries].map(({ entry }) => entry));
  const resolve = frameworkResolver(frameworks.values());
  const configs = readConfigs(settings, report);
  const itemsLeft = { items: MAX_IMAGE_ITEMS };
  const scan: Scan = { view, report, notes: [], frameworks, resolve, configs, itemsLeft };
  const identities = new Map<string, string>();
  const packages: Package[] = [];
  for (const file of lists) {
    if (packages.length >= ENOUGH_PACKAGES) break;
    const deps = readList(scan, decodeText(file.bytes), file);
    const folder = folderOf(file.entry.path);
    if (deps === undefined) continue;
    const runtime = frameworks.has(folder) ? runtimeOf(deps) : undefined;
    if (runtime !== undefined) identities.set(folder, runtime);
    else if (!frameworks.has(folder)) packages.push(...listPackages(scan, file, deps));
  }
  for (const file of view.captured('dotnet/bundle'))
    if (packages.length < ENOUGH_PACKAGES) packages.push(...bundlePackages(scan, file));
  packages.push(...frameworkPackages(scan, identities));
  const known = listedPackages(packages, view.captured('dotnet/nuspec'));
  packages.push(...loosePackages(looseBinaries(scan, binaries, packages), known));
  return { packages, diagnostics, notes: scan.notes };
}

function readConfigs(files: readonly CapturedFile[], report: Report): Scan['configs'] {
  const configs = new Map<string, readonly FrameworkReference[]>();
  for (const { entry, bytes } of files) {
    const wanted = parseRuntimeConfig(decodeText(bytes));
    if (wanted === undefined) report('malformed-manifest', 'these are no settings of a runtime', `/${entry.path}`);
    else configs.set(entry.path.slice(0, -CONFIG.length), wanted);
  }
  return configs;
}

function readList({ report, itemsLeft }: Scan, text: string, { entry }: CapturedFile): DepsFile | undefined {
  const deps = parseDepsJson(text, itemsLeft);
  if (typeof deps === 'string') {
    report('malformed-manifest', `the list of libraries ${deps}`, `/${entry.path}`);
    return undefined;
  }
  if (deps.truncated)
    report('too-many-libraries', 'libraries beyond those of any real program are missing', `/${entry.path}`);
  return deps;
}

function listPackages(scan: Scan, { entry }: CapturedFile, deps: DepsFile): readonly Package[] {
  const { view } = scan;
  const base = entry.path.slice(0, -DEPS.length);
  const folder = folderOf(entry.path);
  const name = base.slice(folder === '' ? 0 : folder.length + 1);
  const present = (files: readonly string[]): readonly string[] =>
    files
      .map((file) => (folder === '' ? file : `${folder}/${file}`))
      .filter((path) => view.lookup(path)?.type === 'file')
      .map((path) => `/${path}`);
  const location: Location = { path: `/${entry.path}`, layer: entry.layer };
  const frameworks = scan.resolve(scan.configs.get(base) ?? []);
  const own = present(['', '.dll', '.exe', '.pdb', CONFIG, DEPS].map((ending) => `${name}${ending}`));
  return programPackages({ name, deps, location, frameworks, present, own });
}

function bundlePackages(scan: Scan, file: CapturedFile): readonly Package[] {
  const path = `/${file.entry.path}`;
  const bundle = parseBundle(file);
  const problem = bundle === undefined ? 'the extracted bundle is malformed' : bundle.problem;
  if (problem !== undefined) scan.report('unreadable-binary', `single-file program of .NET: ${problem}`, path);
  if (bundle?.depsJson === undefined || bundle.depsName === undefined) {
    const message = 'a single-file program of .NET without a readable list of libraries';
    scan.notes.push({ kind: 'known-unknown', code: 'dotnet-bundle-without-list', message, path, source: 'dotnet' });
    return [];
  }
  const deps = readList(scan, bundle.depsJson, file);
  if (deps === undefined) return [];
  const inside = bundle.depsName;
  const name = inside.slice(inside.lastIndexOf('/') + 1, -DEPS.length);
  const frameworks = scan.resolve(parseRuntimeConfig(bundle.runtimeConfig ?? '') ?? []);
  const location = { path, inside, layer: file.entry.layer };
  return programPackages({ name, deps, location, frameworks, present: () => [], own: [path] });
}

/** Name of the package that a runtime's own list names. */
function runtimeOf({ libraries }: DepsFile): string | undefined {
  const found = [...libraries.values()].filter(({ type, name }) => type === 'package' && RUNTIME_PACK.test(name));
  const runtime = found.find(({ name }) => /\.Runtime\./i.test(name)) ?? found[0];
  return runtime?.name;
}

function frameworkPackages(scan: Scan, identities: ReadonlyMap<string, string>): readonly Package[] {
  return [...scan.frameworks.values()].map((framework) => {
    const wanted = scan.configs.get(`${framework.folder}/${framework.name}`) ?? [];
    return frameworkPackage(framework, identities.get(framework.folder), scan.resolve(wanted));
  });
}

/** Binaries that no list claims and that lie in no runtime's folder. */
function looseBinaries(
  { frameworks, report }: Scan,
  files: readonly CapturedFile[],
  packages: readonly Package[],
): readonly LooseBinary[] {
  const claimed = new Set(packages.flatMap((pkg) => pkg.files ?? []));
  return files.flatMap((file) => {
    const path = `/${file.entry.path}`;
    if (claimed.has(path) || isBelowAny(file.entry.path, frameworks)) return [];
    const facts = parsePeVersion(file);
    if (facts !== undefined) return [{ location: { path, layer: file.entry.layer }, facts }];
    report('unreadable-binary', 'the extracted version resource is malformed', path);
    return [];
  });
}

function isBelowAny(path: string, folders: ReadonlyMap<string, unknown>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (folders.has(path.slice(0, end))) return true;
  }
  return false;
}

/** Packages that lists of libraries name, and those that NuGet unpacked. */
function listedPackages(
  packages: readonly Package[],
  nuspecs: readonly CapturedFile[],
): Parameters<typeof loosePackages>[1] {
  const known = packages.filter(({ purlKnown }) => purlKnown !== false);
  const listed = known.flatMap(({ name, version }) => (version === undefined ? [] : [{ name, version }]));
  const unpacked = nuspecs.flatMap((file) => readNuspec(file) ?? []);
  return new Map([...unpacked, ...listed].map((item) => [listedKey(item.name, item.version), item]));
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
