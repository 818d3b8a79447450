import { distroQualifier, type Diagnostic, type Distribution, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { createDebianLicenses } from './debian-licenses.ts';
import { detectDistribution, isDebianLike } from './distribution.ts';
import { readDpkgDatabases, type DpkgDatabase, type DpkgRecord } from './dpkg-database.ts';
import { dpkgDependencies } from './dpkg-dependencies.ts';
import { createDpkgFiles, readDpkgLists, type DpkgFiles, type DpkgLists } from './dpkg-files.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { keyFileNotes, type KeyPlaces } from './key-files.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

const MiB = 1024 * 1024;

/** dpkg's folder, or that of images whose /var is emptied. */
const inFolders = (names: readonly string[]): readonly string[] =>
  ['lib/dpkg', 'lib/sysimage/dpkg'].flatMap((folder) => names.map((name) => `${folder}/${name}`));

/** Packages in dpkg's database: Debian, Ubuntu, distroless. */
export const dpkgCataloger: Cataloger = {
  id: 'dpkg',
  title: 'Debian packages',
  version: 3,
  specifications: [
    'https://manpages.debian.org/bookworm/dpkg-dev/deb822.5.en.html',
    'https://manpages.debian.org/bookworm/dpkg/dpkg.1.en.html',
    'https://www.debian.org/doc/debian-policy/ch-relationships.html',
    'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md',
  ],
  statement: {
    packageTypes: ['deb'],
    reads: [
      ...inFolders(['status', 'updates/*', 'status.d/*', 'info/*.list', 'info/*.md5sums', 'diversions']),
      'usr/share/doc/*/copyright',
    ],
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'dpkg/status', pathSuffixes: inFolders(['status']), maxBytes: 64 * MiB },
    { id: 'dpkg/updates', directories: inFolders(['updates']), maxBytes: 4 * MiB },
    { id: 'dpkg/status-d', directories: inFolders(['status.d']), maxBytes: 4 * MiB },
    {
      id: 'dpkg/info',
      directories: inFolders(['info']),
      exceptSuffixes: [
        '.md5sums',
        '.conffiles',
        '.preinst',
        '.postinst',
        '.prerm',
        '.postrm',
        '.config',
        '.templates',
        '.shlibs',
        '.symbols',
        '.triggers',
      ],
      maxBytes: 16 * MiB,
    },
    { id: 'dpkg/diversions', pathSuffixes: inFolders(['diversions']), maxBytes: 4 * MiB },
    { id: 'dpkg/copyright', names: ['copyright'], maxBytes: 8 * MiB },
  ],
  recordCaptures: [{ id: 'dpkg/md5sums', suffixes: ['.md5sums'], maxBytes: 16 * MiB }],
  digests: osDigests('md5', SIGNS.apk, SIGNS.rpm),
  catalog,
};

/** Where apt looks for keys by itself, and where repositories' `signed-by` points by custom. */
const APT_KEYS: KeyPlaces = {
  folders: ['etc/apt', 'etc/apt/keyrings', 'etc/apt/trusted.gpg.d', 'usr/share/keyrings'],
  name: /\.(?:gpg|asc|pgp)$/,
  code: 'apt-keyring',
  manager: 'apt',
  source: 'dpkg',
};

/** What all packages of one database share. */
interface DatabaseContext {
  readonly database: DpkgDatabase;
  /** Only where the type `deb` is at home: elsewhere no namespace is known. */
  readonly distribution: Distribution | undefined;
  readonly licensesOf: ReturnType<typeof createDebianLicenses>;
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const lists = readDpkgLists(context.view, context.recordedFiles === true);
  const databases = readDpkgDatabases(context.view, diagnostics);
  return {
    packages: databases.flatMap((database) => databasePackages(context, { database, lists }, diagnostics)),
    diagnostics,
    notes: keyFileNotes(context.view, APT_KEYS),
  };
}

function databasePackages(
  context: CatalogContext,
  from: { readonly database: DpkgDatabase; readonly lists: DpkgLists },
  diagnostics: Diagnostic[],
): readonly Package[] {
  const { view } = context;
  const { database, lists } = from;
  // a root inside the image has an operating system of its own
  const found = database.root === '' ? context.distribution : detectDistribution(view, database.root).distribution;
  const distribution = found !== undefined && isDebianLike(found) ? found : undefined;
  const shared: DatabaseContext = { database, distribution, licensesOf: createDebianLicenses(view, database.root) };
  const filesOf = createDpkgFiles(view, database, lists);
  const budget = new EdgeBudget();
  const dependencies = dpkgDependencies(database.records, budget);
  if (budget.isSpent) {
    const message = 'has more dependencies than any real database; those beyond the limit are missing';
    const path = `/${database.folder}`;
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path, source: 'dpkg' });
  }
  return database.records.map((record, index) => {
    const dependsOn = dependencies[index]!.map((target) => idOf(database, database.records[target]!)).toSorted();
    return toPackage(shared, record, { files: filesOf(record), dependsOn });
  });
}

function toPackage(
  shared: DatabaseContext,
  record: DpkgRecord,
  found: { readonly files: DpkgFiles; readonly dependsOn: readonly string[] },
): Package {
  const { distribution, database } = shared;
  const { fields, entry } = record;
  const { files, configFiles, list, recorded } = found.files;
  const supplier = parseMaintainer(fields.get('maintainer'));
  const description = summaryOf(fields.get('description'));
  const homepage = homepageOf(fields.get('homepage'));
  const properties: Record<string, string> = {};
  if (record.status !== undefined) properties['deb:status'] = record.status;
  return {
    type: 'deb',
    ...(distribution === undefined ? { purlKnown: false } : { namespace: distribution.id }),
    name: record.name,
    ...(record.version === undefined ? {} : { version: record.version }),
    qualifiers: qualifiersOf(record, distribution),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    // the database is written whole by every layer, the list of files by the one that installs the package
    ...(list !== undefined && list.layer >= 0 && list.layer !== entry.layer ? { introducedLayer: list.layer } : {}),
    foundBy: 'dpkg',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `stanza in /${entry.path}` }],
    licenses: shared.licensesOf(record.name),
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(files === undefined ? {} : { files }),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    ...(recorded === undefined ? {} : { recordedFiles: recorded }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: idOf(database, record),
    dependsOn: found.dependsOn,
  };
}

function idOf(database: DpkgDatabase, record: DpkgRecord): string {
  return `${database.folder} ${record.name}:${record.architecture ?? ''}`;
}

function qualifiersOf(record: DpkgRecord, distribution: Distribution | undefined): Readonly<Record<string, string>> {
  const upstream = upstreamOf(record.fields.get('source'));
  return {
    ...(record.architecture === undefined ? {} : { arch: record.architecture }),
    ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    ...(upstream === undefined ? {} : { upstream }),
  };
}

/** `gcc-12 (12.2.0-14)` as `gcc-12@12.2.0-14`. */
function upstreamOf(source: string | undefined): string | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?:\s+\(([A-Za-z0-9.+:~_-]+)\))?$/.exec(source?.trim() ?? '');
  if (match === null) return undefined;
  return match[2] === undefined ? match[1] : `${match[1]}@${match[2]}`;
}
