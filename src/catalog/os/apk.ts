import type { CapturedFile } from '../../filesystem/index.ts';
import {
  distroQualifier,
  OS_DATABASE_FOLDERS,
  type Diagnostic,
  type Distribution,
  type Package,
  type RecordedFile,
} from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { apkDependencies, parseApkInstalled, type ApkRecord } from './apk-database.ts';
import { detectDistribution, isDebianLike } from './distribution.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { keyFileNotes, type KeyPlaces } from './key-files.ts';
import { licenseClaims } from './license-field.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

const MiB = 1024 * 1024;
/** Of all databases of an image together: no more packages are taken from one cataloger. */
const MAX_RECORDS = 100_000;
const NAME = /^[A-Za-z0-9._][A-Za-z0-9._+-]{0,255}$/;
const VERSION = /^[A-Za-z0-9._~+-]{1,255}$/;
const ARCHITECTURE = /^[A-Za-z0-9_-]{1,64}$/;

const PLACES: readonly string[] = OS_DATABASE_FOLDERS.apk.map((folder) => `${folder}/installed`);

/** Packages in apk's database: Alpine, Wolfi, Chainguard. */
export const apkCataloger: Cataloger = {
  id: 'apk',
  title: 'Alpine packages',
  version: 3,
  specifications: [
    'https://wiki.alpinelinux.org/wiki/Apk_spec',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/apk-definition.md',
  ],
  statement: {
    packageTypes: ['apk'],
    reads: PLACES,
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: [{ id: 'apk/installed', pathSuffixes: ['lib/apk/db/installed'], maxBytes: 64 * MiB }],
  digests: osDigests('sha1', SIGNS.dpkg, SIGNS.rpm),
  catalog,
};

const APK_KEYS: KeyPlaces = {
  folders: ['etc/apk/keys', 'lib/apk/keys', 'usr/lib/apk/keys'],
  name: /\.pub$/,
  code: 'apk-public-key',
  manager: 'apk',
  source: 'apk',
};

/** What all packages of one database share. */
interface DatabaseContext {
  readonly file: CapturedFile;
  readonly distribution: Distribution | undefined;
  readonly owned: OwnedPaths;
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages: Package[] = [];
  diagnostics.push(...uncapturedDatabases(context.view, PLACES, { source: 'apk', ruleIds: ['apk/installed'] }));
  const files = context.view.captured('apk/installed');
  const isOwn = ({ entry }: CapturedFile): boolean => rootOf(context.view, entry.path, PLACES) === '';
  // a flood elsewhere must not hide the image's own packages
  for (const file of [...files.filter(isOwn), ...files.filter((each) => !isOwn(each))]) {
    const maxRecords = Math.max(0, MAX_RECORDS - packages.length);
    for (const pkg of databasePackages(context, file, { diagnostics, maxRecords })) packages.push(pkg);
  }
  return { packages, diagnostics, notes: keyFileNotes(context.view, APK_KEYS) };
}

function databasePackages(
  context: CatalogContext,
  file: CapturedFile,
  options: { readonly diagnostics: Diagnostic[]; readonly maxRecords: number },
): readonly Package[] {
  const { diagnostics, maxRecords } = options;
  const { view } = context;
  const root = rootOf(view, file.entry.path, PLACES);
  // a root inside the image has an operating system of its own
  const found = root === '' ? context.distribution : detectDistribution(view, root).distribution;
  const distribution = found !== undefined && isApkHome(found) ? found : undefined;
  const shared: DatabaseContext = { file, distribution, owned: createOwnedPaths(view, root) };
  const {
    records: all,
    problems,
    truncated,
  } = parseApkInstalled(file.bytes, {
    digests: context.recordedFiles === true,
    maxRecords,
  });
  const path = `/${file.entry.path}`;
  for (const { line, text } of problems) {
    const message = `line ${line} is not of the form X:value: ${JSON.stringify(text)}`;
    diagnostics.push({ code: 'malformed-stanza', severity: 'warning', message, path, source: 'apk' });
  }
  const records = uniqueRecords(all, path, diagnostics);
  const budget = new EdgeBudget();
  const dependencies = apkDependencies(records, budget);
  if (truncated || budget.isSpent) {
    const message = 'is larger than any real database; packages, files or dependencies beyond the limit are missing';
    diagnostics.push({ code: 'database-too-large', severity: 'error', message, path, source: 'apk' });
  }
  return records.map((record, index) => {
    const dependsOn = dependencies[index]!.map((target) => idOf(file, records[target]!)).toSorted();
    return toPackage(shared, record, dependsOn);
  });
}

/** Records that name a package, one for each name: apk installs only one version of it. */
function uniqueRecords(records: readonly ApkRecord[], path: string, diagnostics: Diagnostic[]): readonly ApkRecord[] {
  const report = (code: string, message: string): void => {
    diagnostics.push({ code, severity: 'warning', message, path, source: 'apk' });
  };
  const unique = new Map<string, ApkRecord>();
  for (const record of records) {
    const name = record.fields.get('P') ?? '';
    const version = record.fields.get('V');
    if (!NAME.test(name)) {
      const reason = name === '' ? 'no name' : `a name that cannot be one: ${JSON.stringify(name.slice(0, 80))}`;
      report('malformed-stanza', `line ${record.line}: the paragraph has ${reason}; the package is missing`);
      continue;
    }
    if (version === undefined || !VERSION.test(version)) {
      report('version-unknown', `line ${record.line}: ${name} has no version that can be one`);
    }
    if (unique.has(name)) report('duplicate-package', `line ${record.line}: ${name} stands twice; the last counts`);
    unique.set(name, record);
  }
  return [...unique.values()];
}

function toPackage(shared: DatabaseContext, record: ApkRecord, dependsOn: readonly string[]): Package {
  const { fields } = record;
  const { entry } = shared.file;
  const name = fields.get('P') ?? '';
  const version = fields.get('V');
  // made by `apk add --virtual`: a row of the database that no repository has
  const isVirtual = name.startsWith('.');
  const { distribution } = shared;
  const supplier = parseMaintainer(fields.get('m'));
  const homepage = homepageOf(fields.get('U'));
  const description = summaryOf(fields.get('T'));
  const properties = propertiesOf(fields, isVirtual);
  const configFiles = shared.owned.onDisk(record.files.filter(isProtected));
  const recorded = recordedOf(shared, record);
  return {
    type: 'apk',
    ...(distribution === undefined ? {} : { namespace: distribution.id }),
    ...(distribution === undefined || isVirtual ? { purlKnown: false } : {}),
    name,
    ...(version !== undefined && VERSION.test(version) ? { version } : {}),
    qualifiers: qualifiersOf(fields, name, distribution),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: 'apk',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `paragraph in /${entry.path}` }],
    licenses: licenseClaims(fields.get('L')),
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    files: shared.owned.onDisk(record.files),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    ...(recorded.size === 0 ? {} : { recordedFiles: recorded }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: idOf(shared.file, record),
    dependsOn,
  };
}

function recordedOf({ owned }: DatabaseContext, record: ApkRecord): ReadonlyMap<string, RecordedFile> {
  const recorded = new Map<string, RecordedFile>();
  for (const [path, digest] of record.recorded) {
    const place = owned.locate(path);
    if (place !== undefined) recorded.set(place, digest);
  }
  return recorded;
}

/** What apk by its defaults does not overwrite once it was changed. */
function isProtected(path: string): boolean {
  return path.startsWith('etc/') && !path.startsWith('etc/apk/') && !path.startsWith('etc/init.d/');
}

function qualifiersOf(
  fields: ReadonlyMap<string, string>,
  name: string,
  distribution: Distribution | undefined,
): Readonly<Record<string, string>> {
  const arch = fields.get('A');
  const origin = fields.get('o');
  return {
    ...(arch !== undefined && ARCHITECTURE.test(arch) ? { arch } : {}),
    ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    ...(origin !== undefined && origin !== name && NAME.test(origin) ? { upstream: origin } : {}),
  };
}

function propertiesOf(fields: ReadonlyMap<string, string>, isVirtual: boolean): Readonly<Record<string, string>> {
  const commit = fields.get('c');
  const checksum = fields.get('C');
  return {
    // digest of the package's control segment, not of anything on disk
    ...(checksum !== undefined && /^Q[12][A-Za-z0-9+/]+=*$/.test(checksum) ? { 'apk:checksum': checksum } : {}),
    ...(commit !== undefined && /^[0-9a-f]{7,64}(?:-dirty)?$/.test(commit) ? { 'apk:commit': commit } : {}),
    ...(isVirtual ? { 'apk:virtual': 'true' } : {}),
  };
}

/** Debian or Red Hat are no home of apk: there its packages come from elsewhere and have no namespace that is known. */
function isApkHome(distribution: Distribution): boolean {
  const ids = [distribution.id, ...distribution.idLike];
  return !isDebianLike(distribution) && !ids.some((id) => id === 'rhel' || id === 'fedora' || id === 'suse');
}

function idOf(file: CapturedFile, record: ApkRecord): string {
  return `${file.entry.path} ${record.fields.get('P') ?? ''}`;
}
