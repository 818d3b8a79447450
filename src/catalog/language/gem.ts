import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { ContentHash, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { compareGemVersions, satisfiesGem, type GemRequirement } from './gem-version.ts';
import { readGemspec, type Gemspec } from './gemspec.ts';
import { decodeText } from './json-fields.ts';
import {
  createReport,
  directoriesOf,
  locationOf,
  optional,
  pathIn,
  plainVersion,
  splitPath,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;
/** Where Bundler checks a repository out, and a folder in it: there it looks for gemspecs. */
const CHECKOUT = /^(.*)\/bundler\/gems\/([^/]+-([0-9a-f]{12})(?:\/[^/]+)?)$/;

/** Where an installed gemspec lies. */
interface Place {
  /** Folder of `specifications`, or of `bundler/gems`. */
  readonly home: string;
  readonly kind: 'gem' | 'default' | 'git';
  /** Name of the gem's own folder; of one from a repository of several, with the checkout's in front. */
  readonly full: string;
  /** Beginning of the commit, of one from a repository. */
  readonly revision?: string;
}

interface Gem extends Place {
  readonly file: CapturedFile;
  readonly spec: Gemspec;
  readonly name: string;
  readonly version: string | undefined;
  readonly platform: string | undefined;
}

/** Installed Ruby gems. */
export const gemCataloger: Cataloger = {
  id: 'gem',
  title: 'Ruby gems',
  version: 2,
  specifications: [
    'https://guides.rubygems.org/specification-reference/',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/gem-definition.md',
  ],
  statement: {
    packageTypes: ['gem'],
    reads: [
      'specifications/*.gemspec',
      'specifications/default/*.gemspec',
      'bundler/gems/*/*.gemspec',
      'bundler/gems/*/*/*.gemspec',
    ],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [{ id: 'gem/gemspec', suffixes: ['.gemspec'], maxBytes: MiB }],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('gem');
  const budget = new EdgeBudget();
  const gems: Gem[] = [];
  let spentAt: string | undefined;
  for (const file of view.captured('gem/gemspec')) {
    const place = placeOf(file.entry.path);
    const gem = place === undefined ? undefined : readGem(file, place, report);
    if (gem === undefined) continue;
    if (budget.take(gem.spec.dependencies.length)) gems.push(gem);
    else {
      gems.push({ ...gem, spec: { ...gem.spec, dependencies: [] } });
      spentAt ??= file.entry.path;
    }
  }
  if (spentAt !== undefined)
    report(
      'dependencies-incomplete',
      'more needs than gems of any real image have; from here on edges are missing',
      spentAt,
    );
  const find = createGemFinder(gems);
  const built = builtFolders(view, gems);
  const packages = gems.map((gem) => toPackage(view, gem, { find, built, wantsFiles: languageFiles !== false }));
  return { packages, diagnostics };
}

/** undefined for a gemspec that comes inside a gem and says nothing of what is installed. */
function placeOf(path: string): Place | undefined {
  const { folder, name } = splitPath(path);
  const parent = splitPath(folder);
  const full = name.slice(0, -'.gemspec'.length);
  if (parent.name === 'specifications') return { home: parent.folder, kind: 'gem', full };
  if (parent.name === 'default' && splitPath(parent.folder).name === 'specifications') {
    return { home: splitPath(parent.folder).folder, kind: 'default', full };
  }
  const [, home, checkout = '', revision = ''] = CHECKOUT.exec(folder) ?? [];
  return home === undefined ? undefined : { home, kind: 'git', full: checkout, revision };
}

function readGem(file: CapturedFile, place: Place, report: Report): Gem | undefined {
  const { path } = file.entry;
  const spec = readGemspec(decodeText(file.bytes));
  // Bundler rewrites those that it has read; others below the checkout are examples
  if (place.full.includes('/') && !spec.isGenerated) return undefined;
  const fromName = /^(.+?)-(\d[^-]*)(?:-(.+))?$/s.exec(place.kind === 'git' ? '' : place.full);
  const name = spec.name ?? (place.kind === 'git' ? splitPath(path).name.slice(0, -'.gemspec'.length) : fromName?.[1]);
  if (name === undefined || !NAME.test(name)) return report('invalid-name', 'no name of a gem can be read', path);
  const version = plainVersion(spec.version) ?? plainVersion(fromName?.[2]);
  if (version === undefined) report('version-unknown', `the version of ${name} cannot be read`, path);
  const platform = plainVersion(spec.platform ?? (spec.version === undefined ? fromName?.[3] : undefined));
  return { ...place, file, spec, name, version, platform };
}

type GemFinder = (from: Gem, requirement: GemRequirement) => Gem | undefined;

/** What a gem gets when it asks: the newest that fits, in its own home first, then in the homes that a Ruby of its version brought with it. */
function createGemFinder(gems: readonly Gem[]): GemFinder {
  const homes = new Map<string, Map<string, Gem[]>>();
  const system = new Set<string>();
  for (const gem of gems) {
    const names = homes.get(gem.home) ?? new Map<string, Gem[]>();
    homes.set(gem.home, names);
    const same = names.get(gem.name);
    if (same === undefined) names.set(gem.name, [gem]);
    else same.push(gem);
    if (gem.kind === 'default' || /^(?:usr|var\/lib)\//.test(gem.home)) system.add(gem.home);
  }
  for (const names of homes.values()) {
    for (const same of names.values()) same.sort((a, b) => compareGemVersions(b.version ?? '0', a.version ?? '0'));
  }
  const reachable = new Map<string, readonly string[]>();
  // more homes of Rubies are nothing that an image has
  const shared = [...system].slice(0, 64);
  for (const home of homes.keys()) {
    const others = shared.filter((other) => other !== home && mayShare(home, other)).slice(0, 16);
    reachable.set(home, [home, ...others]);
  }
  return (from, { name, ranges }) => {
    for (const home of reachable.get(from.home) ?? []) {
      // more versions of one gem in one home are nothing that an image has
      const found = homes
        .get(home)
        ?.get(name)
        ?.slice(0, 16)
        .find(({ version }) => version === undefined || satisfiesGem(version, ranges));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Homes are named after the version of Ruby that looks into them, as far as they are not for all. */
function mayShare(home: string, other: string): boolean {
  const [one, two] = [home, other].map((path) => /(?:^|\/)(\d\.\d\.\d)$/.exec(path)?.[1]);
  return one === undefined || two === undefined || one === two;
}

interface Surroundings {
  readonly find: GemFinder;
  /** By home. */
  readonly built: ReadonlyMap<string, readonly string[]>;
  readonly wantsFiles: boolean;
}

function toPackage(view: FileView, gem: Gem, { find, built, wantsFiles }: Surroundings): Package {
  const { spec, kind } = gem;
  const targets = spec.dependencies.map((requirement) => find(gem, requirement)).filter((item) => item !== undefined);
  const id = idOf(gem);
  return {
    type: 'gem',
    name: gem.name,
    ...optional('version', gem.version),
    ...(gem.platform === undefined ? {} : { qualifiers: { platform: gem.platform } }),
    // a commit of some repository: the index's version of that number is something else
    ...(kind === 'git' ? { purlKnown: false } : {}),
    locations: [locationOf(gem.file)],
    foundBy: 'gem',
    evidence: [
      {
        field: 'purl',
        technique: spec.name === undefined || spec.version === undefined ? 'filename' : 'manifest-analysis',
        confidence: spec.name === undefined || spec.version === undefined ? 0.8 : 1,
        value: splitPath(gem.file.entry.path).name,
      },
    ],
    licenses: spec.licenses.map((value) => ({ value })),
    ...(spec.authors.length === 0 ? {} : { author: spec.authors.slice(0, 64).join(', ') }),
    ...optional('description', spec.summary),
    ...optional('homepage', spec.homepage),
    ...optional('sourceUrl', spec.sourceUrl),
    ...directoriesOf(view, foldersOf(gem, built.get(gem.home) ?? [])),
    ...(wantsFiles ? { files: filesOf(view, gem) } : {}),
    ...distributionOf(view, gem),
    ...propertiesOf(gem),
    id,
    dependsOn: [...new Set(targets.map(idOf))].filter((target) => target !== id).toSorted(compareCodeUnits),
  };
}

function idOf(gem: Gem): string {
  return `/${gem.file.entry.path}`;
}

/** Folders `extensions/<platform>/<ruby>` of each home. */
function builtFolders(view: FileView, gems: readonly Gem[]): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, readonly string[]>();
  for (const { home } of gems) {
    if (folders.has(home)) continue;
    const platforms = view.list(pathIn(home, 'extensions')).slice(0, 16);
    folders.set(
      home,
      platforms.flatMap(({ path }) => view.list(path).slice(0, 16)).map(({ path }) => path),
    );
  }
  return folders;
}

/** The gem's folder, and what was built for it per Ruby. */
function foldersOf({ home, kind, full }: Gem, built: readonly string[]): readonly string[] {
  if (kind === 'git') return [pathIn(home, `bundler/gems/${full}`)];
  return [pathIn(home, `gems/${full}`), pathIn(home, `doc/${full}`), ...built.map((path) => `${path}/${full}`)];
}

/** The record, the starters, the cached archive; for a default gem, which lies in Ruby's own folder, also the files it lists there. */
function filesOf(view: FileView, gem: Gem): readonly string[] {
  const { home, kind, full, spec } = gem;
  const abi = splitPath(home);
  const library = splitPath(abi.folder).folder;
  const candidates = [
    gem.file.entry.path,
    pathIn(home, `cache/${full}.gem`),
    ...starters(view, gem),
    ...(kind === 'default'
      ? spec.files
          .filter((file) => file.startsWith('lib/') && !file.split('/').includes('..'))
          .map((file) => `${library}/${abi.name}/${file.slice('lib/'.length)}`)
      : []),
  ];
  const files = new Set<string>();
  for (const path of candidates) {
    const entry = view.lookup(path);
    if (entry?.type === 'file' || entry?.type === 'symlink') files.add(`/${entry.path}`);
  }
  return [...files].toSorted(compareCodeUnits);
}

/** Scripts that RubyGems writes are some 500 bytes. */
const MAX_STARTER_BYTES = 4096;

/**
 * What starts a gem's programs: in its home's own `bin`, or in the one of the Ruby that the home belongs to (Debian's and the official images' is
 * `/usr/local/bin`). There other programs lie too: what is larger than a starter is none.
 */
function starters(view: FileView, { home, spec }: Gem): readonly string[] {
  const prefix = /^(?:(.*)\/)?lib\/ruby\/gems\/[^/]+$/.exec(home);
  const isSystem = home === 'usr/local/bundle' || /^var\/lib\/gems\/[^/]+$/.test(home);
  const shared = prefix === null ? 'usr/local/bin' : pathIn(prefix[1] ?? '', 'bin');
  return spec.executables
    .filter((name) => /^[\w.+-]+$/.test(name))
    .flatMap((name) => {
      const beside = pathIn(shared, name);
      const isStarter =
        (prefix !== null || isSystem) && (view.lookup(beside)?.sizeBytes ?? Infinity) <= MAX_STARTER_BYTES;
      return isStarter ? [pathIn(home, `bin/${name}`), beside] : [pathIn(home, `bin/${name}`)];
    });
}

/** The archive it was unpacked from, where that was kept and hashed. */
function distributionOf(view: FileView, { home, full }: Gem): { readonly distributionHashes?: readonly ContentHash[] } {
  const hex = view.contentDigest(pathIn(home, `cache/${full}.gem`), 'sha256');
  return hex === undefined ? {} : { distributionHashes: [{ algorithm: 'SHA-256', hex }] };
}

function propertiesOf({ kind, revision }: Gem): Pick<Package, 'properties'> {
  if (kind === 'default') return { properties: { 'gem:default': 'true' } };
  return revision === undefined ? {} : { properties: { 'gem:git-revision': revision } };
}
