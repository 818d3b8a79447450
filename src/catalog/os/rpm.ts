import type { FileView } from '../../filesystem/index.ts';
import {
  distroQualifier,
  type Diagnostic,
  type Distribution,
  type LicenseClaim,
  type Package,
  type RecordedFile,
  type Supplier,
} from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { detectDistribution, isDebianLike } from './distribution.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { EdgeBudget } from '../edge-budget.ts';
import { keyFileNotes, type KeyPlaces } from './key-files.ts';
import { licenseText } from './license-field.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import { recordedOnDisk } from './recorded-paths.ts';
import { readRpmInstallations, RPM_CAPTURES, RPM_READS, type RpmInstallation } from './rpm-databases.ts';
import { rpmDependencies } from './rpm-dependencies.ts';
import { rpmKeyNote } from './rpm-keys.ts';
import type { RpmRecord } from './rpm-record.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

/** Packages in rpm's database: Red Hat, Fedora, SUSE, Amazon Linux, Azure Linux, and what descends from them. */
export const rpmCataloger: Cataloger = {
  id: 'rpm',
  title: 'RPM packages',
  version: 4,
  specifications: [
    'https://rpm-software-management.github.io/rpm/manual/tags.html',
    'https://rpm-software-management.github.io/rpm/manual/hregions.html',
    'https://www.sqlite.org/fileformat2.html',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/rpm-definition.md',
  ],
  statement: {
    packageTypes: ['rpm'],
    reads: RPM_READS,
    licenses: true,
    dependencies: true,
    files: true,
    fileDigests: true,
  },
  captures: RPM_CAPTURES,
  digests: osDigests('sha256', SIGNS.dpkg, SIGNS.apk),
  catalog,
};

/** Where there are any, rpm does not ask its database for keys. */
const RPM_KEYS: KeyPlaces = {
  folders: ['var/lib/rpm/pubkeys', 'usr/lib/sysimage/rpm/pubkeys', 'usr/share/rpm/pubkeys'],
  name: /\.key$/,
  code: 'rpm-keyring',
  manager: 'rpm',
  source: 'rpm',
};

/** What all packages of one installation share. */
interface Shared {
  readonly installation: RpmInstallation;
  /** Only where rpm is at home: elsewhere no namespace is known. */
  readonly distribution: Distribution | undefined;
  /** Whose packages most are. */
  readonly mainVendor: string | undefined;
}

/** What of a package the view tells, not its record. */
interface Found {
  readonly files: readonly string[];
  readonly configFiles: readonly string[];
  readonly recorded: ReadonlyMap<string, RecordedFile> | undefined;
  readonly dependsOn: readonly string[];
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const installations = readRpmInstallations(context.view, diagnostics, context.recordedFiles === true);
  return {
    packages: installations.flatMap((installation) => installedPackages(context, installation, diagnostics)),
    diagnostics,
    notes: [
      ...installations.flatMap(({ keys, entry }) => keys.map((key) => rpmKeyNote(key, `/${entry.path}`))),
      ...keyFileNotes(context.view, RPM_KEYS),
    ],
  };
}

function installedPackages(
  context: CatalogContext,
  installation: RpmInstallation,
  diagnostics: Diagnostic[],
): readonly Package[] {
  const { view } = context;
  const { root, records, entry } = installation;
  // a root inside the image has an operating system of its own
  const found = root === '' ? context.distribution : detectDistribution(view, root).distribution;
  const distribution = found !== undefined && isRpmHome(found) ? found : undefined;
  const owned = createOwnedPaths(view, root);
  const files = records.map(({ installed }) => owned.onDisk(installed));
  const budget = new EdgeBudget();
  const canonical = (path: string): string => canonicalPath(view, root, path);
  const dependencies = rpmDependencies({ records, files, canonical, budget });
  if (budget.isSpent) {
    const message = 'has more dependencies than any real database; those beyond the limit are missing';
    diagnostics.push({
      code: 'database-too-large',
      severity: 'error',
      message,
      path: `/${entry.path}`,
      source: 'rpm',
    });
  }
  const mainVendor = mainVendorOf(records);
  return records.map((record, index) =>
    toPackage({ installation, distribution, mainVendor }, index, {
      files: files[index]!,
      configFiles: owned.onDisk(record.configuration),
      recorded: record.recorded === undefined ? undefined : recordedOf(owned, record, record.recorded),
      dependsOn: dependencies[index]!.map((target) => idOf(installation, target)).toSorted(),
    }),
  );
}

/** By where the files are or would be, without what is not verified, and what is missing and may be. */
function recordedOf(
  owned: OwnedPaths,
  { unverified = [], optional = [] }: RpmRecord,
  recorded: ReadonlyMap<string, RecordedFile>,
): ReadonlyMap<string, RecordedFile> {
  const absent = optional.filter((path) => owned.onDisk([path]).length === 0);
  const spared = new Set([...unverified, ...absent]);
  return recordedOnDisk(
    owned,
    spared.size === 0 ? recorded : new Map([...recorded].filter(([path]) => !spared.has(path))),
  );
}

function toPackage(shared: Shared, index: number, found: Found): Package {
  const { installation, distribution } = shared;
  const { entry, kind } = installation;
  const record = installation.records[index]!;
  const supplier = supplierOf(record.vendor);
  const description = summaryOf(record.summary);
  const homepage = homepageOf(record.url);
  const properties = propertiesOf(shared, record);
  return {
    type: 'rpm',
    ...(distribution === undefined ? { purlKnown: false } : { namespace: namespaceOf(distribution) }),
    name: record.name,
    ...(record.version === undefined ? {} : { version: record.version }),
    qualifiers: qualifiersOf(record, distribution),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: 'rpm',
    evidence: [
      {
        field: 'purl',
        technique: 'manifest-analysis',
        confidence: 1,
        value: `${kind === 'database' ? 'header' : 'line'} in /${entry.path}`,
      },
    ],
    licenses: licensesOf(record.license),
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(record.listed === undefined ? {} : { files: found.files }),
    ...(found.configFiles.length === 0 ? {} : { configFiles: found.configFiles }),
    ...(found.recorded === undefined ? {} : { recordedFiles: found.recorded }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: idOf(installation, index),
    dependsOn: found.dependsOn,
  };
}

function propertiesOf(shared: Shared, record: RpmRecord): Readonly<Record<string, string>> {
  const { modularityLabel, vendor } = record;
  const isForeign =
    vendor !== undefined &&
    shared.distribution !== undefined &&
    vendor !== shared.mainVendor &&
    !SYSTEM_VENDORS.some((name) => vendor.startsWith(name));
  return {
    ...(modularityLabel === undefined ? {} : { 'rpm:modularitylabel': modularityLabel }),
    ...(isForeign ? { 'rpm:third-party': 'true' } : {}),
  };
}

/** Whose packages are a system's own, by the start of Vendor. */
const SYSTEM_VENDORS: readonly string[] = [
  'AlmaLinux',
  'Amazon Linux',
  'Amazon.com',
  'CentOS',
  'CloudLinux',
  'Fedora Project',
  'Microsoft Corporation',
  'Oracle America',
  'Red Hat',
  'Rocky',
  'SUSE',
  'VMware',
  'openSUSE',
];

/** The vendor of more packages than any other's: that of a system which is not in the list above. */
function mainVendorOf(records: readonly RpmRecord[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { vendor } of records) if (vendor !== undefined) counts.set(vendor, (counts.get(vendor) ?? 0) + 1);
  const [first] = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return first?.[0];
}

/** Several versions of one package can be installed, so the place in the database tells them apart. */
function idOf(installation: RpmInstallation, index: number): string {
  return `${installation.entry.path} ${String(index).padStart(6, '0')}`;
}

function qualifiersOf(record: RpmRecord, distribution: Distribution | undefined): Readonly<Record<string, string>> {
  const { architecture, epoch, modularityLabel, sourceRpm } = record;
  return {
    ...(architecture === undefined ? {} : { arch: architecture }),
    ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    ...(epoch === undefined ? {} : { epoch: String(epoch) }),
    ...(modularityLabel === undefined ? {} : { rpmmod: modularityLabel }),
    ...(sourceRpm === undefined ? {} : { upstream: sourceRpm }),
  };
}

/** Vendors as the purls of advisories name them, where that is not the ID in os-release. */
function namespaceOf({ id }: Distribution): string {
  if (id === 'rhel' || id === 'hummingbird') return 'redhat';
  return id.startsWith('opensuse') ? 'opensuse' : id;
}

const FOREIGN: ReadonlySet<string> = new Set(['alpine', 'wolfi', 'chainguard', 'arch']);

/** Debian or Alpine are no home of rpm: there its packages come from elsewhere and have no namespace that is known. */
function isRpmHome(distribution: Distribution): boolean {
  const ids = [distribution.id, ...distribution.idLike];
  return !isDebianLike(distribution) && !ids.some((id) => FOREIGN.has(id));
}

/** `SUSE LLC <https://www.suse.com/>`, `Fedora Project`. */
function supplierOf(vendor: string | undefined): Supplier | undefined {
  const match = /^([^<>]{1,512})<([^<>]{1,2048})>$/.exec(vendor ?? '');
  const name = match?.[1]?.trim() ?? '';
  const url = homepageOf(match?.[2]);
  return name !== '' && url !== undefined ? { name, url } : parseMaintainer(vendor);
}

/** One statement: SPDX in new packages, rpm's own short names in old ones, Yocto's operators in its packages. */
function licensesOf(license: string | undefined): readonly LicenseClaim[] {
  const value = licenseText(license);
  return value === undefined ? [] : [{ value }];
}

/** A path with the links of its parents followed, inside the root. */
function canonicalPath(view: FileView, root: string, path: string): string {
  const slash = path.lastIndexOf('/');
  const folder = view.resolve(`${root}${path.slice(0, slash)}`.replace(/^\//, ''))?.path;
  if (folder === undefined) return path;
  return folder === '' ? path.slice(slash) : `/${folder}${path.slice(slash)}`;
}
