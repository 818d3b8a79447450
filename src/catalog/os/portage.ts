import type { Diagnostic, Package, RecordedFile } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { namedEdges } from './named-edges.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import {
  portageContents,
  portageField,
  readPortageDatabases,
  type PortageDatabase,
  type PortageRecord,
} from './portage-database.ts';
import { portageAtoms } from './portage-dependencies.ts';
import { portageLicenses } from './portage-license.ts';
import { recordedLink, recordedOnDisk } from './recorded-paths.ts';
import { homepageOf, summaryOf } from './supplier.ts';

const MiB = 1024 * 1024;
const SOURCE = 'portage';
const FIELDS: readonly string[] = ['PF', 'LICENSE', 'SLOT', 'repository', 'RDEPEND', 'DESCRIPTION', 'HOMEPAGE'];
const inPackage = (names: readonly string[]): readonly string[] => names.map((name) => `db/pkg/*/*/${name}`);

/** Packages in portage's database: Gentoo and what descends from it. */
export const portageCataloger: Cataloger = {
  id: SOURCE,
  title: 'Gentoo packages',
  version: 3,
  specifications: [
    'https://projects.gentoo.org/pms/8/pms.html',
    'https://wiki.gentoo.org/wiki//var/db/pkg',
    'https://github.com/package-url/purl-spec',
  ],
  statement: {
    packageTypes: ['ebuild'],
    reads: inPackage(['CONTENTS', ...FIELDS]),
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'portage/contents', pathSuffixes: inPackage(['CONTENTS']), maxBytes: 64 * MiB },
    { id: 'portage/fields', pathSuffixes: inPackage(FIELDS), maxBytes: MiB },
  ],
  digests: osDigests('md5', SIGNS.dpkg, SIGNS.apk, SIGNS.rpm),
  catalog,
};

/** What all packages of one database share. */
interface Shared {
  readonly context: CatalogContext;
  readonly owned: OwnedPaths;
  readonly diagnostics: Diagnostic[];
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages = readPortageDatabases(context.view, diagnostics).flatMap((database) =>
    databasePackages(context, database, diagnostics),
  );
  return { packages, diagnostics };
}

function databasePackages(
  context: CatalogContext,
  database: PortageDatabase,
  diagnostics: Diagnostic[],
): readonly Package[] {
  const { view } = context;
  const { records, root, folder } = database;
  const budget = new EdgeBudget();
  const edges = namedEdges(
    records.map((record) => ({
      name: `${record.category}/${record.name}`,
      provides: [],
      needs: portageAtoms(portageField(view, record, 'RDEPEND') ?? '', budget),
    })),
    budget,
  );
  if (budget.isSpent) {
    const message = 'has more dependencies than any real database; those beyond the limit are missing';
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path: `/${folder}`, source: SOURCE });
  }
  const shared: Shared = { context, owned: createOwnedPaths(view, root), diagnostics };
  return records.map((record, index) =>
    toPackage(shared, record, (edges[index] ?? []).map((target) => records[target]!.folder).toSorted()),
  );
}

function toPackage(shared: Shared, record: PortageRecord, dependsOn: readonly string[]): Package {
  const { context, owned } = shared;
  const { view } = context;
  const { entry } = record;
  const contents = portageContents(view, record, shared.diagnostics);
  const description = summaryOf(portageField(view, record, 'DESCRIPTION'));
  const homepage = homepageOf(portageField(view, record, 'HOMEPAGE')?.split(/\s/, 1)[0]);
  const properties = propertiesOf(shared, record);
  const files = contents?.filter(({ kind }) => kind !== 'dir').map(({ path }) => path);
  const configFiles = owned.onDisk(files?.filter(isProtected) ?? []);
  const recorded = new Map<string, RecordedFile>();
  for (const { path, md5, target } of context.recordedFiles === true ? (contents ?? []) : []) {
    const link = target === undefined ? undefined : recordedLink(target);
    if (md5 !== undefined) recorded.set(path, { algorithm: 'md5', hex: md5 });
    else if (link !== undefined) recorded.set(path, link);
  }
  return {
    type: 'ebuild',
    namespace: record.category,
    name: record.name,
    ...(record.version === undefined ? {} : { version: record.version }),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `folder /${record.folder}` }],
    licenses: portageLicenses(portageField(view, record, 'LICENSE')),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(files === undefined ? {} : { files: owned.onDisk(files) }),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    ...(context.recordedFiles === true ? { recordedFiles: recordedOnDisk(owned, recorded) } : {}),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: record.folder,
    dependsOn,
  };
}

/** What portage by its defaults (CONFIG_PROTECT and its mask) does not overwrite. */
function isProtected(path: string): boolean {
  return path.startsWith('/etc/') && !path.startsWith('/etc/env.d/');
}

function propertiesOf(shared: Shared, record: PortageRecord): Readonly<Record<string, string>> {
  const { view } = shared.context;
  const slot = portageField(view, record, 'SLOT');
  const repository = portageField(view, record, 'repository');
  return {
    ...(slot !== undefined && /^[A-Za-z0-9+_./=-]{1,100}$/.test(slot) ? { 'ebuild:slot': slot } : {}),
    ...(repository !== undefined && /^[A-Za-z0-9_-]{1,100}$/.test(repository)
      ? { 'ebuild:repository': repository }
      : {}),
  };
}
