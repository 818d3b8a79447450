import { isAppError, parseStrictJson, type JsonValue } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import { distroQualifier, type Diagnostic, type Distribution, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asObject } from '../language/json-fields.ts';
import { detectDistribution } from './distribution.ts';
import { rootOf } from './installation-root.ts';
import { rpmIdentity } from './rpm-record.ts';
import { homepageOf, parseMaintainer, summaryOf } from './supplier.ts';

const SOURCE = 'bottlerocket';
const INVENTORY = 'usr/share/bottlerocket/application-inventory.json';
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_PACKAGES = 100_000;

/** Packages of Bottlerocket, which are built as RPMs and installed without a database. */
export const bottlerocketCataloger: Cataloger = {
  id: SOURCE,
  title: 'Bottlerocket packages',
  version: 1,
  specifications: [
    'https://github.com/bottlerocket-os/bottlerocket',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/rpm-definition.md',
  ],
  statement: { packageTypes: ['rpm'], reads: [INVENTORY], licenses: false, dependencies: false, files: false },
  captures: [
    {
      id: 'bottlerocket/inventory',
      pathSuffixes: ['share/bottlerocket/application-inventory.json'],
      maxBytes: MAX_BYTES,
    },
  ],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages = context.view
    .captured('bottlerocket/inventory')
    .flatMap((file) => inventoryPackages(context, file, diagnostics));
  return { packages, diagnostics };
}

function inventoryPackages(context: CatalogContext, file: CapturedFile, diagnostics: Diagnostic[]): readonly Package[] {
  const { view } = context;
  const path = `/${file.entry.path}`;
  const report = (code: string, message: string): void => {
    diagnostics.push({ code, severity: 'warning', message, path, source: SOURCE });
  };
  const rows = rowsOf(file, (message) => report('malformed-inventory', message));
  const root = rootOf(view, file.entry.path, [INVENTORY]);
  const found = root === '' ? context.distribution : detectDistribution(view, root).distribution;
  const distribution = found?.id === 'bottlerocket' ? found : undefined;
  const packages = new Map<string, Package>();
  for (const [index, row] of rows.slice(0, MAX_PACKAGES).entries()) {
    const pkg = toPackage(row, file, distribution);
    if (pkg === undefined) report('malformed-inventory', `entry ${index} has no name that can be one; it is left out`);
    else {
      if (pkg.version === undefined) report('version-unknown', `${pkg.name} has no version that can be one`);
      packages.set(pkg.id, pkg);
    }
  }
  if (rows.length > MAX_PACKAGES) report('database-too-large', 'lists more packages than any real image has');
  return [...packages.values()];
}

function rowsOf(file: CapturedFile, report: (message: string) => void): readonly JsonValue[] {
  try {
    const document = parseStrictJson(file.bytes, 'the inventory', { maxBytes: MAX_BYTES });
    const content = asObject(document)?.['Content'];
    if (Array.isArray(content)) return content;
    report('has no Content; its packages are missing');
  } catch (error) {
    if (!isAppError(error)) throw error;
    report(`cannot be read, its packages are missing: ${error.message}`);
  }
  return [];
}

function toPackage(row: JsonValue, file: CapturedFile, distribution: Distribution | undefined): Package | undefined {
  const fields = asObject(row);
  if (fields === undefined) return undefined;
  const text = (key: string): string | undefined => {
    const value = fields[key];
    return typeof value === 'string' ? value : undefined;
  };
  const epochText = text('Epoch') ?? '';
  const identity = rpmIdentity({
    name: text('Name'),
    version: text('Version'),
    release: text('Release'),
    epoch: /^\d{1,10}$/.test(epochText) ? Number(epochText) : undefined,
    architecture: text('Architecture'),
    vendor: text('Publisher'),
    sourceRpm: undefined,
  });
  if (identity === undefined) return undefined;
  const { name, version, epoch, architecture, vendor } = identity;
  const { path, layer } = file.entry;
  const supplier = parseMaintainer(vendor);
  const description = summaryOf(text('Summary'));
  const homepage = homepageOf(text('Url'));
  return {
    type: 'rpm',
    ...(distribution === undefined ? { purlKnown: false } : { namespace: distribution.id }),
    name,
    ...(version === undefined ? {} : { version }),
    qualifiers: {
      ...(architecture === undefined ? {} : { arch: architecture }),
      ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
      ...(epoch === undefined ? {} : { epoch: String(epoch) }),
    },
    locations: [{ path: `/${path}`, layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `entry in /${path}` }],
    licenses: [],
    ...(supplier === undefined ? {} : { supplier }),
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    id: `${path} ${name} ${version ?? ''} ${architecture ?? ''}`,
    dependsOn: [],
  };
}
