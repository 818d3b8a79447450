import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { CatalogNote, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { createOwnedPaths, type OwnedPaths } from '../os/owned-paths.ts';
import { readInstallJson, readMyMeta, type CpanDistribution } from './cpan-meta.ts';
import { readPerlLocal } from './cpan-perllocal.ts';
import { withoutReplaced } from './cpan-replaced.ts';
import { decodeText } from './json-fields.ts';
import {
  createFinder,
  createReport,
  directoriesOf,
  edgesTo,
  locationOf,
  optional,
  pathIn,
  splitPath,
  type Named,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
/** `<library>/auto/Foo/Bar/.packlist` for `Foo::Bar`. */
const PACKLIST = /^(?:(.*)\/)?auto\/((?:[A-Za-z_]\w*\/)*[A-Za-z_]\w*)\/\.packlist$/;

interface Found extends Named, CpanDistribution {
  readonly file: CapturedFile;
  /** The packlist that belongs to it. */
  readonly packlist: CapturedFile | undefined;
  /** Of its record, and of those that it replaced. */
  readonly folders: readonly string[];
  readonly licenses: readonly string[];
  readonly needs: readonly string[];
  readonly abstract: string | undefined;
}

/** Perl distributions that cpan or cpanm installed. */
export const cpanCataloger: Cataloger = {
  id: 'cpan',
  title: 'Perl distributions (CPAN)',
  version: 2,
  specifications: [
    'https://metacpan.org/pod/CPAN::Meta::Spec',
    'https://metacpan.org/pod/ExtUtils::Packlist',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/cpan-definition.md',
  ],
  statement: {
    packageTypes: ['cpan'],
    reads: ['.meta/*/install.json', '.meta/*/MYMETA.json', 'auto/**/.packlist', 'perllocal.pod'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'cpan/meta', names: ['install.json', 'MYMETA.json'], maxBytes: 4 * MiB },
    { id: 'cpan/packlist', names: ['.packlist'], maxBytes: 16 * MiB },
    { id: 'cpan/perllocal', names: ['perllocal.pod'], maxBytes: 16 * MiB },
  ],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('cpan');
  const packlists = readPacklists(view);
  const versions = localVersions(view);
  const records: Found[] = [];
  for (const file of view.captured('cpan/meta')) {
    const item = file.entry.path.endsWith('/install.json')
      ? readInstalled(view, { file, packlists }, report)
      : undefined;
    if (item !== undefined) records.push(item);
  }
  const found = inForce(records, packlists, versions);
  const told = new Set(found.flatMap(({ packlist }) => packlist?.entry.path ?? []));
  const notes: CatalogNote[] = [];
  for (const [key, file] of packlists) {
    if (told.has(file.entry.path)) continue;
    const item = fromPacklist(file, key, versions);
    found.push(item);
    if (item.version === undefined) notes.push(withoutVersion(item));
  }
  const find = providers(found);
  const paths = languageFiles === false ? undefined : createOwnedPaths(view, '');
  return { packages: found.map((item) => toPackage(view, item, { find, paths })), diagnostics, notes };
}

/** By library and module: `usr/local/share/perl/5.36.0\0Foo::Bar`. */
function readPacklists(view: FileView): ReadonlyMap<string, CapturedFile> {
  const packlists = new Map<string, CapturedFile>();
  for (const file of view.captured('cpan/packlist')) {
    const place = PACKLIST.exec(file.entry.path);
    if (place !== null) packlists.set(`${place[1] ?? ''}\0${(place[2] ?? '').replaceAll('/', '::')}`, file);
  }
  return packlists;
}

/** What perl's log of installations says of each module, by the library's folder; without a folder, what all logs agree on. The last entry of one counts. */
function localVersions(view: FileView): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  const contradicted = new Set<string>();
  for (const { entry, bytes } of view.captured('cpan/perllocal')) {
    for (const [module, version] of readPerlLocal(decodeText(bytes))) {
      versions.set(`${splitPath(entry.path).folder}\0${module}`, version);
      const anywhere = `\0${module}`;
      if ((versions.get(anywhere) ?? version) !== version) contradicted.add(anywhere);
      versions.set(anywhere, version);
    }
  }
  // of several perls it is not known whose module a library's is
  for (const key of contradicted) versions.delete(key);
  return versions;
}

/** Without records of versions that were replaced: their folders are those of what replaced them. */
function inForce(
  records: readonly Found[],
  packlists: ReadonlyMap<string, CapturedFile>,
  versions: ReadonlyMap<string, string>,
): Found[] {
  const libraries = new Map<string, number>();
  for (const key of packlists.keys()) {
    const module = key.slice(key.indexOf('\0'));
    libraries.set(module, (libraries.get(module) ?? 0) + 1);
  }
  const current = withoutReplaced(records, ({ group, module }) => {
    const own = versions.get(`${group}\0${module}`);
    // a log elsewhere may be that of another library
    return own ?? (libraries.get(`\0${module}`) === 1 ? versions.get(`\0${module}`) : undefined);
  });
  return [...current].map(([record, replaced]) =>
    replaced.length === 0
      ? record
      : { ...record, folders: [...record.folders, ...replaced.flatMap(({ folders }) => folders)] },
  );
}

interface Candidate {
  readonly file: CapturedFile;
  readonly packlists: ReadonlyMap<string, CapturedFile>;
}

/** `<library>/.meta/<distribution>/install.json`, which cpanm writes. */
function readInstalled(view: FileView, { file, packlists }: Candidate, report: Report): Found | undefined {
  const { path } = file.entry;
  const folder = splitPath(path).folder;
  const meta = splitPath(folder).folder;
  if (splitPath(meta).name !== '.meta') return undefined;
  const distribution = readInstallJson(file.bytes);
  if (distribution === undefined) return report('malformed-install-json', 'no distribution can be read', path);
  const bytes = view.read(`${folder}/MYMETA.json`);
  const more = bytes === undefined ? undefined : readMyMeta(bytes);
  if (bytes !== undefined && more === undefined) report('malformed-mymeta', 'MYMETA.json cannot be read', path);
  const library = splitPath(meta).folder;
  return {
    ...distribution,
    id: `/${path}`,
    group: library,
    file,
    packlist: packlists.get(`${library}\0${distribution.module}`),
    folders: [folder],
    licenses: more?.licenses ?? [],
    needs: more?.needs ?? [],
    abstract: more?.abstract,
  };
}

/** Only a module's name and files are known; the version stands in `perllocal.pod`, of the same library or of a folder above. */
function fromPacklist(file: CapturedFile, key: string, versions: ReadonlyMap<string, string>): Found {
  const [library = '', module = ''] = key.split('\0');
  return {
    id: `/${file.entry.path}`,
    name: module.replaceAll('::', '-'),
    version: versions.get(`${library}\0${module}`) ?? versions.get(`\0${module}`),
    author: undefined,
    module,
    provides: [module],
    group: library,
    file,
    packlist: file,
    folders: [],
    licenses: [],
    needs: [],
    abstract: undefined,
  };
}

function withoutVersion({ file, module }: Found): CatalogNote {
  return {
    kind: 'known-unknown',
    code: 'version-unknown',
    message: `no record tells the version of the Perl module ${module}`,
    path: `/${file.entry.path}`,
    source: 'cpan',
    facts: { name: module },
  };
}

/** Modules are what is asked for; a distribution provides some. */
function providers(found: readonly Found[]): (group: string, module: string) => Named | undefined {
  const modules = found.flatMap(({ id, group, module, provides }) =>
    [...new Set([module, ...provides])].map((name): Named => ({ id, group, name })),
  );
  return createFinder(modules);
}

interface Surroundings {
  readonly find: (group: string, name: string) => Named | undefined;
  readonly paths: OwnedPaths | undefined;
}

function toPackage(view: FileView, item: Found, { find, paths }: Surroundings): Package {
  const listed = item.packlist === undefined ? [] : [item.packlist.entry.path, ...packlistFiles(item.packlist)];
  const files = paths?.onDisk(listed) ?? [];
  const isRecord = item.folders.length > 0;
  return {
    type: 'cpan',
    ...optional('namespace', item.author),
    name: item.name,
    ...optional('version', item.version),
    // a purl of CPAN names the author
    ...(item.author === undefined ? { purlKnown: false } : {}),
    locations: [locationOf(item.file)],
    foundBy: 'cpan',
    evidence: [
      isRecord
        ? { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'install.json' }
        : { field: 'name', technique: 'filename', confidence: 0.8, value: '.packlist' },
    ],
    licenses: item.licenses.map((value) => ({ value })),
    ...optional('description', item.abstract),
    ...directoriesOf(view, item.folders),
    ...(files.length === 0 ? {} : { files }),
    id: item.id,
    dependsOn: edgesTo(item, item.needs, find),
  };
}

/** One path a line, after which ` type=link from=...` may follow. */
function packlistFiles({ bytes, entry }: CapturedFile): readonly string[] {
  const base = splitPath(entry.path).folder;
  return decodeText(bytes)
    .split('\n')
    .map((line) => line.replace(/ \w+=.*$/, '').trim())
    .filter((path) => path !== '' && !path.split('/').includes('..'))
    .map((path) => (path.startsWith('/') ? path : pathIn(base, path)));
}
