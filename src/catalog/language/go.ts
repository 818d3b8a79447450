import { compareCodeUnits } from '../../core/index.ts';
import type { GoBuildInfo, GoStringVariable } from '../../formats/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { CatalogNote, Diagnostic, IdentityEvidence, Location, Package } from '../../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogContext, type CatalogResult } from '../contract.ts';
import { goMainVersion, type GoMainVersion } from './go-main-version.ts';
import { parseGoModInfo, type GoModInfo, type GoModule } from './go-modinfo.ts';
import { unlistedProgram } from './go-unlisted.ts';
import { asObject, decodeText } from './json-fields.ts';

const MiB = 1024 * 1024;
/** Build settings worth keeping: what was built, for what, from which commit. */
const SETTINGS = [
  'GOOS',
  'GOARCH',
  'CGO_ENABLED',
  '-buildmode',
  '-tags',
  '-trimpath',
  'vcs',
  'vcs.revision',
  'vcs.time',
  'vcs.modified',
];

/** Modules that Go programs were built from, by what the linker wrote into them. */
export const goCataloger: Cataloger = {
  id: 'go',
  title: 'Go modules in executables',
  version: 4,
  specifications: [
    'https://pkg.go.dev/debug/buildinfo',
    'https://go.dev/ref/mod',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md',
  ],
  statement: {
    packageTypes: ['golang'],
    reads: ['executables (ELF, PE, Mach-O) with Go build information', 'executables packed by UPX, as known unknowns'],
    licenses: false,
    dependencies: true,
    files: true,
  },
  captures: [{ id: 'go/executables', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 512 * MiB }],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages: Package[] = [];
  const notes: CatalogNote[] = [];
  for (const file of context.view.captured('go/executables')) {
    if (packages.length >= ENOUGH_PACKAGES) break;
    const path = `/${file.entry.path}`;
    const report = (code: string, message: string): void => {
      diagnostics.push({ code, severity: 'warning', message, path, source: 'go' });
    };
    const info = parseBuildInfo(file.bytes);
    if (info === undefined) report('unreadable-binary', 'the extracted build information is malformed');
    else if (info.packed !== undefined) notes.push(packedNote(path));
    else if (info.problem !== undefined) report('unreadable-binary', info.problem);
    else packages.push(...packagesOf(file, info, { report, notes }));
  }
  return { packages, diagnostics, notes };
}

/** Of a program in any language: nobody else looks for packed ones. */
function packedNote(path: string): CatalogNote {
  const message = 'a program compressed by UPX: what it was built from cannot be seen';
  return { kind: 'known-unknown', code: 'packed-executable', message, path, source: 'go', facts: { packer: 'upx' } };
}

/** The extractor's JSON, checked: a layer cache may hand over anything. */
function parseBuildInfo(bytes: Uint8Array): GoBuildInfo | undefined {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(bytes));
  } catch {
    return undefined;
  }
  const object = asObject(json);
  if (object === undefined || typeof object['format'] !== 'string') return undefined;
  const readable = typeof object['goVersion'] === 'string' && typeof object['modInfo'] === 'string';
  if (!readable && typeof object['problem'] !== 'string' && object['packed'] !== 'upx') return undefined;
  const variables = Array.isArray(object['variables']) ? (object['variables'] as unknown[]).filter(isVariable) : [];
  return { ...(object as unknown as GoBuildInfo), variables };
}

function isVariable(value: unknown): value is GoStringVariable {
  const object = asObject(value);
  return typeof object?.['name'] === 'string' && typeof object['value'] === 'string';
}

function packagesOf(
  file: CapturedFile,
  build: GoBuildInfo,
  { report, notes }: { readonly report: (code: string, message: string) => void; readonly notes: CatalogNote[] },
): readonly Package[] {
  const info = parseGoModInfo(build.modInfo ?? '');
  if (info.truncated) report('too-many-modules', 'only the first 20,000 modules of this program are listed');
  const { main, dependencies } = mainAndDependencies(info);
  const location = { path: `/${file.entry.path}`, layer: file.entry.layer };
  const standard = standardLibrary(build.goVersion ?? '', location);
  const modules = new Map<string, Package>();
  let impossible = 0;
  for (const dependency of dependencies) {
    if (!isModule(dependency)) {
      impossible += 1;
      continue;
    }
    const item = dependencyPackage(dependency, location);
    // a module is linked once; a second line can only be a forgery
    if (item !== undefined && !modules.has(item.id)) modules.set(item.id, item);
  }
  if (impossible > 0) report('invalid-name', `${impossible} modules are left out: no module can be called so`);
  const packages = [standard, ...modules.values()];
  if (main === undefined || !isModule(main)) {
    const program = unlistedProgram(info.packagePath);
    // a program of the Go distribution itself has no main module: the standard library is what the file came from
    if (program === undefined) return [{ ...standard, files: [location.path] }, ...modules.values()];
    if (modules.size === 0) notes.push(unlistedNote(location.path));
    return [programPackage(program, { info, build, location }, packages), ...packages];
  }
  const version = goMainVersion({ ...info, main }, build.variables ?? []);
  const item: Package = {
    ...modulePackage(main.path, version?.version, location),
    evidence: mainEvidence(version),
    ...(version?.published === true ? {} : { firstParty: true }),
    files: [location.path],
    properties: mainProperties({ info, main, build }),
    dependsOn: packages.map(({ id }) => id).sort(compareCodeUnits),
  };
  return [item, ...packages.filter(({ id }) => id !== item.id)];
}

/** A program that was built without modules. Its repository is known by the path of its main package; which module that is, and its version, are not. */
function programPackage(
  path: string,
  of: { readonly info: GoModInfo; readonly build: GoBuildInfo; readonly location: Location },
  needs: readonly Package[],
): Package {
  return {
    ...modulePackage(path, undefined, of.location),
    purlKnown: false,
    kind: 'application',
    evidence: mainEvidence(undefined),
    files: [of.location.path],
    properties: mainProperties({ ...of, main: { path, version: '' } }),
    dependsOn: needs.map(({ id }) => id).sort(compareCodeUnits),
  };
}

function unlistedNote(path: string): CatalogNote {
  const message =
    'a Go program that was built without modules: what was linked into it, beside the standard library, is not known';
  return { kind: 'known-unknown', code: 'go-without-modules', message, path, source: 'go' };
}

/** The main module; `go build file.go` calls it command-line-arguments, and the one dependency under development is what was built. */
function mainAndDependencies(info: GoModInfo): {
  readonly main: GoModule | undefined;
  readonly dependencies: readonly GoModule[];
} {
  let { main } = info;
  if (main === undefined || main.path === '' || main.path === 'command-line-arguments') {
    const developed = info.dependencies.filter(
      ({ version, replacement }) => version === '(devel)' && replacement === undefined,
    );
    main = developed.length === 1 ? developed[0] : undefined;
  }
  const dependencies = info.dependencies.filter(({ path }) => path !== '' && path !== main?.path);
  return { main, dependencies };
}

function dependencyPackage(module: GoModule, location: Location): Package | undefined {
  const { replacement } = module;
  const local = replacement !== undefined && isLocal(replacement);
  const used = replacement === undefined || local ? module : replacement;
  if (used.path === '') return undefined;
  const version = local || used.version === '' || used.version === '(devel)' ? undefined : used.version;
  const properties: Record<string, string> = {};
  if (used.sum !== undefined && !local) properties['golang:h1'] = used.sum;
  if (replacement !== undefined)
    properties[local ? 'golang:replacedBy' : 'golang:replaces'] = local ? replacement.path : label(module);
  return {
    ...modulePackage(used.path, version, location),
    evidence: [{ field: 'purl', technique: 'binary-analysis', confidence: 1, value: 'Go build information' }],
    // a folder beside the program, under a name that a published module has: not that module's release
    ...(version === undefined ? { firstParty: true } : {}),
    ...withProperties(used.path, properties),
  };
}

/** Whether path and version have only characters that a module's may have; what replaces it may be a folder of the builder's disk. */
function isModule({ path, version, replacement }: GoModule): boolean {
  if (!/^[!-~]{0,256}$/.test(version)) return false;
  if (!/^[A-Za-z0-9._~!+-]+(?:\/[A-Za-z0-9._~!+-]+)*$/.test(path)) return false;
  return replacement === undefined || isLocal(replacement) || isModule(replacement);
}

function isLocal({ path, version }: GoModule): boolean {
  return version === '' || /^(?:\.{1,2}(?:[/\\]|$)|[/\\]|[A-Za-z]:[/\\])/.test(path);
}

function label({ path, version }: GoModule): string {
  return version === '' ? path : `${path}@${version}`;
}

/** The parts every module has. The purl specification wants lower case; the module's own spelling stays as a property. */
function modulePackage(path: string, version: string | undefined, location: Location): Package {
  const lower = path.toLowerCase();
  const slash = lower.lastIndexOf('/');
  return {
    type: 'golang',
    ...(slash === -1 ? {} : { namespace: lower.slice(0, slash) }),
    name: lower.slice(slash + 1),
    ...(version === undefined ? {} : { version }),
    locations: [location],
    foundBy: 'go',
    evidence: [],
    licenses: [],
    ...withProperties(path, {}),
    id: `${location.path}#${path}@${version ?? ''}`,
    dependsOn: [],
  };
}

function withProperties(path: string, properties: Record<string, string>): Pick<Package, 'properties'> {
  const all = path === path.toLowerCase() ? properties : { ...properties, 'golang:module': path };
  return Object.keys(all).length === 0 ? {} : { properties: all };
}

function mainEvidence(version: GoMainVersion | undefined): readonly IdentityEvidence[] {
  const name: IdentityEvidence = {
    field: 'name',
    technique: 'binary-analysis',
    confidence: 1,
    value: 'Go build information',
  };
  if (version === undefined) return [name];
  return [
    name,
    { field: 'version', technique: 'binary-analysis', confidence: version.confidence, value: version.seen },
  ];
}

function mainProperties(of: {
  readonly info: GoModInfo;
  readonly main: GoModule;
  readonly build: GoBuildInfo;
}): Readonly<Record<string, string>> {
  const properties: Record<string, string> = { 'golang:toolchain': of.build.goVersion ?? '' };
  if (of.main.path !== of.main.path.toLowerCase()) properties['golang:module'] = of.main.path;
  if (of.info.packagePath !== undefined) properties['golang:package'] = of.info.packagePath;
  if (of.main.sum !== undefined) properties['golang:h1'] = of.main.sum;
  for (const key of SETTINGS) {
    const value = of.info.settings.get(key);
    if (value !== undefined && value.length <= 1024) properties[`golang:build:${key}`] = value;
  }
  return properties;
}

/**
 * `go1.22.1`, perhaps with experiments (`X:…`, `-X:…`) or a vendor's suffix behind; a development toolchain (`devel go1.24-…`, `go1.26-devel_…`) has no
 * version.
 */
function standardLibrary(goVersion: string, location: Location): Package {
  const match = /^go(\d+\.\d+(?:\.\d+)?)((?:rc|beta|alpha)\d+)?(?!\d|\.\d|-devel)/.exec(goVersion);
  const version = match === null ? undefined : `${match[1]}${match[2] ?? ''}`;
  const base = modulePackage('stdlib', version, location);
  return {
    ...base,
    evidence: [{ field: 'purl', technique: 'binary-analysis', confidence: 1, value: `toolchain ${goVersion}` }],
    ...(match === null ? {} : { cpes: [`cpe:2.3:a:golang:go:${match[1]}:${match[2] ?? '-'}:*:*:*:*:*:*`] }),
    licenses: [],
    homepage: 'https://go.dev/',
    ...(version === goVersion.slice(2) ? {} : { properties: { 'golang:toolchain': goVersion } }),
  };
}
