import { distroQualifier, type Diagnostic, type Distribution, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { detectDistribution } from './distribution.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { namedEdges } from './named-edges.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import {
  manifestBudget,
  pacmanDigests,
  pacmanFiles,
  readPacmanDatabases,
  type PacmanDatabase,
  type PacmanRecord,
  type ManifestBudget,
} from './pacman-database.ts';
import { recordedOnDisk } from './recorded-paths.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

const MiB = 1024 * 1024;
const SOURCE = 'pacman';
const ARCHITECTURE = /^[A-Za-z0-9_-]{1,64}$/;
const NAME = /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,255}$/;

/** pacman's folder, or SteamOS's. */
const inFolders = (names: readonly string[]): readonly string[] =>
  ['pacman', 'pacmandb'].flatMap((folder) => names.map((name) => `${folder}/local/*/${name}`));

/** Packages in pacman's local database: Arch Linux and what descends from it, MSYS2. */
export const pacmanCataloger: Cataloger = {
  id: SOURCE,
  title: 'Arch packages',
  version: 2,
  specifications: [
    'https://man.archlinux.org/man/pacman.8',
    'https://man.archlinux.org/man/PKGBUILD.5',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/alpm-definition.md',
  ],
  statement: {
    packageTypes: ['alpm'],
    reads: inFolders(['desc', 'files', 'mtree']),
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'pacman/desc', pathSuffixes: inFolders(['desc']), maxBytes: MiB },
    { id: 'pacman/files', pathSuffixes: inFolders(['files', 'mtree']), maxBytes: 32 * MiB },
  ],
  digests: osDigests('sha256', SIGNS.dpkg, SIGNS.apk, SIGNS.rpm),
  catalog,
};

/** What all packages of one database share. */
interface Shared {
  readonly context: CatalogContext;
  readonly owned: OwnedPaths;
  readonly distribution: Distribution | undefined;
  readonly diagnostics: Diagnostic[];
  readonly manifests: ManifestBudget;
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const reading = { context, diagnostics, manifests: manifestBudget() };
  const packages = readPacmanDatabases(context.view, diagnostics).flatMap((database) =>
    databasePackages(reading, database),
  );
  return { packages, diagnostics };
}

function databasePackages(
  reading: Pick<Shared, 'context' | 'diagnostics' | 'manifests'>,
  database: PacmanDatabase,
): readonly Package[] {
  const { context, diagnostics } = reading;
  const { view } = context;
  const { root, records } = database;
  // a root inside the image has an operating system of its own
  const distribution = root === '' ? context.distribution : detectDistribution(view, root).distribution;
  const budget = new EdgeBudget();
  const edges = namedEdges(
    records.map(({ name, sections }) => ({
      name,
      provides: names(sections.get('PROVIDES')),
      needs: names(sections.get('DEPENDS')),
    })),
    budget,
  );
  if (budget.isSpent) {
    const message = 'has more dependencies than any real database; those beyond the limit are missing';
    const path = `/${records[0]?.folder ?? root}`;
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path, source: SOURCE });
  }
  const shared: Shared = { ...reading, owned: createOwnedPaths(view, root), distribution };
  return records.map((record, index) =>
    toPackage(shared, record, (edges[index] ?? []).map((target) => idOf(records[target]!)).toSorted()),
  );
}

function toPackage(shared: Shared, record: PacmanRecord, dependsOn: readonly string[]): Package {
  const { context, distribution, owned } = shared;
  const { sections, entry } = record;
  const first = (name: string): string | undefined => sections.get(name)?.[0];
  const supplier = first('PACKAGER') === 'Unknown Packager' ? undefined : parseMaintainer(first('PACKAGER'));
  const description = summaryOf(first('DESC'));
  const homepage = homepageOf(first('URL'));
  const files = pacmanFiles(context.view, record);
  const configFiles = owned.onDisk(files?.configuration ?? []);
  const recordedFiles = context.recordedFiles === true ? pacmanDigests(context.view, record, shared) : undefined;
  return {
    type: 'alpm',
    ...(distribution === undefined ? { purlKnown: false } : { namespace: distribution.id }),
    name: record.name,
    ...(record.version === undefined ? {} : { version: record.version }),
    qualifiers: qualifiersOf(record, distribution),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `record in /${entry.path}` }],
    licenses: [...new Set(sections.get('LICENSE') ?? [])]
      .toSorted()
      .map((value) => ({ value: value.trim().slice(0, 1024) })),
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(files === undefined ? {} : { files: owned.onDisk(files.listed) }),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    ...(recordedFiles === undefined ? {} : { recordedFiles: recordedOnDisk(owned, recordedFiles) }),
    // 1: installed because another package needs it
    ...(first('REASON') === '1' ? { properties: { 'alpm:reason': 'dependency' } } : {}),
    id: idOf(record),
    dependsOn,
  };
}

function qualifiersOf(record: PacmanRecord, distribution: Distribution | undefined): Readonly<Record<string, string>> {
  const arch = record.sections.get('ARCH')?.[0];
  const base = record.sections.get('BASE')?.[0];
  return {
    ...(arch !== undefined && ARCHITECTURE.test(arch) ? { arch } : {}),
    ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    ...(base !== undefined && base !== record.name && NAME.test(base) ? { upstream: base } : {}),
  };
}

/** `glibc>=2.38`, `libz.so=1-64`: names. */
function names(lines: readonly string[] = []): readonly string[] {
  return lines.map((line) => line.trim().replace(/[<>=].*$/s, '')).filter((name) => name !== '');
}

function idOf(record: PacmanRecord): string {
  return record.folder;
}
