import { distroQualifier, type Diagnostic, type Distribution, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { detectDistribution } from './distribution.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { licenseClaims } from './license-field.ts';
import { namedEdges } from './named-edges.ts';
import { opkgAlternatives, opkgFiles, readOpkgDatabases, type OpkgDatabase, type OpkgRecord } from './opkg-database.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

const MiB = 1024 * 1024;
const SOURCE = 'opkg';
const ARCHITECTURE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Packages in opkg's database: OpenWrt, Yocto and what is made with them. */
export const opkgCataloger: Cataloger = {
  id: SOURCE,
  title: 'opkg packages',
  version: 2,
  specifications: [
    'https://openwrt.org/docs/guide-user/additional-software/opkg',
    'https://git.yoctoproject.org/opkg/tree/README',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/opkg-definition.md',
  ],
  statement: {
    packageTypes: ['opkg'],
    reads: ['lib/opkg/status', 'lib/opkg/info/*.control', 'lib/opkg/info/*.list'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'opkg/status', pathSuffixes: ['lib/opkg/status'], maxBytes: 64 * MiB },
    {
      id: 'opkg/info',
      directories: ['lib/opkg/info'],
      exceptSuffixes: ['.preinst', '.postinst', '.prerm', '.postrm', '.conffiles', '.postinst-pkg', '.prerm-pkg'],
      maxBytes: 16 * MiB,
    },
  ],
  catalog,
};

/** What all packages of one database share. */
interface Shared {
  readonly context: CatalogContext;
  readonly database: OpkgDatabase;
  readonly owned: OwnedPaths;
  readonly distribution: Distribution | undefined;
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages = readOpkgDatabases(context.view, diagnostics).flatMap((database) =>
    databasePackages(context, database, diagnostics),
  );
  return { packages, diagnostics };
}

function databasePackages(
  context: CatalogContext,
  database: OpkgDatabase,
  diagnostics: Diagnostic[],
): readonly Package[] {
  const { root, records, folder } = database;
  // a root inside the image has an operating system of its own
  const distribution = root === '' ? context.distribution : detectDistribution(context.view, root).distribution;
  const budget = new EdgeBudget();
  const edges = namedEdges(
    records.map(({ name, fields }) => ({
      name,
      provides: relationNames(fields.get('provides'), budget),
      needs: relationNames(`${fields.get('pre-depends') ?? ''},${fields.get('depends') ?? ''}`, budget),
    })),
    budget,
  );
  if (budget.isSpent) {
    const message = 'has more dependencies than any real database; those beyond the limit are missing';
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path: `/${folder}`, source: SOURCE });
  }
  const shared: Shared = { context, database, owned: createOwnedPaths(context.view, root), distribution };
  return records.map((record, index) =>
    toPackage(shared, record, (edges[index] ?? []).map((target) => `${folder} ${records[target]!.name}`).toSorted()),
  );
}

function toPackage(shared: Shared, record: OpkgRecord, dependsOn: readonly string[]): Package {
  const { context, database, distribution, owned } = shared;
  const { fields, entry } = record;
  const architecture = fields.get('architecture');
  const supplier = parseMaintainer(fields.get('maintainer'));
  const description = summaryOf(fields.get('description'));
  const homepage = homepageOf(fields.get('homepage') ?? fields.get('url'));
  const listed = opkgFiles(context.view, database, record);
  const list = context.view.resolve(`${database.folder}/info/${record.name}.list`);
  const links = opkgAlternatives(context.view, database, record);
  const files = listed === undefined && links.length === 0 ? undefined : [...(listed ?? []), ...links];
  const configFiles = owned.onDisk(conffiles(fields.get('conffiles')));
  const status = fields.get('status');
  return {
    type: 'opkg',
    ...(distribution === undefined ? {} : { namespace: distribution.id }),
    name: record.name,
    ...(record.version === undefined ? {} : { version: record.version }),
    qualifiers: {
      ...(architecture !== undefined && ARCHITECTURE.test(architecture) ? { arch: architecture } : {}),
      ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    },
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    // status is written whole by every layer, the list of files by the one that installs the package
    ...(list !== undefined && list.layer >= 0 && list.layer !== entry.layer ? { introducedLayer: list.layer } : {}),
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `stanza in /${entry.path}` }],
    licenses: licenseClaims(fields.get('license')),
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(files === undefined ? {} : { files: owned.onDisk(files) }),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    ...(status === undefined || status.endsWith(' installed') ? {} : { properties: { 'opkg:status': status } }),
    id: `${database.folder} ${record.name}`,
    dependsOn,
  };
}

/** `a (>= 1), b | c`: all names, alternatives or not. */
function* relationNames(field = '', budget: EdgeBudget): Generator<string> {
  for (let start = 0; start < field.length && budget.take(1);) {
    let end = start;
    while (end < field.length && field[end] !== ',' && field[end] !== '|') end++;
    const name = /^[A-Za-z0-9][A-Za-z0-9+._-]{0,255}/.exec(field.slice(start, end).trim())?.[0];
    if (name !== undefined) yield name;
    start = end + 1;
  }
}

/** ` /etc/x MD5`, one on each line. */
function conffiles(field = ''): readonly string[] {
  return field.split('\n').flatMap((line) => {
    const match = /^\s*(\/.*?)(?: [0-9a-f]{32,64})?$/.exec(line);
    return match === null ? [] : [match[1]!];
  });
}
